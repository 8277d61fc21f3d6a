// A file of the real disk. See core/env/disk.h for the contract.
//
// Reads come from the page cache on the shard's thread and go to a helper when they are cold;
// writes go to the page cache on the shard's thread; what waits for the device or the journal runs
// on a helper. A failed sync is remembered: every later one fails too, since the kernel may have
// dropped the pages that it could not write.
#pragma once

#include "core/env/disk.h"
#include "runtime/real/loop/helper_pool.h"

#include <cstdint>
#include <optional>
#include <string>

namespace weir::real {

class RealFile final : public File {
public:
    // Owns `fd`. `path` is for messages.
    RealFile(HelperPool& helpers, int fd, std::string path, bool sync_on_shard);
    ~RealFile() override;
    RealFile(const RealFile&) = delete;
    RealFile& operator=(const RealFile&) = delete;

    Task<Result<std::size_t>> read_at(FilePosition position, MutByteSpan into) override;
    Task<Result<void>> write_at(FilePosition position, std::span<const ByteSpan> slices) override;
    Task<Result<void>> sync_data() override;
    Task<Result<void>> truncate(std::uint64_t size_bytes) override;
    Task<Result<void>> allocate(std::uint64_t size_bytes) override;
    Task<Result<std::uint64_t>> size() override;

    int fd() const { return fd_; }
    const std::string& path() const { return path_; }
    // Whether the range is (as far as its two ends tell) in the page cache. size > 0.
    bool is_warm(std::uint64_t position, std::size_t size) const;
    // Reads the range into the page cache.
    Task<Result<void>> warm_up(std::uint64_t position, std::size_t size);

private:
    std::size_t read_cached(std::uint64_t position, MutByteSpan into) const;
    Result<std::size_t> read_blocking(std::uint64_t position, MutByteSpan into) const;
    Result<void> write_now(std::uint64_t position, std::span<const ByteSpan> slices) const;
    Result<void> allocate_blocking(std::uint64_t size_bytes) const;
    Result<void> sync_blocking() const;

    HelperPool& helpers_;
    const int fd_;
    const std::string path_;
    const bool sync_on_shard_;
    std::optional<Error> sync_failed_;
};

}  // namespace weir::real
