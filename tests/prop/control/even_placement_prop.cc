// P1 to P7, P9 and P10 of replication.md 9 for the even placement; placement_prop.cc has those of
// the placement by load.

#include "core/base/prng.h"
#include "core/control/even_placement.h"
#include "core/control/placement.h"
#include "tests/support/rapidcheck.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

namespace weir::control {

namespace {

using Rows = std::vector<std::vector<SpuId>>;

EvenPlacementInput random_input(Prng& prng) {
    EvenPlacementInput input;
    const std::uint64_t spu_count = 1 + prng.below(9);
    const std::uint64_t rack_count = prng.below(5);
    std::int32_t id = 0;
    for (std::uint64_t i = 0; i < spu_count; ++i) {
        id += static_cast<std::int32_t>(prng.between(1, 5));
        input.spus.emplace_back(id);
        if (rack_count > 0) {
            input.racks[SpuId(id)] =
                std::string(1, static_cast<char>('a' + prng.below(rack_count)));
        }
    }
    input.row_count = static_cast<std::uint32_t>(prng.below(40));
    input.replication_factor = static_cast<std::uint32_t>(1 + prng.below(spu_count));
    input.start_index = static_cast<std::uint32_t>(prng.below(60));
    return input;
}

std::uint32_t size_of(const EvenPlacementInput& input) {
    return static_cast<std::uint32_t>(input.spus.size());
}

// How often each SPU is in the rows; as a leader only, or at all.
std::map<SpuId, int> load(const EvenPlacementInput& input, const Rows& rows, bool leaders_only) {
    std::map<SpuId, int> counts;
    for (const SpuId spu : input.spus) {
        counts[spu] = 0;
    }
    for (const auto& row : rows) {
        for (const SpuId spu : row) {
            counts[spu] += !leaders_only || spu == row.front() ? 1 : 0;
        }
    }
    return counts;
}

int spread_of(const std::map<SpuId, int>& counts) {
    const auto [low, high] =
        std::minmax_element(counts.begin(), counts.end(),
                            [](const auto& a, const auto& b) { return a.second < b.second; });
    return high->second - low->second;
}

}  // namespace

RC_GTEST_PROP(EvenPlacement, p1_rows_have_distinct_known_spus, (std::uint64_t seed)) {
    Prng prng(seed);
    const EvenPlacementInput input = random_input(prng);
    const auto rows = place_evenly(input);
    RC_ASSERT(rows.has_value());
    RC_ASSERT(rows->size() == input.row_count);
    for (const auto& row : *rows) {
        RC_ASSERT(row.size() == input.replication_factor);
        RC_ASSERT(std::set<SpuId>(row.begin(), row.end()).size() == row.size());
        for (const SpuId spu : row) {
            RC_ASSERT(std::binary_search(input.spus.begin(), input.spus.end(), spu));
        }
    }
}

// Leaders differ by one at most for any number of rows; in whole rounds they do not differ at all,
// and neither do replicas, if the start is that of a round or there are no gaps.
RC_GTEST_PROP(EvenPlacement, p2_p5_load_is_even, (std::uint64_t seed)) {
    Prng prng(seed);
    EvenPlacementInput input = random_input(prng);
    const Rows some = *place_evenly(input);
    RC_ASSERT(spread_of(load(input, some, true)) <= 1);
    input.row_count = size_of(input) * static_cast<std::uint32_t>(1 + prng.below(4));
    if (input.racks.empty()) {
        input.start_index -= input.start_index % size_of(input);
    }
    const Rows rounds = *place_evenly(input);
    RC_ASSERT(spread_of(load(input, rounds, true)) == 0);
    RC_ASSERT(spread_of(load(input, rounds, false)) == 0);
}

RC_GTEST_PROP(EvenPlacement, p3_pattern_repeats, (std::uint64_t seed)) {
    Prng prng(seed);
    EvenPlacementInput input = random_input(prng);
    input.racks.clear();
    const std::uint32_t period = size_of(input) * (size_of(input) - input.replication_factor + 1);
    const Rows rows = *place_evenly(input);
    input.start_index += period;
    RC_ASSERT(*place_evenly(input) == rows);
    // No row comes twice in a period, except that one replica does not show its gap.
    RC_PRE(input.replication_factor > 1U);
    input.row_count = period;
    const Rows all = *place_evenly(input);
    RC_ASSERT(std::set<std::vector<SpuId>>(all.begin(), all.end()).size() == all.size());
}

RC_GTEST_PROP(EvenPlacement, p4_p7_two_placements_are_one, (std::uint64_t seed)) {
    Prng prng(seed);
    EvenPlacementInput input = random_input(prng);
    const Rows all = *place_evenly(input);
    const std::uint32_t total = input.row_count;
    input.row_count = static_cast<std::uint32_t>(prng.below(total + 1));
    Rows joined = *place_evenly(input);
    input.start_index += input.row_count;
    input.row_count = total - input.row_count;
    const Rows rest = *place_evenly(input);
    joined.insert(joined.end(), rest.begin(), rest.end());
    RC_ASSERT(joined == all);
}

RC_GTEST_PROP(EvenPlacement, p5_racks_of_one_size_are_distinct, (std::uint64_t seed)) {
    Prng prng(seed);
    EvenPlacementInput input;
    const std::uint64_t rack_count = 1 + prng.below(5);
    const std::uint64_t rack_size = 1 + prng.below(4);
    for (std::uint64_t i = 0; i < rack_count * rack_size; ++i) {
        const SpuId spu(static_cast<std::int32_t>(i));
        input.spus.push_back(spu);
        input.racks[spu] = std::string(1, static_cast<char>('a' + i % rack_count));
    }
    input.row_count = 50;
    input.start_index = static_cast<std::uint32_t>(prng.below(50));
    input.replication_factor = static_cast<std::uint32_t>(1 + prng.below(rack_count));
    const Rows rows = *place_evenly(input);
    for (const auto& row : rows) {
        std::set<std::string> racks;
        for (const SpuId spu : row) {
            racks.insert(input.racks.at(spu));
        }
        RC_ASSERT(racks.size() == row.size());
    }
}

RC_GTEST_PROP(EvenPlacement, p5_p6_refuses_as_a_whole, (std::uint64_t seed)) {
    Prng prng(seed);
    EvenPlacementInput input = random_input(prng);
    EvenPlacementInput more = input;
    more.replication_factor = size_of(input) + 1;
    RC_ASSERT(place_evenly(more).error().code == ErrorCode::unavailable);
    RC_PRE(input.racks.size() > 1U);
    input.racks.erase(input.spus[prng.below(input.spus.size())]);
    RC_ASSERT(place_evenly(input).error().code == ErrorCode::invalid_argument);
}

RC_GTEST_PROP(EvenPlacement, p9_renaming_spus_renames_the_rows, (std::uint64_t seed)) {
    Prng prng(seed);
    const EvenPlacementInput input = random_input(prng);
    std::map<SpuId, SpuId> names;
    EvenPlacementInput renamed = input;
    renamed.spus.clear();
    renamed.racks.clear();
    std::int32_t id = 1000;
    for (const SpuId spu : input.spus) {
        id += static_cast<std::int32_t>(prng.between(1, 9));
        names[spu] = SpuId(id);
        renamed.spus.emplace_back(id);
        if (!input.racks.empty()) {
            renamed.racks[SpuId(id)] = input.racks.at(spu);
        }
    }
    Rows expected = *place_evenly(input);
    for (auto& row : expected) {
        for (SpuId& spu : row) {
            spu = names.at(spu);
        }
    }
    RC_ASSERT(*place_evenly(renamed) == expected);
}

// The least loaded placement is a function of the state: topics placed one after another come out
// the same when the counts are taken from the rows again, in another order.
RC_GTEST_PROP(Placement, p10_replay_gives_the_same_map, (std::uint64_t seed)) {
    Prng prng(seed);
    const EvenPlacementInput shape = random_input(prng);
    Rows placed;
    for (int topic = 0; topic < 4; ++topic) {
        PlacementInput input;
        input.registered_spu_count = shape.spus.size();
        input.online = shape.spus;
        input.partition_count = static_cast<std::uint32_t>(1 + prng.below(6));
        input.replication_factor = shape.replication_factor;
        PlacementInput backwards = input;
        for (const auto& row : placed) {
            for (const SpuId spu : row) {
                SpuWeight& weight = input.weights[spu];
                ++(spu == row.front() ? weight.leader_count : weight.follower_count);
            }
        }
        for (auto row = placed.rbegin(); row != placed.rend(); ++row) {
            for (auto spu = row->rbegin(); spu != row->rend(); ++spu) {
                SpuWeight& weight = backwards.weights[*spu];
                ++(*spu == row->front() ? weight.leader_count : weight.follower_count);
            }
        }
        const auto map = place_replicas(input);
        RC_ASSERT(map == place_replicas(backwards));
        for (const auto& [partition, row] : *map) {
            placed.push_back(row);
        }
    }
}

}  // namespace weir::control
