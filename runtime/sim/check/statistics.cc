#include "runtime/sim/check/statistics.h"

#include "core/control/live_sets.h"
#include "runtime/sim/check/replication_oracle.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::sim {

namespace {

bool is_online(const PartitionStatus& status) {
    return status.resolution == PartitionResolution::online ||
           status.resolution == PartitionResolution::out_of_storage;
}

std::string text(const PartitionStatus& status) {
    return fmt::format("leader {}, [{}, {}, {}), {} bytes, {} live", status.leader.spu.value(),
                       status.base_offset.value(), status.leader.hw.value(),
                       status.leader.leo.value(), status.size_bytes, status.live_replica_count);
}

// Who was online in the epoch in which it leads alone says what is so, or was so before. Not the
// high watermark: a replica that follows takes that of its leader, which may be lower, while its
// log, whose word is told, goes on knowing that those records are committed.
std::string ahead(const PartitionStatus& status, const RealReplica& leader) {
    const bool is_ahead =
        status.leader.leo.value() > leader.leo || status.base_offset.value() > leader.log_start;
    return is_ahead ? fmt::format("told is {}, its leader has [{}, {}, {})", text(status),
                                  leader.log_start, leader.hw, leader.leo)
                    : std::string();
}

}  // namespace

const RealReplica* RealPartition::leader() const {
    const auto found = std::find_if(replicas.begin(), replicas.end(),
                                    [](const RealReplica& replica) { return replica.leads; });
    return found == replicas.end() ? nullptr : &*found;
}

std::string impossible(const PartitionStatus& status) {
    if (!is_online(status)) {
        return {};
    }
    const std::int64_t base = status.base_offset.value();
    const std::int64_t hw = status.leader.hw.value();
    const std::int64_t leo = status.leader.leo.value();
    const bool has_order = 0 <= base && base <= hw && hw <= leo;
    const bool has_followers =
        std::all_of(status.replicas.begin(), status.replicas.end(), [&](const auto& follower) {
            return follower.hw <= follower.leo && follower.spu != status.leader.spu;
        });
    return status.size_bytes >= 0 && has_order && has_followers ? std::string() : text(status);
}

std::string untrue(const PartitionStatus& status, const RealPartition& real,
                   std::int64_t size_bytes) {
    const RealReplica* leader = real.leader();
    const auto live = std::count_if(real.record.lrs.begin(), real.record.lrs.end(),
                                    [&](SpuId spu) { return spu != real.record.leader; });
    const bool is_same =
        is_online(status) && status.leader.spu == leader->spu &&
        status.base_offset.value() == leader->log_start && status.leader.hw.value() == leader->hw &&
        status.leader.leo.value() == leader->leo && status.size_bytes == size_bytes &&
        status.live_replica_count == static_cast<std::uint32_t>(live);
    if (!is_same) {
        return fmt::format("listed is {}; it is leader {}, [{}, {}, {}), {} bytes, {} live",
                           text(status), leader->spu.value(), leader->log_start, leader->hw,
                           leader->leo, size_bytes, live);
    }
    for (const RealReplica& replica : real.replicas) {
        const auto told = std::find_if(status.replicas.begin(), status.replicas.end(),
                                       [&](const auto& one) { return one.spu == replica.spu; });
        if (!replica.is_attached) {
            continue;
        }
        if (told == status.replicas.end() || told->leo.value() != replica.leo ||
            told->hw.value() != std::min(replica.leo, leader->hw)) {
            return fmt::format("follower {} is listed at {}, and is at {}", replica.spu.value(),
                               told == status.replicas.end() ? -1 : told->leo.value(), replica.leo);
        }
    }
    return {};
}

std::string StatisticsView::told(const std::string& partition, const PartitionStatus& status,
                                 const RealPartition& real) {
    std::string wrong = impossible(status);
    const RealReplica* leader = real.leader();
    if (!wrong.empty() || leader == nullptr || !real.is_first_epoch_of_leader ||
        !is_online(status) || status.leader.spu != leader->spu) {
        return wrong;
    }
    wrong = ahead(status, *leader);
    if (!wrong.empty()) {
        return wrong;
    }
    Last& last = last_[partition];
    const Uid uid = control::assigned_uid(real.record, leader->spu).value_or(Uid());
    const bool is_known = last.epoch == real.record.leader_epoch && last.replica_uid == uid;
    if (is_known &&
        (status.leader.hw < last.status.leader.hw || status.leader.leo < last.status.leader.leo ||
         status.base_offset < last.status.base_offset)) {
        return fmt::format("told was {}, then {}", text(last.status), text(status));
    }
    last.epoch = real.record.leader_epoch;
    last.replica_uid = uid;
    last.status = status;
    return {};
}

std::optional<RealPartition> ReplicationOracle::real_partition(const std::string& name) const {
    const auto identity = names_.find(name);
    const auto found =
        identity == names_.end() ? partitions_.end() : partitions_.find(identity->second);
    if (found == partitions_.end() || !found->second.record.has_value() || is_restored_ ||
        !is_judged(found->second)) {
        return std::nullopt;
    }
    const Partition& partition = found->second;
    const PartitionRecord& record = *partition.record;
    const auto led =
        std::count_if(partition.leaders.begin(), partition.leaders.end(),
                      [&](const auto& entry) { return entry.second.first == record.leader; });
    RealPartition real{record, led == 1, {}};
    for (const auto& [host, replica] : partition.replicas) {
        if (!is_running(host, replica) || replica.epoch != record.leader_epoch) {
            continue;
        }
        RealReplica one;
        one.spu = replica.spu;
        one.host = host;
        for (const auto& [dir, held] : dirs_.at(host)) {
            if (held == found->first) {
                one.dir = dir;
            }
        }
        one.leads = replica.role == ReplicaRole::leader && replica.spu == record.leader;
        one.is_attached = replica.role == ReplicaRole::attached;
        one.log_start = replica.log_start;
        one.hw = replica.hw;
        one.leo = replica.leo;
        real.replicas.push_back(one);
    }
    return real;
}

}  // namespace weir::sim
