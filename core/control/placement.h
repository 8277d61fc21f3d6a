// Which SPUs hold the partitions of a computed topic (control-plane spec 8.4).
//
// A pure function of its input; any executor. Racks are not looked at here: even_placement.h.
#pragma once

#include "core/base/ids.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace weir::control {

// Partition number to SPUs, preferred leader first.
using ReplicaMap = std::map<std::uint32_t, std::vector<SpuId>>;

// How many partitions an SPU leads and follows already.
struct SpuWeight {
    std::uint32_t leader_count = 0;
    std::uint32_t follower_count = 0;
};

struct PlacementInput {
    // Whatever their state.
    std::size_t registered_spu_count = 0;
    // Ascending, without duplicates.
    std::vector<SpuId> online;
    // An SPU that is missing has no partitions.
    std::map<SpuId, SpuWeight> weights;
    std::uint32_t partition_count = 0;
    std::uint32_t replication_factor = 0;
    // Rows that are complete already stay as they are.
    ReplicaMap current;
};

// Each replica goes to the SPU with the smallest weight that is not in the row yet, the lowest id
// among equals. nullopt when there are too few SPUs: nothing is placed then.
std::optional<ReplicaMap> place_replicas(const PlacementInput& input);

}  // namespace weir::control
