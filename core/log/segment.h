// One segment of a log, in memory.
//
// Shared between the log and the reads that are in flight, so that retention may drop it from the
// log at any time. `file` and the index of a closed segment come and go: files are closed and
// indexes dropped when the log is idle. One shard.
#pragma once

#include "core/base/ids.h"
#include "core/env/disk.h"
#include "core/log/sparse_index.h"

#include <cstdint>
#include <memory>
#include <optional>

namespace weir::log {

struct Segment {
    Offset base_offset;
    Offset next_offset;
    // Of the byte after the last batch; the file may be longer (preallocated zeros).
    std::uint64_t end_position = kSegmentHeaderSize;
    std::int64_t max_time_stamp = -1;
    // Wall-clock time of the last append, in milliseconds since 1970.
    std::int64_t last_append_ms = 0;
    // It ends where it was cut, and another segment starts there.
    bool was_cut = false;
    std::optional<SparseIndex> index;
    std::shared_ptr<File> file;

    std::uint64_t data_size_bytes() const { return end_position - kSegmentHeaderSize; }
    bool empty() const { return end_position == kSegmentHeaderSize; }
};

}  // namespace weir::log
