// The recovery scan: every batch of a segment file, with checksum, offset chain and epochs.
//
// Reads only. Errors are those of the disk; what is wrong with the bytes is in the result.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/env/disk.h"
#include "core/log/producers.h"
#include "core/log/sparse_index.h"
#include "core/model/batch.h"
#include "core/model/lineage.h"
#include "core/task/task.h"

#include <cstdint>
#include <optional>

namespace weir::log {

struct ScanBounds {
    // The first batch must start here, and its epoch not be below this.
    Offset base_offset;
    LeaderEpoch previous_epoch{-1};
    // What lies behind the batch that ends here (or crosses it) is not looked at: the rest of a cut
    // may be there. Nothing: to the end of the file.
    std::optional<Offset> end_offset;
    std::uint64_t index_interval_bytes = 1;
};

struct SegmentScan {
    // After the last good batch.
    Offset next_offset;
    std::uint64_t end_position = 0;
    std::uint64_t file_size_bytes = 0;
    std::int64_t max_time_stamp = -1;
    SparseIndex index;
    // Of the good batches.
    Lineage epochs;
    ProducerTable producers;
    // What follows the last good batch: nothing, zeros, or (torn or damaged) anything else.
    BatchWalker::End end = BatchWalker::End::clean;
    BatchFault fault = BatchFault::none;

    bool ends_well() const {
        return end == BatchWalker::End::clean || end == BatchWalker::End::zeros;
    }
};

// Walks from the segment header on. `file` outlives the call. Memory: one buffer of the size of the
// largest batch.
Task<Result<SegmentScan>> scan_segment(File& file, ScanBounds bounds);

// True when the file holds nothing but zeros from `position` on.
Task<Result<bool>> only_zeros_from(File& file, std::uint64_t position);

}  // namespace weir::log
