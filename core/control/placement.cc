#include "core/control/placement.h"

#include "core/base/assert.h"

#include <algorithm>

namespace weir::control {

namespace {

// The lightest SPU outside of `row`; nullopt when all are in it.
std::optional<SpuId> choose(const std::vector<SpuId>& online, const std::vector<SpuId>& row,
                            const std::map<SpuId, SpuWeight>& weights,
                            std::uint32_t SpuWeight::* weight) {
    std::optional<SpuId> best;
    std::uint32_t best_weight = 0;
    for (const SpuId candidate : online) {
        if (std::find(row.begin(), row.end(), candidate) != row.end()) {
            continue;
        }
        const auto found = weights.find(candidate);
        const std::uint32_t candidate_weight = found == weights.end() ? 0 : found->second.*weight;
        if (!best.has_value() || candidate_weight < best_weight) {
            best = candidate;
            best_weight = candidate_weight;
        }
    }
    return best;
}

}  // namespace

std::optional<ReplicaMap> place_replicas(const PlacementInput& input) {
    WEIR_ASSERT(std::is_sorted(input.online.begin(), input.online.end()));
    if (input.registered_spu_count < input.replication_factor) {
        return std::nullopt;
    }
    std::map<SpuId, SpuWeight> weights = input.weights;
    ReplicaMap map;
    for (std::uint32_t partition = 0; partition < input.partition_count; ++partition) {
        const auto kept = input.current.find(partition);
        if (kept != input.current.end() && kept->second.size() == input.replication_factor) {
            map[partition] = kept->second;
            continue;
        }
        std::vector<SpuId> row;
        for (std::uint32_t replica = 0; replica < input.replication_factor; ++replica) {
            const auto weight =
                replica == 0 ? &SpuWeight::leader_count : &SpuWeight::follower_count;
            const std::optional<SpuId> spu = choose(input.online, row, weights, weight);
            if (!spu.has_value()) {
                return std::nullopt;
            }
            row.push_back(*spu);
            weights[*spu].*weight += 1;
        }
        map[partition] = std::move(row);
    }
    WEIR_ASSERT(map.size() == input.partition_count);
    return map;
}

}  // namespace weir::control
