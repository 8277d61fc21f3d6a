// B1 to B8: how long what the rules promise may take once nothing happens any more (design,
// replication 10), each with three times what the timers, links and disks add up to.

#include "runtime/sim/check/record_view.h"
#include "runtime/sim/check/replication_oracle.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::sim {

namespace {

constexpr std::int64_t kMarginTimes = 3;
// A session of silence.
constexpr std::int64_t kDetectNs = kMarginTimes * 3'000'000'000;
// That, two heartbeats, a probe and a promotion.
constexpr std::int64_t kElectNs = kMarginTimes * 4'100'000'000;
// That, the longest pause of an Attach, two heartbeats and the hold before an expansion.
constexpr std::int64_t kRejoinNs = kMarginTimes * 5'600'000'000;
// A request is repeated every 200 ms.
constexpr std::int64_t kAnswerNs = kMarginTimes * 250'000'000;

}  // namespace

void ReplicationOracle::look(std::int64_t calm_since_ns) {
    calm_since_ns_ = calm_since_ns;
    const std::int64_t calm_ns = oracle_.now_ns() - calm_since_ns;
    for (auto& [identity, partition] : partitions_) {
        if (!partition.record.has_value() || is_restored_) {
            continue;
        }
        if (calm_ns > kDetectNs) {
            check_detected(partition);
        }
        if (calm_ns > kElectNs) {
            check_led(partition);
            check_answered(partition);
        }
        if (calm_ns > kRejoinNs) {
            check_rejoined(partition);
        }
    }
}

// B1.
void ReplicationOracle::check_detected(const Partition& partition) {
    const PartitionRecord& record = *partition.record;
    for (const auto& [host, replica] : partition.replicas) {
        if (!world_.machine(host).running() && contains(record.lrs, replica.spu)) {
            report(partition, Invariant::b1_detection,
                   fmt::format("SPU {} is gone and still in the LRS", replica.spu.value()));
        }
    }
}

// B2; B3 and B6 are the same, counted from when the SC or the first candidate is back.
void ReplicationOracle::check_led(const Partition& partition) {
    const PartitionRecord& record = *partition.record;
    bool has_candidate = false;
    bool is_led = false;
    for (const auto& [host, replica] : partition.replicas) {
        has_candidate = has_candidate || is_eligible(partition, host, replica);
        is_led = is_led || (replica.role == ReplicaRole::leader && is_running(host, replica) &&
                            replica.epoch == record.leader_epoch);
    }
    if (has_candidate && !is_led) {
        report(partition, Invariant::b2_election, "somebody could lead, and nobody does");
    }
}

// B5.
void ReplicationOracle::check_rejoined(const Partition& partition) {
    const PartitionRecord& record = *partition.record;
    for (const auto& [host, replica] : partition.replicas) {
        const bool is_placed = std::any_of(
            record.replicas.begin(), record.replicas.end(),
            [&replica](const AssignedReplica& place) { return place.spu == replica.spu; });
        if (is_placed && is_running(host, replica) && !contains(record.lrs, replica.spu) &&
            record.leader != kNoSpu) {
            report(partition, Invariant::b5_rejoin,
                   fmt::format("SPU {} is there and not in the LRS", replica.spu.value()));
        }
    }
}

// B7.
void ReplicationOracle::check_answered(const Partition& partition) {
    const PartitionRecord& record = *partition.record;
    const auto asked = partition.asked.find(
        std::make_tuple(record.leader, record.leader_boot, record.leader_epoch, record.version));
    if (asked != partition.asked.end() &&
        oracle_.now_ns() - std::max(asked->second.asked_ns, calm_since_ns_ + kElectNs) >
            kAnswerNs) {
        report(partition, Invariant::b7_answer,
               fmt::format("SPU {} has asked for another LRS and is not answered",
                           record.leader.value()));
    }
}

// B8, and B4: in time after the removal of who is gone.
void ReplicationOracle::check_commit_time(Partition& partition, const Replica& replica,
                                          const ReplicaMoved& fact) {
    auto& waiting = partition.waiting;
    const std::int64_t now_ns = oracle_.now_ns();
    if (fact.role != ReplicaRole::leader || fact.epoch != partition.waiting_epoch ||
        replica.committed_count < fact.min_live) {
        waiting.clear();
        partition.waiting_epoch = fact.role == ReplicaRole::leader ? fact.epoch : kNoEpoch;
        return;
    }
    while (!waiting.empty() && waiting.front().second <= fact.hw.value()) {
        const std::int64_t late_ns = now_ns - waiting.front().first;
        if (commit_limit_.ns() > 0 && calm_since_ns_ > 0 &&
            waiting.front().first > calm_since_ns_ + kElectNs &&
            late_ns > kMarginTimes * commit_limit_.ns()) {
            report(partition, Invariant::b8_commit,
                   fmt::format("{} was committed {} ms after it was written",
                               waiting.front().second, late_ns / 1'000'000));
        }
        waiting.drop_front(1);
    }
    const std::int64_t leo = fact.leo.value();
    if (leo > fact.hw.value() && (waiting.empty() || waiting.back().second < leo)) {
        waiting.push_back({now_ns, leo});
    }
}

}  // namespace weir::sim
