// One copy of a partition's log as Fluvio's SPU left it: `<20 digits>.log` files that hold wire
// batches one after another (data-plane spec 3.2), batch by batch.
//
// Owned by one caller, blocking reads on the calling thread, one batch in memory. Indexes and
// checkpoints are not looked at. Fluvio's offsets have no gaps: a batch that does not begin where
// the one before ended is damage. Nothing behind damage to a header can be read, because only the
// headers say where batches begin; a wrong checksum alone stops nothing.
#pragma once

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/model/batch.h"

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli::fluvio {

struct CopiedBatch {
    BatchHeader header;
    Bytes bytes;
    bool crc_matches = true;
};

class CopyReader {
public:
    // A folder without segments, or none at all, is an empty log that starts at 0. Errors:
    // io_error.
    static Result<CopyReader> open(const std::string& dir);

    // nullopt at the end; then the three below say how it ended.
    Result<std::optional<CopiedBatch>> next();

    Offset start() const { return start_; }
    // Where the next batch begins.
    Offset end() const { return end_; }
    // Bytes of a write at the very end that was not finished: never readable, in Fluvio either.
    std::uint64_t torn_size_bytes() const { return torn_size_bytes_; }
    // What is wrong behind end(), and where; empty when nothing is.
    const std::string& damage() const { return damage_; }

private:
    struct Segment {
        std::string path;
        Offset base_offset;
        std::uint64_t size_bytes = 0;
    };

    Result<void> open_segment();
    Result<bool> read_exactly(MutByteSpan into);
    void stop(const std::string& what);
    bool is_last() const { return at_ + 1 >= segments_.size(); }

    std::vector<Segment> segments_;
    std::size_t at_ = 0;
    std::ifstream file_;
    std::uint64_t position_ = 0;
    Offset start_;
    Offset end_;
    std::uint64_t torn_size_bytes_ = 0;
    std::string damage_;
    bool stopped_ = false;
};

}  // namespace weir::cli::fluvio
