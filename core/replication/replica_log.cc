#include "core/replication/replica_log.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"

#include <algorithm>

namespace weir::replication {

LeaderEpoch newest_epoch(const Lineage& lineage, const EnteredEpoch& entered) {
    return std::max(last_epoch(lineage), entered.epoch);
}

void append(ReplicaLog& log, std::span<const BatchMark> batches) {
    for (const BatchMark& batch : batches) {
        WEIR_ASSERT(batch.base == log.leo);
        WEIR_ASSERT(batch.end > batch.base);
        note_batch(log.lineage, batch.epoch, batch.base);
        log.leo = batch.end;
    }
}

void truncate(ReplicaLog& log, Offset to) {
    WEIR_ASSERT(to <= log.leo);
    truncate(log.lineage, to);
    log.leo = std::max(to, log.log_start);
    log.entered.cut(log.leo);
    log.durable = std::min(log.durable, log.leo);
    log.hw = std::min(log.hw, log.leo);
}

void reset(ReplicaLog& log, Offset start, LeaderEpoch preceding) {
    log = ReplicaLog{start, start, start, start, {}, {}};
    if (preceding != kNoEpoch && start > Offset(0)) {
        log.lineage.push_back({preceding, start - 1});
    }
}

void evict(ReplicaLog& log, Offset log_start) {
    WEIR_ASSERT(log_start >= log.log_start);
    WEIR_ASSERT(log_start <= log.leo);
    // Only what was committed is deleted, even if a new leader has not said so yet.
    log.hw = std::max(log.hw, log_start);
    log.log_start = log_start;
    log.durable = std::max(log.durable, log_start);
    trim(log.lineage, log_start);
}

Offset counted_position(const ReplicaLog& log, Durability durability) {
    const bool after_sync = durability == Durability::fsync && !mutant(Mutant::counted_before_sync);
    return after_sync ? log.durable : log.leo;
}

}  // namespace weir::replication
