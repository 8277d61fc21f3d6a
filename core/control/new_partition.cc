#include "core/control/new_partition.h"

#include "core/base/assert.h"
#include "core/control/election.h"
#include "core/control/live_sets.h"

#include <algorithm>

namespace weir::control {

std::uint32_t default_min_live(std::size_t replica_count) {
    return replica_count >= 3 ? static_cast<std::uint32_t>(replica_count / 2 + 1) : 1;
}

PartitionRecord new_partition(const NewPartition& partition, const SpuStates& spus,
                              const SpuSet& away) {
    WEIR_ASSERT(!partition.replicas.empty());
    PartitionRecord record;
    record.topic_uid = partition.topic_uid;
    record.partition = partition.partition;
    record.replicas = partition.replicas;
    const auto count = static_cast<std::uint32_t>(partition.replicas.size());
    record.min_live = std::clamp<std::uint32_t>(partition.min_live, 1, count);
    record.durability = partition.durability;
    record.unclean_policy = partition.unclean_policy;
    record.version = RecordVersion(1);
    for (const AssignedReplica& replica : record.replicas) {
        const bool there = is_unfenced(spus, replica.spu) && !is_draining(spus, replica.spu);
        insert(there ? record.lrs : record.elr, replica.spu);
    }
    forget_outsiders_if_enough(record);
    ElectionInput input;
    input.record = record;
    input.spus = spus;
    input.tried = away;
    ElectionDecision decision = elect(input);
    return decision.record.leader == kNoSpu ? record : std::move(decision.record);
}

}  // namespace weir::control
