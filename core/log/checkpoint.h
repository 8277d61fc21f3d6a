// The checkpoint file of a log: two slots, written in turn, so that a torn write leaves one.
//
// Owned by one Log and used by one task at a time (the owner's mutex sees to that). The file is
// opened when needed and closed by close_file(). Errors are those of the disk.
#pragma once

#include "core/base/result.h"
#include "core/env/disk.h"
#include "core/log/format.h"
#include "core/task/task.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace weir::log {

class CheckpointFile {
public:
    enum class Sync : std::uint8_t { no, yes };

    CheckpointFile(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

    // The newest intact checkpoint; nothing when the file is missing or no slot is intact.
    // Remembers its sequence for write(). not_supported when a slot is intact and of a newer
    // version.
    Task<Result<std::optional<Checkpoint>>> read();
    // Writes the next slot; fills in the sequence.
    Task<Result<void>> write(Checkpoint checkpoint, Sync sync);
    void close_file() { file_.reset(); }
    // Of the last read(): slots that hold something, but nothing intact.
    std::uint32_t damaged_slot_count() const { return damaged_slot_count_; }

private:
    Task<Result<std::shared_ptr<File>>> open_file();

    Disk& disk_;
    std::string path_;
    std::uint64_t sequence_ = 0;
    std::uint32_t damaged_slot_count_ = 0;
    std::shared_ptr<File> file_;
};

}  // namespace weir::log
