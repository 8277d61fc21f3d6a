// A small file of two slots, each written in one piece, so that a torn write leaves the other one.
//
// Knows nothing of what is in them: the owner encodes, decodes and decides which slot is next.
// Owned by one object and used by one task at a time. The file is opened when needed and closed by
// close_file(). Errors are those of the disk.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/env/disk.h"
#include "core/task/task.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::log {

inline constexpr std::size_t kSlotSize = 512;
inline constexpr std::size_t kSlotCount = 2;

class SlotFile {
public:
    enum class Sync : std::uint8_t { no, yes };

    SlotFile(Disk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}

    // The slots that the file is long enough for, of kSlotSize each; none when there is no file.
    Task<Result<std::vector<Bytes>>> read();
    // Writes slot `index` (0 or 1); creates the file, whose name is then not yet synced.
    Task<Result<void>> write(std::size_t index, Bytes slot, Sync sync);
    Task<Result<void>> sync();
    void close_file() { file_.reset(); }

private:
    Task<Result<std::shared_ptr<File>>> open_file();

    Disk& disk_;
    std::string path_;
    std::shared_ptr<File> file_;
};

}  // namespace weir::log
