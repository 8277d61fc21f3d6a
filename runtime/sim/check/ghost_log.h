// What a log holds, batch by batch, as whoever wrote it has told: the oracle's copy of a replica.
//
// A value, without the bytes: the checksum of a batch stands for its records. Offsets below the log
// start stay known, as far as they were.
#pragma once

#include "runtime/sim/disk/disk_image.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace weir::sim {

struct GhostBatch {
    std::int64_t base = 0;
    std::int64_t next = 0;
    std::int32_t epoch = -1;
    std::uint32_t crc = 0;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t first_sequence = -1;
    friend bool operator==(const GhostBatch&, const GhostBatch&) = default;
};

class GhostLog {
public:
    explicit GhostLog(std::int64_t start = 0) : start_(start), end_(start) {}

    // Its first batch begins here, and the one behind its last would here.
    std::int64_t start() const { return start_; }
    std::int64_t end() const { return end_; }
    const std::vector<GhostBatch>& batches() const { return batches_; }

    // `batch.base` is the end.
    void append(const GhostBatch& batch);
    // Batches that are not wholly below `to` go.
    void cut(std::int64_t to);
    // The batch that holds `offset`; null: none does.
    const GhostBatch* find(std::int64_t offset) const;
    // The newest of that producer; null: it has none.
    const GhostBatch* last_of(std::int64_t producer_id) const;
    // The first place in [from, to) at which the two hold different batches, or one has none;
    // nothing: they are the same there.
    std::optional<std::int64_t> first_difference(const GhostLog& other, std::int64_t from,
                                                 std::int64_t to) const;

private:
    std::int64_t start_;
    std::int64_t end_;
    std::vector<GhostBatch> batches_;
};

// What the segment files below `dir` hold from `log_start` to `leo`, by a plain walk over their
// batches: without the recovery of the production code. Ends early where the files do.
GhostLog read_ghost_log(const DiskImage& image, std::string_view dir, std::int64_t log_start,
                        std::int64_t leo);

// Of all whole batches in the segment files below `dir`.
std::int64_t stored_batches_size_bytes(const DiskImage& image, std::string_view dir);

}  // namespace weir::sim
