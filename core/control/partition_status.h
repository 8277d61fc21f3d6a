// The status of a partition from what its leader reports and whether its leader is there
// (control-plane spec 8.10).
//
// Pure; any executor.
#pragma once

#include "core/model/partition.h"
#include "core/model/partition_record.h"

#include <optional>
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

// What is shown of a partition whose record is `record`. `reported`: how the leader said that it
// is, in the epoch of the record and on the connection that it has now; nullopt before that.
// Without a leader that is connected, as leader_gone. Who does not hold the partition any more is
// not shown, and the live replicas that are counted are the followers in the LRS.
PartitionStatus under_record(PartitionStatus status, const PartitionRecord& record,
                             bool leader_is_there, std::optional<PartitionResolution> reported);

}  // namespace weir::control
