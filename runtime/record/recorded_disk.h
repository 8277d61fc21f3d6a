// The disk of a RecordedEnv. What is read is kept; of what is written, a digest.
#pragma once

#include "core/env/disk.h"
#include "runtime/record/transcript.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::record {

class RecordedFile final : public File {
public:
    // `real` is null in a replay. `number` counts the files that were opened.
    RecordedFile(Transcript& transcript, std::uint64_t number, std::unique_ptr<File> real)
        : transcript_(transcript), number_(number), real_(std::move(real)) {}
    ~RecordedFile() override;

    WEIR_CORO_WRAPPER Task<Result<std::size_t>> read_at(FilePosition position,
                                                        MutByteSpan into) override;
    WEIR_CORO_WRAPPER Task<Result<void>> write_at(FilePosition position,
                                                  std::span<const ByteSpan> slices) override;
    WEIR_CORO_WRAPPER Task<Result<void>> sync_data() override;
    WEIR_CORO_WRAPPER Task<Result<void>> truncate(std::uint64_t size_bytes) override;
    WEIR_CORO_WRAPPER Task<Result<void>> allocate(std::uint64_t size_bytes) override;
    WEIR_CORO_WRAPPER Task<Result<std::uint64_t>> size() override;

    std::uint64_t number() const { return number_; }
    File* real() const { return real_.get(); }

private:
    Transcript& transcript_;
    const std::uint64_t number_;
    const std::unique_ptr<File> real_;
};

class RecordedDisk final : public Disk {
public:
    // `real` is null in a replay.
    RecordedDisk(Transcript& transcript, Disk* real) : transcript_(transcript), real_(real) {}

    Task<Result<std::unique_ptr<File>>> open(std::string path, OpenMode mode) override;
    WEIR_CORO_WRAPPER Task<Result<std::vector<DirectoryEntry>>> list(std::string path) override;
    WEIR_CORO_WRAPPER Task<Result<void>> create_directories(std::string path) override;
    WEIR_CORO_WRAPPER Task<Result<void>> rename(std::string from, std::string to) override;
    WEIR_CORO_WRAPPER Task<Result<void>> remove_file(std::string path) override;
    WEIR_CORO_WRAPPER Task<Result<void>> remove_tree(std::string path) override;
    WEIR_CORO_WRAPPER Task<Result<void>> sync_directory(std::string path) override;
    WEIR_CORO_WRAPPER Task<Result<std::uint64_t>> free_space_bytes() override;
    Task<Result<std::unique_ptr<DirectoryLock>>> lock_directory(std::string path) override;

private:
    Transcript& transcript_;
    Disk* const real_;
    std::uint64_t file_count_ = 0;
    std::uint64_t lock_count_ = 0;
};

}  // namespace weir::record
