// E1 to E10 of replication.md 9: what every election must do, whatever the record, the SPUs and
// the reports are.

#include "core/control/election.h"
#include "core/control/live_sets.h"
#include "core/control/record_check.h"
#include "tests/prop/control/election_twin.h"
#include "tests/support/control_worlds.h"
#include "tests/support/property.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <utility>

namespace weir::control {

namespace {

using test::holds;

SpuSet assigned_of(const PartitionRecord& record) {
    SpuSet all;
    for (const auto* places : {&record.replicas, &record.adding}) {
        for (const AssignedReplica& replica : *places) {
            insert(all, replica.spu);
        }
    }
    return all;
}

bool counts(const ElectionInput& input, const ReplicaReport& report) {
    return assigned_uid(input.record, report.spu) == report.uid && report.boot != kNoBoot &&
           boot_of(input.spus, report.spu) == report.boot;
}

bool has_reported(const ElectionInput& input, SpuId spu) {
    return std::any_of(input.reports.begin(), input.reports.end(), [&](const ReplicaReport& one) {
        return one.spu == spu && counts(input, one);
    });
}

bool is_damaged(const ElectionInput& input, SpuId spu) {
    return std::any_of(input.reports.begin(), input.reports.end(), [&](const ReplicaReport& one) {
        return one.spu == spu && counts(input, one) && !one.healthy;
    });
}

bool is_available(const ElectionInput& input, SpuId spu) {
    const auto state = input.spus.find(spu);
    return state != input.spus.end() && !state->second.fenced && !state->second.draining &&
           !contains(input.tried, spu) && !is_damaged(input, spu);
}

bool any_available(const ElectionInput& input, const SpuSet& set) {
    return std::any_of(set.begin(), set.end(), [&](SpuId spu) { return is_available(input, spu); });
}

std::pair<LeaderEpoch, Offset> end_of(const ElectionInput& input, SpuId spu) {
    std::pair<LeaderEpoch, Offset> end(kNoEpoch, Offset(-1));
    for (const ReplicaReport& one : input.reports) {
        if (one.spu == spu && counts(input, one)) {
            end = std::max(end, std::pair(one.last_epoch, one.leo));
        }
    }
    return end;
}

std::string fail(const char* what, const ElectionInput& input, const ElectionDecision& decision) {
    return fmt::format("{}\n  before {}\n  after  {}", what, test::to_text(input.record),
                       test::to_text(decision.record));
}

std::string pools_in_order(std::uint64_t seed) {
    Prng prng(seed);
    const ElectionInput input = test::random_election(prng);
    const ElectionDecision decision = elect(input);
    const SpuId leader = decision.record.leader;
    if (any_available(input, input.record.lrs)) {
        return contains(input.record.lrs, leader) ? "" : fail("not of LRS", input, decision);
    }
    if (any_available(input, input.record.elr)) {
        return contains(input.record.elr, leader) ? "" : fail("not of ELR", input, decision);
    }
    const bool forbidden =
        input.record.unclean_policy == UncleanPolicy::never && assigned_of(input.record).size() > 1;
    return forbidden && leader != kNoSpu ? fail("unclean under `never`", input, decision) : "";
}

std::string winner_is_available(std::uint64_t seed) {
    Prng prng(seed);
    ElectionInput input = test::random_election(prng);
    const ElectionDecision decision = elect(input);
    const SpuId leader = decision.record.leader;
    if (leader == kNoSpu) {
        return "";
    }
    if (decision.pool == ElectionPool::last_known) {
        // A drain does not take away the only one who has it all.
        input.spus[leader].draining = false;
    }
    const bool right_boot = decision.record.leader_boot == boot_of(input.spus, leader);
    return is_available(input, leader) && right_boot ? "" : fail("unavailable", input, decision);
}

std::string order_of_reports_is_irrelevant(std::uint64_t seed) {
    Prng prng(seed);
    const ElectionInput input = test::random_election(prng);
    ElectionInput shuffled = input;
    for (std::size_t i = shuffled.reports.size(); i > 1; --i) {
        std::swap(shuffled.reports[i - 1], shuffled.reports[prng.below(i)]);
    }
    const ElectionDecision decision = elect(input);
    if (!(elect(input) == decision)) {
        return fail("not a function", input, decision);
    }
    return elect(shuffled) == decision ? "" : fail("order of reports", input, decision);
}

std::string keeps_the_record_good(std::uint64_t seed) {
    Prng prng(seed);
    const ElectionInput input = test::random_election(prng);
    const ElectionDecision decision = elect(input);
    const PartitionRecord& after = decision.record;
    if (const std::string broken = test::broken_by(input.record, after); !broken.empty()) {
        return broken;
    }
    if (after == input.record) {
        return after.leader == kNoSpu ? "" : fail("no new epoch", input, decision);
    }
    if (after.leader_epoch.value() != input.record.leader_epoch.value() + 1) {
        return fail("the epoch is not one more", input, decision);
    }
    SpuSet allowed = input.record.lrs;
    if (after.leader != kNoSpu) {
        insert(allowed, after.leader);
    }
    if (!difference(after.lrs, allowed).empty()) {
        return fail("LRS gained others than the leader", input, decision);
    }
    for (const SpuId spu : after.lrs) {
        if (!is_unfenced(input.spus, spu)) {
            return fail("I14: fenced member in LRS", input, decision);
        }
    }
    SpuSet stayed;
    for (const SpuId spu : input.record.lrs) {
        if (is_unfenced(input.spus, spu)) {
            insert(stayed, spu);
        }
    }
    const bool kept = stayed.size() < input.record.min_live;
    for (const SpuId spu : difference(input.record.lrs, stayed)) {
        const bool outsiders_kept = after.lrs.size() < after.min_live;
        const bool clean = decision.pool != ElectionPool::any;
        if (clean && outsiders_kept && contains(after.elr, spu) != kept) {
            return fail("a removed member's place", input, decision);
        }
    }
    return "";
}

std::string best_of_the_pool_wins(std::uint64_t seed) {
    Prng prng(seed);
    const ElectionInput input = test::random_election(prng);
    const ElectionDecision decision = elect(input);
    if (decision.record.leader == kNoSpu) {
        return "";
    }
    SpuSet pool = assigned_of(input.record);
    switch (decision.pool) {
        case ElectionPool::lrs: pool = input.record.lrs; break;
        case ElectionPool::elr: pool = input.record.elr; break;
        case ElectionPool::last_known: pool = input.record.last_known; break;
        case ElectionPool::any:
        case ElectionPool::none: break;
    }
    const auto end = end_of(input, decision.record.leader);
    // An election that may lose records passes over nobody who can have them.
    const bool of_all = decision.pool == ElectionPool::last_known;
    for (const SpuId spu : pool) {
        const bool has_voice = of_all ? !is_damaged(input, spu) : is_available(input, spu);
        if (has_voice && end_of(input, spu) > end) {
            return fail("another has more", input, decision);
        }
    }
    return "";
}

std::string fencing_others_changes_nothing(std::uint64_t seed) {
    Prng prng(seed);
    ElectionInput input = test::random_election(prng);
    const ElectionDecision decision = elect(input);
    SpuSet relevant = assigned_of(input.record);
    if (decision.pool == ElectionPool::lrs) {
        relevant = input.record.lrs;
    }
    for (auto& [spu, state] : input.spus) {
        state.fenced = state.fenced || !contains(relevant, spu);
    }
    const ElectionDecision again = elect(input);
    return again.record.leader == decision.record.leader ? "" : fail("winner", input, again);
}

std::string rounds_end(std::uint64_t seed) {
    Prng prng(seed);
    ElectionInput input = test::random_election(prng);
    std::size_t rounds_left = assigned_of(input.record).size();
    ElectionDecision decision = elect(input);
    for (; decision.record.leader != kNoSpu && rounds_left > 0; --rounds_left) {
        insert(input.tried, decision.record.leader);
        input.record = decision.record;
        decision = elect(input);
    }
    const bool led = decision.record.leader != kNoSpu;
    const bool rests = decision.record.phase == PartitionPhase::offline ||
                       decision.record.phase == PartitionPhase::recovering;
    if (led || !rests) {
        return fail("does not end", input, decision);
    }
    input.record = decision.record;
    return elect(input).record == decision.record ? "" : fail("does not rest", input, decision);
}

std::string last_known_only_when_all_reported(std::uint64_t seed) {
    Prng prng(seed);
    const ElectionInput input = test::random_election(prng);
    const ElectionDecision decision = elect(input);
    if (decision.pool != ElectionPool::last_known) {
        return "";
    }
    const SpuSet& members = input.record.last_known;
    const bool all = std::all_of(members.begin(), members.end(), [&](SpuId spu) {
        return is_unfenced(input.spus, spu) && has_reported(input, spu);
    });
    return all ? "" : fail("before all reported", input, decision);
}

std::string unclean_is_marked_and_reported(std::uint64_t seed) {
    Prng prng(seed);
    const ElectionInput input = test::random_election(prng);
    const ElectionDecision decision = elect(input);
    const SpuId leader = decision.record.leader;
    const bool unclean = leader != kNoSpu && !contains(input.record.lrs, leader) &&
                         !contains(input.record.elr, leader);
    if (unclean && decision.record.phase != PartitionPhase::recovering) {
        return fail("I23: not recovering", input, decision);
    }
    // Policy `availability` may also choose one of LRS or ELR whose set was given up.
    if (decision.loss.has_value() !=
        (decision.pool == ElectionPool::last_known || decision.pool == ElectionPool::any)) {
        return fail("I23: the report of the loss", input, decision);
    }
    return unclean && !decision.loss.has_value() ? fail("I23: no report", input, decision) : "";
}

std::string never_stops_at_any_record(std::uint64_t seed) {
    Prng prng(seed);
    ElectionInput input = test::random_election(prng);
    input.record = test::spoil(prng, input.record);
    const ElectionDecision decision = elect(input);
    const bool refused = decision.record.leader == kNoSpu &&
                         decision.record.phase == PartitionPhase::offline &&
                         decision.pool == ElectionPool::none;
    return refused && !decision.alarms.empty() ? "" : fail("no alarm", input, decision);
}

std::string equals_its_twin(std::uint64_t seed) {
    Prng prng(seed);
    const ElectionInput input = test::random_election(prng);
    const ElectionDecision decision = elect(input);
    const ElectionDecision expected = test::elect_naively(input);
    if (decision == expected) {
        return "";
    }
    return fail("twin", input, decision) + "\n  twin   " + test::to_text(expected.record);
}

}  // namespace

RC_GTEST_PROP(Election, e1_looks_into_the_pools_in_order, (std::uint64_t seed)) {
    holds(pools_in_order, seed);
}
RC_GTEST_PROP(Election, e2_winner_is_available, (std::uint64_t seed)) {
    holds(winner_is_available, seed);
}
RC_GTEST_PROP(Election, e3_order_of_reports_is_irrelevant, (std::uint64_t seed)) {
    holds(order_of_reports_is_irrelevant, seed);
}
RC_GTEST_PROP(Election, e4_keeps_the_record_good, (std::uint64_t seed)) {
    holds(keeps_the_record_good, seed);
}
RC_GTEST_PROP(Election, e5_best_of_the_pool_wins, (std::uint64_t seed)) {
    holds(best_of_the_pool_wins, seed);
}
RC_GTEST_PROP(Election, e6_fencing_others_changes_nothing, (std::uint64_t seed)) {
    holds(fencing_others_changes_nothing, seed);
}
RC_GTEST_PROP(Election, e7_rounds_end, (std::uint64_t seed)) {
    holds(rounds_end, seed);
}
RC_GTEST_PROP(Election, e8_last_known_only_when_all_reported, (std::uint64_t seed)) {
    holds(last_known_only_when_all_reported, seed);
}
RC_GTEST_PROP(Election, e9_never_stops_at_any_record, (std::uint64_t seed)) {
    holds(never_stops_at_any_record, seed);
}
RC_GTEST_PROP(Election, e10_equals_its_twin, (std::uint64_t seed)) {
    holds(equals_its_twin, seed);
}
RC_GTEST_PROP(Election, i23_unclean_is_marked_and_reported, (std::uint64_t seed)) {
    holds(unclean_is_marked_and_reported, seed);
}

// Otherwise the properties above could hold for want of cases.
TEST(Election, RandomInputsReachEveryPool) {
    std::map<ElectionPool, int> reached;
    int at_rest = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        Prng prng(seed);
        const ElectionInput input = test::random_election(prng);
        ASSERT_TRUE(check_record(input.record).empty()) << test::to_text(input.record);
        const ElectionDecision decision = elect(input);
        ++reached[decision.pool];
        at_rest += decision.record == input.record ? 1 : 0;
    }
    for (const ElectionPool pool : {ElectionPool::none, ElectionPool::lrs, ElectionPool::elr,
                                    ElectionPool::last_known, ElectionPool::any}) {
        EXPECT_GE(reached[pool], 20) << static_cast<int>(pool) << " " << reached[pool];
    }
    EXPECT_GE(at_rest, 20);
}

#ifdef WEIR_MUTANTS
TEST(Election, FindsThePlantedBugs) {
    test::expect_found({
        {Mutant::elect_any_replica, pools_in_order},
        {Mutant::unclean_under_never, pools_in_order},
        {Mutant::elect_fenced, winner_is_available},
        {Mutant::election_tolerates_lag, best_of_the_pool_wins},
        {Mutant::second_best_known, best_of_the_pool_wins},
        {Mutant::winner_by_arrival, order_of_reports_is_irrelevant},
        {Mutant::last_known_without_all, last_known_only_when_all_reported},
        {Mutant::elr_not_cleared, keeps_the_record_good},
    });
}
#endif

}  // namespace weir::control
