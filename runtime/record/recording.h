// A recording on disk: one file for one run of a process, made of checksummed blocks.
//
// The file is the magic, then blocks: a header (big-endian: magic, size of the entries, their
// CRC-32C, calls so far, state hash so far, CRC-32C of the header) and the entries. Each entry is
// a kind, the size of its fields, and the fields. A block is written with one system call, so what
// a killed process leaves is whole blocks and perhaps a part of one.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::record {

// What a replay must have come to at the end of a block.
struct Checkpoint {
    std::uint64_t call_count = 0;
    std::uint64_t state_hash = 0;
    friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

class RecordingWriter {
public:
    // The next file of `directory`, which is created if missing.
    static Result<RecordingWriter> create(const std::string& directory);
    RecordingWriter(RecordingWriter&& other) noexcept;
    RecordingWriter& operator=(RecordingWriter&&) = delete;
    ~RecordingWriter();

    const std::string& path() const { return path_; }
    Result<void> append(ByteSpan entries, const Checkpoint& checkpoint);

private:
    RecordingWriter(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    Result<void> write_all(ByteSpan bytes);

    int fd_;
    std::string path_;
};

struct Block {
    std::uint64_t position = 0;  // of its entries in the file
    Bytes entries;
    Checkpoint checkpoint;
};

class RecordingReader {
public:
    // not_found, or corrupt: not a recording.
    static Result<RecordingReader> open(std::string path);
    RecordingReader(RecordingReader&& other) noexcept;
    RecordingReader& operator=(RecordingReader&&) = delete;
    ~RecordingReader();

    const std::string& path() const { return path_; }
    // Nothing at the end of the file, or where a killed process has left a part of a block; corrupt
    // with the place for a whole block whose checksums are wrong.
    Result<std::optional<Block>> next();
    // Of the part of a block that next() has found at the end.
    std::uint64_t torn_size() const { return torn_size_; }
    std::uint64_t position() const { return position_; }

private:
    RecordingReader(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
    Result<std::size_t> read_up_to(MutByteSpan into);

    int fd_;
    std::string path_;
    std::uint64_t position_ = 0;
    std::uint64_t torn_size_ = 0;
};

// The files of a directory in the order of their making; not_found if there is none.
Result<std::vector<std::string>> list_recordings(const std::string& directory);

}  // namespace weir::record
