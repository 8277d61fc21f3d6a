#include "core/control/partition_status.h"

#include "core/base/mutant.h"
#include "core/control/live_sets.h"

#include <algorithm>
#include <utility>

namespace weir::control {

namespace {

void put(std::vector<ReplicaStatus>& replicas, const ReplicaStatus& replica) {
    const auto place =
        std::lower_bound(replicas.begin(), replicas.end(), replica.spu,
                         [](const ReplicaStatus& entry, SpuId spu) { return entry.spu < spu; });
    if (place != replicas.end() && place->spu == replica.spu) {
        *place = replica;
    } else {
        replicas.insert(place, replica);
    }
}

}  // namespace

PartitionStatus merge_report(PartitionStatus status, const LeaderReport& report) {
    status.resolution = report.resolution;
    status.size_bytes = report.size_bytes;
    status.base_offset = report.log_start;
    if (status.leader.spu != report.leader) {
        if (status.leader.spu.value() >= 0) {
            put(status.replicas, status.leader);
        }
        status.leader = ReplicaStatus();
        status.leader.spu = report.leader;
    }
    if (report.hw.value() >= 0) {
        status.leader.hw = report.hw;
    }
    const bool keeps_first = mutant(Mutant::first_leo_listed) && status.leader.leo.value() >= 0;
    if (report.leo.value() >= 0 && !keeps_first) {
        status.leader.leo = report.leo;
    }
    for (const ReplicaStatus& follower : report.followers) {
        put(status.replicas, follower);
    }
    std::erase_if(status.replicas,
                  [&](const ReplicaStatus& replica) { return replica.spu == report.leader; });
    return status;
}

PartitionStatus leader_gone(PartitionStatus status) {
    if (status.resolution != PartitionResolution::offline) {
        status.resolution = PartitionResolution::leader_offline;
    }
    return status;
}

PartitionStatus under_record(PartitionStatus status, const PartitionRecord& record,
                             bool leader_is_there, std::optional<PartitionResolution> reported) {
    std::erase_if(status.replicas, [&record](const ReplicaStatus& replica) {
        return !assigned_uid(record, replica.spu).has_value();
    });
    status.live_replica_count = static_cast<std::uint32_t>(
        std::count_if(record.lrs.begin(), record.lrs.end(),
                      [&record](SpuId spu) { return spu != record.leader; }));
    if (record.leader == kNoSpu || !leader_is_there) {
        return leader_gone(std::move(status));
    }
    const bool leads = record.phase != PartitionPhase::candidate_found && reported.has_value();
    status.resolution = leads ? *reported : PartitionResolution::election_leader_found;
    return status;
}

}  // namespace weir::control
