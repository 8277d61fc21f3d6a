// Who is who in the record of a partition, for the checks: written anew here, so that they do not
// believe the code that they judge.
#pragma once

#include "core/model/partition_record.h"

#include <algorithm>
#include <vector>

namespace weir::sim {

inline bool contains(const SpuSet& set, SpuId spu) {
    return std::find(set.begin(), set.end(), spu) != set.end();
}

inline bool is_assigned(const PartitionRecord& record, SpuId spu) {
    return std::any_of(record.replicas.begin(), record.replicas.end(),
                       [spu](const AssignedReplica& replica) { return replica.spu == spu; });
}

// One of the places that the record gives out.
inline bool has_place(const PartitionRecord& record, const AssignedReplica& place) {
    const auto is_in = [&place](const std::vector<AssignedReplica>& places) {
        return std::find(places.begin(), places.end(), place) != places.end();
    };
    return is_in(record.replicas) || is_in(record.adding);
}

inline bool may_be_elected(const PartitionRecord& record, SpuId spu) {
    return contains(record.lrs, spu) || contains(record.elr, spu);
}

}  // namespace weir::sim
