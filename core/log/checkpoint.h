// The checkpoint file of a log: two slots. The one that holds the last synced checkpoint is never
// written to, so that a power loss leaves at least that one: of the other one it may leave anything
// that was written there, or a torn write.
//
// Owned by one Log and used by one task at a time (the owner's mutex sees to that). Errors are
// those of the disk.
#pragma once

#include "core/base/result.h"
#include "core/env/disk.h"
#include "core/log/format.h"
#include "core/log/slot_file.h"
#include "core/task/task.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace weir::log {

class CheckpointFile {
public:
    using Sync = SlotFile::Sync;

    CheckpointFile(Disk& disk, std::string path) : file_(disk, std::move(path)) {}

    // The newest intact checkpoint; nothing when the file is missing or no slot is intact.
    // Remembers its sequence for write(). not_supported when a slot is intact and of a newer
    // version.
    Task<Result<std::optional<Checkpoint>>> read();
    // Makes what read() gave durable: it may be in the system's memory only. Call it before
    // anything is done that relies on it; the first write() does.
    Task<Result<void>> settle();
    // Fills in the sequence.
    Task<Result<void>> write(Checkpoint checkpoint, Sync sync);
    void close_file() { file_.close_file(); }
    // Of the last read(): slots that hold something, but nothing intact.
    std::uint32_t damaged_slot_count() const { return damaged_slot_count_; }

private:
    SlotFile file_;
    std::uint64_t sequence_ = 0;
    // The slot of the last synced checkpoint.
    std::size_t kept_slot_ = 0;
    // What read() gave until settle() has made it durable; it is in kept_slot_.
    std::optional<Checkpoint> unsettled_;
    std::uint32_t damaged_slot_count_ = 0;
};

}  // namespace weir::log
