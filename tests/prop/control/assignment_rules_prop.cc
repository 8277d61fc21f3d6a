// P8 of replication.md 9: a manual assignment is accepted exactly when its partitions are 0 to p-1
// in order, with lists of one length that name known SPUs, none of them twice.

#include "core/base/prng.h"
#include "core/control/topic_rules.h"
#include "tests/support/rapidcheck.h"

#include <set>

namespace weir::control {

namespace {

constexpr std::int32_t kSpuCount = 5;

TopicRuleInput rules() {
    TopicRuleInput input;
    input.partition_count_max = 100;
    for (std::int32_t id = 0; id < kSpuCount; ++id) {
        input.spus.insert(SpuId(id));
    }
    return input;
}

// Good, and then perhaps with one thing spoiled.
std::vector<PartitionMap> random_maps(Prng& prng) {
    std::vector<PartitionMap> maps;
    const std::uint64_t partition_count = 1 + prng.below(4);
    const std::uint64_t replica_count = 1 + prng.below(3);
    for (std::uint64_t p = 0; p < partition_count; ++p) {
        PartitionMap row;
        row.id = static_cast<std::uint32_t>(p);
        const std::int32_t first = static_cast<std::int32_t>(prng.below(kSpuCount));
        for (std::uint64_t r = 0; r < replica_count; ++r) {
            row.replicas.emplace_back((first + static_cast<std::int32_t>(r)) % kSpuCount);
        }
        maps.push_back(row);
    }
    PartitionMap& any = maps[prng.below(maps.size())];
    switch (prng.below(10)) {
        case 0: any.id += 1; break;
        case 1: any.replicas.clear(); break;
        case 2: any.replicas.push_back(any.replicas.front()); break;
        case 3: any.replicas.back() = SpuId(-1); break;
        case 4: any.replicas.back() = SpuId(kSpuCount); break;
        case 5: any.replicas.pop_back(); break;
        case 6: maps.clear(); break;
        case 7: any.replicas.back() = any.replicas.front(); break;
        default: break;
    }
    return maps;
}

bool is_good(const std::vector<PartitionMap>& maps) {
    bool good = !maps.empty();
    for (std::size_t i = 0; i < maps.size(); ++i) {
        const std::vector<SpuId>& replicas = maps[i].replicas;
        good = good && maps[i].id == i && !replicas.empty() &&
               replicas.size() == maps[0].replicas.size() &&
               std::set<SpuId>(replicas.begin(), replicas.end()).size() == replicas.size();
        for (const SpuId spu : replicas) {
            good = good && spu.value() >= 0 && spu.value() < kSpuCount;
        }
    }
    return good;
}

}  // namespace

RC_GTEST_PROP(AssignmentRules, p8_accepts_exactly_the_good_maps, (std::uint64_t seed)) {
    Prng prng(seed);
    AssignedReplicas assigned;
    assigned.maps = random_maps(prng);
    TopicSpec spec;
    spec.replicas = assigned;
    const auto refusal = check_topic_spec(spec, rules());
    // Comes last of all checks, and says nothing about the map.
    const bool only_replication =
        refusal.has_value() && refusal->message.starts_with("replication is not built yet");
    RC_ASSERT((!refusal.has_value() || only_replication) == is_good(assigned.maps));
}

}  // namespace weir::control
