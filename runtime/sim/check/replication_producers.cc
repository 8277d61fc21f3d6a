// The oracle of replication: what idempotent producers were promised.
#include "runtime/sim/check/replication_oracle.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::sim {

std::int64_t ReplicationOracle::deleted_end(const Partition& partition) {
    std::int64_t end = 0;
    for (const auto& [host, replica] : partition.replicas) {
        end = std::max(end, replica.log_start);
    }
    return end;
}

// I25, of a batch that is about to join the log.
void ReplicationOracle::check_sequence(const Partition& partition, const Replica& replica,
                                       const GhostBatch& batch) {
    if (batch.producer_id < 0) {
        return;
    }
    const GhostBatch* before = replica.log.last_of(batch.producer_id);
    std::int64_t expected = 0;
    if (before == nullptr) {
        // What came before may have been deleted.
        expected = replica.log.start() > 0 ? batch.first_sequence : 0;
    } else if (before->producer_epoch == batch.producer_epoch) {
        // With its last record a producer is forgotten. One that was not told of it begins again.
        const bool begins = batch.first_sequence == 0 && before->next <= deleted_end(partition);
        expected = begins ? 0 : before->first_sequence + (before->next - before->base);
    }
    const bool goes_back = before != nullptr && before->producer_epoch > batch.producer_epoch;
    if (goes_back || batch.first_sequence != expected) {
        report(partition, Invariant::i25_once,
               fmt::format("SPU {} writes sequence {} of epoch {} of producer {} at {}, and {} of "
                           "epoch {} has to follow",
                           replica.spu.value(), batch.first_sequence, batch.producer_epoch,
                           batch.producer_id, batch.base, expected,
                           goes_back ? before->producer_epoch : batch.producer_epoch));
    }
}

// I26.
void ReplicationOracle::take(HostId host, const BatchAcked& fact) {
    Partition& partition = partitions_[fact.partition];
    std::vector<AckedBatch>& acked = partition.acked[{fact.producer_id, fact.producer_epoch}];
    auto known = std::lower_bound(
        acked.begin(), acked.end(), fact.first_sequence,
        [](const AckedBatch& one, std::int32_t sequence) { return one.first_sequence < sequence; });
    if (known == acked.end() || known->first_sequence != fact.first_sequence) {
        known = acked.insert(known, AckedBatch{fact.first_sequence, fact.base.value()});
    }
    if (known->base < deleted_end(partition)) {
        known->base = fact.base.value();
    }
    if (known->base != fact.base.value()) {
        report(partition, Invariant::i26_one_offset,
               fmt::format("{} acknowledges sequence {} of epoch {} of producer {} at {}, it was "
                           "acknowledged at {} before",
                           world_.machine(host).name(), fact.first_sequence, fact.producer_epoch,
                           fact.producer_id, fact.base.value(), known->base));
    }
    const GhostBatch* batch = partition.committed.find(fact.base.value());
    const bool is_unknown = partition.was_deleted && batch == nullptr;
    if (fact.base.value() < partition.committed.start() || is_unknown) {
        return;
    }
    if (batch == nullptr || batch->producer_id != fact.producer_id ||
        batch->producer_epoch != fact.producer_epoch) {
        report(partition, Invariant::i26_one_offset,
               fmt::format("{} acknowledges sequence {} of epoch {} of producer {} at {}, where "
                           "something else is committed, or nothing",
                           world_.machine(host).name(), fact.first_sequence, fact.producer_epoch,
                           fact.producer_id, fact.base.value()));
    }
}

}  // namespace weir::sim
