// What a leader must be and have, and what it may commit: the rules of one epoch.

#include "runtime/sim/check/replication_oracle.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::sim {

// Whoever was away during a recovery has the HW of before until its log is cut.
std::int64_t ReplicationOracle::hw_of(const Partition& partition, const Replica& replica,
                                      const ReplicaMoved& fact) {
    std::int64_t hw = fact.hw.value();
    if (fact.role == ReplicaRole::leader || fact.role == ReplicaRole::attached) {
        return hw;
    }
    for (const Partition::Loss& loss : partition.losses) {
        const GhostBatch* batch = replica.log.find(loss.at);
        if (batch != nullptr && batch->epoch < loss.by.value()) {
            hw = std::min(hw, loss.at);
        }
    }
    return hw;
}

void ReplicationOracle::check_order(const Partition& partition, const Replica& replica,
                                    const ReplicaMoved& fact) {
    if (fact.fence_epoch < replica.fence) {
        report(partition, Invariant::i12_monotone,
               fmt::format("SPU {} goes back from epoch {} to {}", fact.spu.value(),
                           replica.fence.value(), fact.fence_epoch.value()));
    }
    if (fact.log_start > fact.hw || fact.hw > fact.leo || fact.leo.value() != replica.log.end()) {
        report(partition, Invariant::i17_order,
               fmt::format("SPU {} has log start {}, high watermark {}, log end {}; its log ends "
                           "at {}",
                           fact.spu.value(), fact.log_start.value(), fact.hw.value(),
                           fact.leo.value(), replica.log.end()));
    }
}

// I2, I6, I10.
void ReplicationOracle::check_leader(Partition& partition, HostId host, Replica& replica,
                                     const ReplicaMoved& fact, bool fresh) {
    const Leader self{fact.spu, fact.boot};
    const auto elected = partition.leaders.find(fact.epoch);
    // A backup may hold an election that nobody has heard of, whose epoch was given out again
    // later.
    const bool is_of_before =
        is_restored_ && partition.record.has_value() && fact.epoch < partition.record->leader_epoch;
    if (elected != partition.leaders.end() && elected->second != self && !is_of_before) {
        report(partition, Invariant::i6_one_leader,
               fmt::format("SPU {} leads epoch {}, to which SPU {} was elected", fact.spu.value(),
                           fact.epoch.value(), elected->second.first.value()));
    }
    // A late word of the SC before the restore: that election was void already.
    const bool obeys_before_restore = partition.is_old && !terms_.contains({host, fact.boot});
    // Without a record the metadata are just being restored.
    const bool is_its_record = partition.record.has_value()
                                   ? partition.record->leader_epoch == fact.epoch
                                   : partition.is_blind;
    const bool begins_to_lead = fresh && is_its_record;
    const bool may_lack = partition.is_recovering || partition.is_blind || replica.is_short;
    if (begins_to_lead && may_lack) {
        replica.is_short = false;
        lead_after_loss(partition, replica, fact.hw.value());
    } else if (begins_to_lead && !obeys_before_restore) {
        if (const auto lost = lacks(partition, replica)) {
            report(partition, Invariant::i2_leader_complete,
                   fmt::format("SPU {} leads epoch {} and lacks what is committed at {}",
                               fact.spu.value(), fact.epoch.value(), *lost));
        }
    }
    check_superset(partition);
}

// A recovery outside of LRS and ELR: what this leader does not have is lost. When somebody has led
// by old metadata, there are two branches from where that one began: of this leader's all may be
// lost that it does not know to be committed, since the other one may have told more, and what the
// leader before it has acknowledged, which may be of the other one.
void ReplicationOracle::lead_after_loss(Partition& partition, Replica& replica, std::int64_t hw) {
    std::optional<std::int64_t> lost = lacks(partition, replica);
    if (partition.is_blind) {
        const std::int64_t from = std::min(lost.value_or(hw), hw);
        lost = std::min(from, std::exchange(partition.led_from, from));
    }
    if (lost.has_value()) {
        partition.committed.cut(*lost);
        partition.losses.push_back({*lost, replica.epoch});
        if (const auto topic = topic_of(partition)) {
            Oracle::RecoveredLog ends;
            ends.log_start = replica.log_start;
            ends.leo = *lost;
            oracle_.accept_loss(PartitionRef{*topic, partition.number.value()}, ends);
        }
    }
    partition.is_recovering = false;
    partition.acked.clear();
    for (auto& [host, other] : partition.replicas) {
        other.hw = std::min(other.hw, partition.committed.end());
    }
}

// I9: what an attached follower holds is what its leader holds.
void ReplicationOracle::check_attached(Partition& partition, Replica& replica, std::int64_t from) {
    for (const auto& [host, leader] : partition.replicas) {
        if (leader.role != ReplicaRole::leader || leader.epoch != replica.epoch ||
            !is_running(host, leader)) {
            continue;
        }
        const auto place = replica.log.first_difference(
            leader.log, std::max(from, leader.log_start), replica.log.end());
        if (place.has_value()) {
            report(partition, Invariant::i9_prefix,
                   fmt::format("SPU {} is attached to SPU {} in epoch {} and differs at {}",
                               replica.spu.value(), leader.spu.value(), replica.epoch.value(),
                               *place));
        }
    }
}

// I1, I3, I8, I11, I19, I21.
void ReplicationOracle::check_commit(Partition& partition, HostId host, Replica& replica,
                                     const ReplicaMoved& fact, std::int64_t hw) {
    GhostLog& committed = partition.committed;
    const std::int64_t before = committed.end();
    const bool leads = fact.role == ReplicaRole::leader;
    if (leads && hw > before) {
        const bool is_from_disk = partition.was_deleted && replica.hw < 0;
        if (replica.committed_count < fact.min_live && !is_from_disk) {
            report(partition, Invariant::i11_min_live,
                   fmt::format("SPU {} commits {} with {} of {} live replicas", fact.spu.value(),
                               hw, replica.committed_count, fact.min_live));
        }
        for (const GhostBatch* batch = replica.log.find(before); batch != nullptr;
             batch = replica.log.find(committed.end())) {
            if (batch->base != committed.end() || batch->next > hw) {
                break;
            }
            committed.append(*batch);
        }
        check_entered(partition, replica, fact);
    }
    if (leads && fact.acks_durable && fact.hw > fact.durable) {
        report(partition, Invariant::i19_durable_ack,
               fmt::format("SPU {} commits {} and has synced {}", fact.spu.value(), hw,
                           fact.durable.value()));
    }
    if (leads) {
        replica.acked = std::max(replica.acked, hw);
    }
    const std::int64_t from = std::max({replica.hw, replica.log_start, committed.start()});
    const std::int64_t known = partition.was_deleted ? std::min(hw, committed.end()) : hw;
    const auto place = replica.log.first_difference(committed, from, known);
    if (place.has_value()) {
        report(partition, leads ? Invariant::i1_one_commit : Invariant::i8_matching,
               fmt::format("SPU {} takes {} for committed, and at {} something else is",
                           fact.spu.value(), hw, *place));
    }
    for (auto& [other_host, other] : partition.replicas) {
        if (other_host == host || committed.end() == before) {
            continue;
        }
        const bool is_later = other.role == ReplicaRole::leader && other.epoch > fact.epoch &&
                              is_running(other_host, other);
        if (!is_later && !is_eligible(partition, other_host, other)) {
            continue;
        }
        const auto lost = other.log.first_difference(committed, std::max(before, other.log_start),
                                                     committed.end());
        if (lost.has_value()) {
            report(partition, is_later ? Invariant::i21_zombie : Invariant::i3_candidates,
                   fmt::format("SPU {} commits {} in epoch {}, and SPU {}, which {}, lacks {}",
                               fact.spu.value(), hw, fact.epoch.value(), other.spu.value(),
                               is_later ? "leads a later one" : "may be elected", *lost));
        }
    }
}

// I31. Until a leader commits a record of its own, only what is stored tells who has what it began
// with.
void ReplicationOracle::check_entered(const Partition& partition, const Replica& leader,
                                      const ReplicaMoved& fact) {
    const auto& committed = partition.committed.batches();
    if (committed.empty() || committed.back().epoch >= fact.epoch.value()) {
        return;
    }
    for (const auto& [host, member] : partition.replicas) {
        if (leader.maximal.contains(member.spu) && newest_epoch(member) < fact.epoch) {
            report(partition, Invariant::i31_entered,
                   fmt::format("SPU {} commits in epoch {}, which SPU {} has not entered",
                               fact.spu.value(), fact.epoch.value(), member.spu.value()));
        }
    }
}

}  // namespace weir::sim
