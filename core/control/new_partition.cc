#include "core/control/new_partition.h"

#include "core/base/assert.h"
#include "core/control/election.h"
#include "core/control/live_sets.h"
#include "core/control/topic_settings.h"

namespace weir::control {

PartitionRecord new_partition(const NewPartition& partition, const SpuStates& spus,
                              const SpuSet& away) {
    WEIR_ASSERT(!partition.replicas.empty());
    PartitionRecord record;
    record.topic_uid = partition.topic_uid;
    record.partition = partition.partition;
    record.replicas = partition.replicas;
    apply_settings(record, partition.settings, partition.replicas.size());
    record.version = RecordVersion(1);
    for (const AssignedReplica& replica : record.replicas) {
        const bool there = is_unfenced(spus, replica.spu) && !is_draining(spus, replica.spu);
        insert(there ? record.lrs : record.elr, replica.spu);
    }
    forget_outsiders_if_enough(record);
    ElectionInput input;
    input.record = record;
    input.spus = spus;
    input.away = away;
    ElectionDecision decision = elect(input);
    return decision.record.leader == kNoSpu ? record : std::move(decision.record);
}

}  // namespace weir::control
