// The disk seam: directories and files.
//
// Paths are UTF-8, '/'-separated, relative to the root that the environment was given; no "..". The
// empty path is the root itself.
// Every call can fail; errors are disk_full (no space), not_found, already_exists, corrupt (never:
// the disk does not know), io_error (anything else, with the system's text). Spans passed in must
// stay valid until the call has completed: keep their owner in the awaiting frame. Operations on
// one file from several tasks are allowed and not ordered among each other. Durability: what is
// not synced may be lost, in any subset and any order, when the machine loses power; a file is only
// sure to exist under its name once its directory is synced too.
#pragma once

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/task/task.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir {

enum class OpenMode : std::uint8_t {
    read_only,
    read_write,  // must exist
    create_new,  // must not exist
    open_or_create,
};

// An open file; closed by the destructor. No operation may be in flight then, except on a crash.
class File {
public:
    virtual ~File() = default;

    // Reads until `into` is full or the file ends; returns the bytes read (short only at the end).
    virtual Task<Result<std::size_t>> read_at(FilePosition position, MutByteSpan into) = 0;
    // Writes all of `slices`, one after another, from `position` on. On an error any part may have
    // been written. `slices` itself must stay valid, too.
    virtual Task<Result<void>> write_at(FilePosition position,
                                        std::span<const ByteSpan> slices) = 0;
    // Makes all completed writes, and the size, durable. After an error nothing written since the
    // last success is sure, and a later success does not make it so: reopen and re-check.
    virtual Task<Result<void>> sync_data() = 0;
    virtual Task<Result<void>> truncate(std::uint64_t size_bytes) = 0;
    // Reserves space up to `size_bytes` and extends the file to it with zeros.
    virtual Task<Result<void>> allocate(std::uint64_t size_bytes) = 0;
    virtual Task<Result<std::uint64_t>> size() = 0;
};

struct DirectoryEntry {
    std::string name;
    bool is_directory = false;
    std::uint64_t size_bytes = 0;
};

// Held while the object lives; a second lock of the same path, by anybody, fails.
class DirectoryLock {
public:
    virtual ~DirectoryLock() = default;
};

class Disk {
public:
    virtual ~Disk() = default;

    virtual Task<Result<std::unique_ptr<File>>> open(std::string path, OpenMode mode) = 0;
    // Entries sorted by name.
    virtual Task<Result<std::vector<DirectoryEntry>>> list(std::string path) = 0;
    // Creates missing parents too; fine if it exists.
    virtual Task<Result<void>> create_directories(std::string path) = 0;
    // Atomic; replaces a file of that name.
    virtual Task<Result<void>> rename(std::string from, std::string to) = 0;
    virtual Task<Result<void>> remove_file(std::string path) = 0;
    // The directory and everything in it.
    virtual Task<Result<void>> remove_tree(std::string path) = 0;
    // Makes the entries (creations, renames, removals) of the directory durable.
    virtual Task<Result<void>> sync_directory(std::string path) = 0;
    virtual Task<Result<std::uint64_t>> free_space_bytes() = 0;
    virtual Task<Result<std::unique_ptr<DirectoryLock>>> lock_directory(std::string path) = 0;
};

// Makes the name `path` durable, and those of the directories it is in: after a power loss it is
// found again. What it holds is the caller's matter. `disk` outlives the call.
Task<Result<void>> sync_ancestors(Disk& disk, std::string path);

}  // namespace weir
