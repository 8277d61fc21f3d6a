// The first record of a partition (replication.md 5.2, 5.5).
//
// Pure; any executor. Nothing was ever written to any of its replicas, so each of them has all that
// is committed: those whose SPUs are there are the LRS, and one of them leads at once.
#pragma once

#include "core/control/spu_state.h"
#include "core/model/topic_settings.h"

#include <vector>

namespace weir::control {

struct NewPartition {
    Uid topic_uid;
    PartitionId partition;
    // Preferred leader first, each with a fresh uid; not empty.
    std::vector<AssignedReplica> replicas;
    TopicSettings settings;
};

// `away`: SPUs that are unfenced but cannot be reached now; they are in the LRS and not elected.
// Without anybody to elect the record says that nobody has led yet: epoch kNoEpoch.
PartitionRecord new_partition(const NewPartition& partition, const SpuStates& spus,
                              const SpuSet& away);

}  // namespace weir::control
