// A1 to A6 of replication.md 9: what every change of the LRS must do.

#include "core/control/live_sets.h"
#include "core/control/lrs_change.h"
#include "tests/support/control_worlds.h"
#include "tests/support/property.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

namespace weir::control {

namespace {

using test::holds;

struct Case {
    PartitionRecord record;
    SpuStates spus;
    AlterLrs request;
};

Case random_case(Prng& prng) {
    Case one;
    one.record = test::random_record(prng);
    one.spus = test::random_spus(prng, one.record);
    one.request = test::random_alter(prng, one.record, one.spus);
    return one;
}

std::string fail(const char* what, const Case& one, const AlterLrsResult& result) {
    return fmt::format("{}, verdict {}\n  before {}\n  after  {}", what,
                       static_cast<int>(result.verdict), test::to_text(one.record),
                       test::to_text(result.record));
}

// The text of 5.7, point by point.
bool may_be_accepted(const Case& one) {
    const PartitionRecord& record = one.record;
    const AlterLrs& request = one.request;
    if (record.leader == kNoSpu || request.leader != record.leader ||
        request.boot != record.leader_boot || request.epoch != record.leader_epoch ||
        request.version != record.version) {
        return false;
    }
    SpuSet sorted;
    for (const SpuId spu : request.lrs) {
        insert(sorted, spu);
    }
    if (sorted != request.lrs || !contains(request.lrs, record.leader)) {
        return false;
    }
    for (const SpuId spu : request.lrs) {
        if (contains(record.lrs, spu)) {
            continue;
        }
        bool good = false;
        for (const AddedMember& added : request.added) {
            const auto state = one.spus.find(spu);
            good = good || (added.spu == spu && assigned_uid(record, spu) == added.uid &&
                            state != one.spus.end() && !state->second.fenced &&
                            !state->second.draining && state->second.boot == added.boot);
        }
        if (!good) {
            return false;
        }
    }
    return true;
}

std::string accepted_exactly_by_the_rule(std::uint64_t seed) {
    Prng prng(seed);
    const Case one = random_case(prng);
    const AlterLrsResult result = apply_alter_lrs(one.record, one.request, one.spus);
    const bool accepted = result.verdict == AlterLrsVerdict::accepted;
    if (accepted != may_be_accepted(one)) {
        return fail("verdict", one, result);
    }
    return accepted && result.record.lrs != one.request.lrs ? fail("the set", one, result) : "";
}

std::string second_time_is_rejected(std::uint64_t seed) {
    Prng prng(seed);
    const Case one = random_case(prng);
    const AlterLrsResult first = apply_alter_lrs(one.record, one.request, one.spus);
    const AlterLrsResult second = apply_alter_lrs(first.record, one.request, one.spus);
    const bool answered =
        first.verdict == AlterLrsVerdict::accepted || first.verdict == AlterLrsVerdict::ineligible;
    if (answered && second.verdict != AlterLrsVerdict::stale) {
        return fail("accepted or judged twice", one, second);
    }
    return second.record == first.record ? "" : fail("changed twice", one, second);
}

std::string one_of_two_concurrent_is_applied(std::uint64_t seed) {
    Prng prng(seed);
    const Case one = random_case(prng);
    Case other = one;
    other.request = test::random_alter(prng, one.record, one.spus);
    if (!may_be_accepted(one) || !may_be_accepted(other)) {
        return "";
    }
    for (const auto& [first, second] :
         {std::pair(one.request, other.request), std::pair(other.request, one.request)}) {
        const AlterLrsResult after_first = apply_alter_lrs(one.record, first, one.spus);
        const AlterLrsResult after_both = apply_alter_lrs(after_first.record, second, one.spus);
        if (after_first.verdict != AlterLrsVerdict::accepted ||
            after_both.verdict == AlterLrsVerdict::accepted) {
            return fail("both or none", one, after_both);
        }
    }
    return "";
}

std::string ineligible_bumps_the_version_alone(std::uint64_t seed) {
    Prng prng(seed);
    const Case one = random_case(prng);
    const AlterLrsResult result = apply_alter_lrs(one.record, one.request, one.spus);
    PartitionRecord expected = one.record;
    switch (result.verdict) {
        case AlterLrsVerdict::accepted: return "";
        case AlterLrsVerdict::ineligible: expected.version = next_version(expected.version); break;
        case AlterLrsVerdict::not_leader:
        case AlterLrsVerdict::stale: break;
    }
    return result.record == expected ? "" : fail("refused and changed", one, result);
}

std::string keeps_the_record_good(std::uint64_t seed) {
    Prng prng(seed);
    const Case one = random_case(prng);
    const AlterLrsResult result = apply_alter_lrs(one.record, one.request, one.spus);
    if (std::string broken = test::broken_by(one.record, result.record); !broken.empty()) {
        return broken;
    }
    const PartitionRecord& after = result.record;
    if (after.leader != one.record.leader || after.leader_epoch != one.record.leader_epoch) {
        return fail("the leader", one, result);
    }
    if (result.verdict != AlterLrsVerdict::accepted) {
        return "";
    }
    const bool few = after.lrs.size() < after.min_live;
    for (const SpuId spu : difference(one.record.lrs, after.lrs)) {
        if (contains(after.elr, spu) != few) {
            return fail("a removed member's place", one, result);
        }
    }
    return "";
}

std::string older_version_is_never_accepted(std::uint64_t seed) {
    Prng prng(seed);
    Case one = random_case(prng);
    one.record.version = RecordVersion(one.request.version.value() + 1 + prng.below(3));
    const AlterLrsResult result = apply_alter_lrs(one.record, one.request, one.spus);
    return result.verdict == AlterLrsVerdict::accepted ? fail("stale", one, result) : "";
}

}  // namespace

RC_GTEST_PROP(LrsChange, a1_accepted_exactly_by_the_rule, (std::uint64_t seed)) {
    holds(accepted_exactly_by_the_rule, seed);
}
RC_GTEST_PROP(LrsChange, a2_second_time_is_rejected, (std::uint64_t seed)) {
    holds(second_time_is_rejected, seed);
}
RC_GTEST_PROP(LrsChange, a3_one_of_two_concurrent_is_applied, (std::uint64_t seed)) {
    holds(one_of_two_concurrent_is_applied, seed);
}
RC_GTEST_PROP(LrsChange, a4_ineligible_bumps_the_version_alone, (std::uint64_t seed)) {
    holds(ineligible_bumps_the_version_alone, seed);
}
RC_GTEST_PROP(LrsChange, a5_keeps_the_record_good, (std::uint64_t seed)) {
    holds(keeps_the_record_good, seed);
}
RC_GTEST_PROP(LrsChange, a6_older_version_is_never_accepted, (std::uint64_t seed)) {
    holds(older_version_is_never_accepted, seed);
}

TEST(LrsChange, RandomRequestsReachEveryVerdict) {
    std::map<AlterLrsVerdict, int> reached;
    int pairs = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        Prng prng(seed);
        const Case one = random_case(prng);
        Case other = one;
        other.request = test::random_alter(prng, one.record, one.spus);
        ++reached[apply_alter_lrs(one.record, one.request, one.spus).verdict];
        pairs += may_be_accepted(one) && may_be_accepted(other) ? 1 : 0;
    }
    for (const AlterLrsVerdict verdict : {AlterLrsVerdict::accepted, AlterLrsVerdict::not_leader,
                                          AlterLrsVerdict::stale, AlterLrsVerdict::ineligible}) {
        EXPECT_GE(reached[verdict], 20) << static_cast<int>(verdict);
    }
    EXPECT_GE(pairs, 20);
}

#ifdef WEIR_MUTANTS
TEST(LrsChange, FindsThePlantedBugs) {
    test::expect_found({
        {Mutant::alter_lrs_without_cas, older_version_is_never_accepted},
        {Mutant::alter_lrs_without_cas, one_of_two_concurrent_is_applied},
        {Mutant::added_boot_unchecked, accepted_exactly_by_the_rule},
        {Mutant::elr_not_cleared, keeps_the_record_good},
    });
}
#endif

}  // namespace weir::control
