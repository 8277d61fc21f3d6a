#include "core/base/prng.h"
#include "core/control/placement.h"
#include "tests/support/rapidcheck.h"

#include <algorithm>
#include <set>

namespace weir::control {

namespace {

PlacementInput random_input(Prng& prng) {
    PlacementInput input;
    const std::uint64_t spu_count = prng.below(7);
    std::int32_t id = 0;
    for (std::uint64_t i = 0; i < spu_count; ++i) {
        id += static_cast<std::int32_t>(prng.between(1, 5));
        ++input.registered_spu_count;
        if (prng.chance(3, 4)) {
            input.online.emplace_back(id);
        }
        if (prng.chance(1, 2)) {
            input.weights[SpuId(id)].leader_count = static_cast<std::uint32_t>(prng.below(9));
            input.weights[SpuId(id)].follower_count = static_cast<std::uint32_t>(prng.below(9));
        }
    }
    input.partition_count = static_cast<std::uint32_t>(prng.below(20));
    input.replication_factor = static_cast<std::uint32_t>(prng.between(1, 4));
    return input;
}

}  // namespace

RC_GTEST_PROP(Placement, succeeds_exactly_when_enough_spus_are_online, (std::uint64_t seed)) {
    Prng prng(seed);
    const PlacementInput input = random_input(prng);
    const bool enough = input.partition_count == 0
                            ? input.registered_spu_count >= input.replication_factor
                            : input.online.size() >= input.replication_factor;
    RC_ASSERT(place_replicas(input).has_value() == enough);
}

RC_GTEST_PROP(Placement, rows_have_distinct_online_spus, (std::uint64_t seed)) {
    Prng prng(seed);
    const PlacementInput input = random_input(prng);
    const auto map = place_replicas(input);
    RC_PRE(map.has_value());
    RC_ASSERT(map->size() == input.partition_count);
    for (const auto& [partition, row] : *map) {
        RC_ASSERT(partition < input.partition_count);
        RC_ASSERT(row.size() == input.replication_factor);
        RC_ASSERT(std::set<SpuId>(row.begin(), row.end()).size() == row.size());
        for (const SpuId spu : row) {
            RC_ASSERT(std::binary_search(input.online.begin(), input.online.end(), spu));
        }
    }
}

// From equal weights, leaders differ by one at most; from others, no SPU gets a new leader while
// one with less would have been free.
RC_GTEST_PROP(Placement, spreads_leaders, (std::uint64_t seed)) {
    Prng prng(seed);
    PlacementInput input = random_input(prng);
    input.weights.clear();
    const auto map = place_replicas(input);
    RC_PRE(map.has_value());
    RC_PRE(!map->empty());
    std::map<SpuId, std::uint32_t> leaders;
    for (const SpuId spu : input.online) {
        leaders[spu] = 0;
    }
    for (const auto& [partition, row] : *map) {
        ++leaders[row.front()];
    }
    const auto [low, high] =
        std::minmax_element(leaders.begin(), leaders.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; });
    RC_ASSERT(high->second - low->second <= 1U);
}

RC_GTEST_PROP(Placement, growing_never_moves_what_is_placed, (std::uint64_t seed)) {
    Prng prng(seed);
    PlacementInput input = random_input(prng);
    const auto before = place_replicas(input);
    RC_PRE(before.has_value());
    input.current = *before;
    input.partition_count += 3;
    const auto after = place_replicas(input);
    RC_PRE(after.has_value());
    for (const auto& [partition, row] : *before) {
        RC_ASSERT(after->at(partition) == row);
    }
}

}  // namespace weir::control
