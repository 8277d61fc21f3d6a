// What is true of the replicas now: who leads, which disks may be lost and were, and whether all
// copies are as they should be.

#include "runtime/sim/check/record_view.h"
#include "runtime/sim/check/replication_oracle.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::sim {

SpuId ReplicationOracle::leader_of_first() const {
    for (const auto& [identity, partition] : partitions_) {
        if (topic_of(partition) == TopicIndex{0} && identity.partition == PartitionId(0) &&
            partition.record.has_value()) {
            return partition.record->leader;
        }
    }
    return kNoSpu;
}

bool ReplicationOracle::may_lose_disk(HostId host) const {
    for (const auto& [identity, partition] : partitions_) {
        const auto own = partition.replicas.find(host);
        if (!partition.record.has_value() || partition.record->replicas.size() == 1 ||
            own == partition.replicas.end() ||
            !may_be_elected(*partition.record, own->second.spu)) {
            continue;
        }
        bool is_elsewhere = false;
        for (const auto& [other, replica] : partition.replicas) {
            if (other != host && replica.lost) {
                // The SC may not have noticed yet, and take the last whole one out of the LRS.
                return false;
            }
            is_elsewhere =
                is_elsewhere || (other != host && may_be_elected(*partition.record, replica.spu));
        }
        if (!is_elsewhere) {
            return false;
        }
    }
    return true;
}

void ReplicationOracle::disk_lost(HostId host) {
    for (auto& [identity, partition] : partitions_) {
        const auto own = partition.replicas.find(host);
        if (own != partition.replicas.end()) {
            own->second.lost = true;
            own->second.acked = 0;
            own->second.fence = kNoEpoch;
        }
    }
}

void ReplicationOracle::segment_found(HostId host, std::string_view dir, Offset base) {
    Partition* partition = nullptr;
    if (Replica* replica = find(host, dir, &partition)) {
        replica->active_base = std::max(replica->active_base, base.value());
    }
}

void ReplicationOracle::copy_damaged(HostId host, std::string_view dir) {
    Partition* partition = nullptr;
    if (Replica* replica = find(host, dir, &partition)) {
        replica->damaged = true;
    }
}

std::string ReplicationOracle::not_converged() const {
    for (const auto& [identity, partition] : partitions_) {
        // The SC leaves alone what it is in doubt about.
        // The only copy may be gone with its disk.
        const bool is_lost = partition.record.has_value() &&
                             partition.record->replicas.size() == 1 &&
                             std::any_of(partition.replicas.begin(), partition.replicas.end(),
                                         [](const auto& entry) { return entry.second.lost; });
        if (partition.record.has_value() && is_judged(partition) && !is_restored_ && !is_lost) {
            std::string why = not_converged(partition);
            if (!why.empty()) {
                return fmt::format("{}: {}", partition.name, why);
            }
        }
    }
    return {};
}

std::string ReplicationOracle::not_converged(const Partition& partition) const {
    const PartitionRecord& record = *partition.record;
    if (record.lrs.size() != record.replicas.size() || record.phase != PartitionPhase::online ||
        !record.adding.empty()) {
        return fmt::format("{} of {} replicas are live, {} are to come, phase {}, leader {}",
                           record.lrs.size(), record.replicas.size(), record.adding.size(),
                           static_cast<int>(record.phase), record.leader.value());
    }
    const Replica* leader = nullptr;
    std::size_t count = 0;
    for (const auto& [host, replica] : partition.replicas) {
        if (!is_running(host, replica) || replica.epoch != record.leader_epoch) {
            continue;
        }
        if (replica.role == ReplicaRole::leader) {
            leader = &replica;
            ++count;
        } else if (replica.role == ReplicaRole::attached) {
            ++count;
        }
    }
    if (leader == nullptr || count != record.replicas.size()) {
        return fmt::format("{} of {} replicas lead or are attached in epoch {}", count,
                           record.replicas.size(), record.leader_epoch.value());
    }
    for (const auto& [host, replica] : partition.replicas) {
        if (!is_assigned(record, replica.spu)) {
            continue;
        }
        const auto place = replica.log.first_difference(
            leader->log, std::max(replica.log_start, leader->log_start), leader->log.end());
        if (place.has_value() || replica.leo != leader->leo) {
            return fmt::format("SPU {} ends at {}, SPU {} at {}", replica.spu.value(), replica.leo,
                               leader->spu.value(), leader->leo);
        }
        if (replica.hw != leader->leo) {
            return fmt::format("SPU {} has high watermark {} and log end {}", replica.spu.value(),
                               replica.hw, replica.leo);
        }
    }
    return {};
}

}  // namespace weir::sim
