// The status of a partition from what its leader reports and whether its leader is there
// (control-plane spec 8.10).
//
// Pure; any executor.
#pragma once

#include "core/model/partition.h"

#include <vector>

namespace weir::control {

// What the leader says about its replica and its followers.
struct LeaderReport {
    SpuId leader;
    PartitionResolution resolution = PartitionResolution::online;
    // -1: not known, keep what was known before.
    Offset hw = Offset(-1);
    Offset leo = Offset(-1);
    Offset log_start;
    std::int64_t size_bytes = 0;
    std::vector<ReplicaStatus> followers;
};

// Followers are inserted or replaced by id; the leader is never among them.
PartitionStatus merge_report(PartitionStatus status, const LeaderReport& report);

// The SPU that leads the partition has gone: what was readable is not any more. Everything else is
// kept, as the last that was known.
PartitionStatus leader_gone(PartitionStatus status);

}  // namespace weir::control
