// Who is who in the record of a partition, for the checks: written anew here, so that they do not
// believe the code that they judge.
#pragma once

#include "core/model/partition_record.h"

#include <algorithm>

namespace weir::sim {

inline bool contains(const SpuSet& set, SpuId spu) {
    return std::find(set.begin(), set.end(), spu) != set.end();
}

inline bool is_assigned(const PartitionRecord& record, SpuId spu) {
    return std::any_of(record.replicas.begin(), record.replicas.end(),
                       [spu](const AssignedReplica& replica) { return replica.spu == spu; });
}

inline bool may_be_elected(const PartitionRecord& record, SpuId spu) {
    return contains(record.lrs, spu) || contains(record.elr, spu);
}

}  // namespace weir::sim
