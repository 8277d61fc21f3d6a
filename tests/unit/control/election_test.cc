// The election rule (replication.md 5.5), one case for each sentence.

#include "core/control/election.h"

#include "core/control/fencing.h"
#include "tests/support/control_worlds.h"

#include <gtest/gtest.h>

namespace weir::control {

using test::online_record;
using test::report;
using test::spus;

namespace {

// Led by 1, which is gone and not fenced in the record yet.
ElectionInput leader_gone() {
    ElectionInput input = test::election(online_record({1, 2, 3}));
    input.spus[SpuId(1)].fenced = true;
    return input;
}

// LRS and ELR are empty; 1 and 2 were the last that were known.
ElectionInput only_last_known(UncleanPolicy policy) {
    ElectionInput input = test::election(online_record({1, 2, 3}));
    input.record.lrs = {};
    input.record.last_known = spus({1, 2});
    input.record.leader = kNoSpu;
    input.record.leader_boot = kNoBoot;
    input.record.phase = PartitionPhase::offline;
    input.record.unclean_policy = policy;
    input.reports = {report(1, 4, 90), report(2, 5, 80), report(3, 6, 999)};
    input.known_end = Offset(120);
    return input;
}

}  // namespace

TEST(Election, FencedLeaderLeavesAndAMemberOfTheLrsTakesOver) {
    const ElectionDecision decision = elect(leader_gone());
    EXPECT_EQ(decision.record.leader, SpuId(2));
    EXPECT_EQ(decision.record.leader_boot, BootEpoch(102));
    EXPECT_EQ(decision.record.lrs, spus({2, 3}));
    EXPECT_EQ(decision.record.elr, spus({}));
    EXPECT_EQ(decision.record.leader_epoch, LeaderEpoch(6));
    EXPECT_EQ(decision.record.version, RecordVersion(11));
    EXPECT_EQ(decision.record.phase, PartitionPhase::candidate_found);
    EXPECT_EQ(decision.pool, ElectionPool::lrs);
    EXPECT_FALSE(decision.loss.has_value());
}

// The same offsets may get other records then.
TEST(Election, OnlyAnUncleanOneForgetsWhatWasDeletedBehindItsLog) {
    ElectionInput clean = leader_gone();
    clean.record.delete_before = Offset(70);
    EXPECT_EQ(elect(clean).record.delete_before, Offset(70));
    ElectionInput unclean = only_last_known(UncleanPolicy::balanced);
    unclean.record.delete_before = Offset(70);
    const ElectionDecision decision = elect(unclean);
    EXPECT_EQ(decision.pool, ElectionPool::last_known);
    EXPECT_EQ(decision.loss->from, Offset(80));
    EXPECT_EQ(decision.record.delete_before, Offset(70));
    unclean.record.delete_before = Offset(85);
    EXPECT_EQ(elect(unclean).record.delete_before, Offset(80));
}

TEST(Election, FencedLeaderBecomesEligibleWhenTooFewRemain) {
    ElectionInput input = test::election(online_record({1, 2}));
    input.spus[SpuId(1)].fenced = true;
    const ElectionDecision decision = elect(input);
    EXPECT_EQ(decision.record.leader, SpuId(2));
    EXPECT_EQ(decision.record.lrs, spus({2}));
    EXPECT_EQ(decision.record.elr, spus({1}));
}

TEST(Election, LastEpochCountsBeforeLogEnd) {
    ElectionInput input = leader_gone();
    input.reports = {report(2, 4, 200), report(3, 5, 100)};
    EXPECT_EQ(elect(input).record.leader, SpuId(3));
}

TEST(Election, LongestLogOfTheEpochWins) {
    ElectionInput input = leader_gone();
    input.reports = {report(2, 5, 100), report(3, 5, 101)};
    EXPECT_EQ(elect(input).record.leader, SpuId(3));
}

TEST(Election, MemberThatDidNotReportRanksLowestAndMayStillWin) {
    ElectionInput input = leader_gone();
    input.reports = {report(3, kNoEpoch.value(), 0)};
    EXPECT_EQ(elect(input).record.leader, SpuId(3));
    input.tried = spus({3});
    EXPECT_EQ(elect(input).record.leader, SpuId(2));
}

TEST(Election, ReportOfAnOlderBootOrAnotherReplicaCountsAsNone) {
    ElectionInput input = leader_gone();
    ReplicaReport old_boot = report(2, 9, 900);
    old_boot.boot = BootEpoch(1);
    ReplicaReport other_replica = report(2, 9, 900);
    other_replica.uid = test::uid_of(SpuId(2), 2);
    input.reports = {old_boot, other_replica, report(3, 5, 1)};
    EXPECT_EQ(elect(input).record.leader, SpuId(3));
}

TEST(Election, AmongEqualsThePreferredThenTheLeastLeadingThenTheLowestWins) {
    ElectionInput input = test::election(online_record({3, 1, 2}));
    input.record.leader = SpuId(1);
    input.record.leader_boot = BootEpoch(101);
    input.spus[SpuId(1)].fenced = true;
    input.leader_counts[SpuId(3)] = 9;
    EXPECT_EQ(elect(input).record.leader, SpuId(3));

    input = test::election(online_record({1, 2, 3, 4}));
    input.spus[SpuId(1)].fenced = true;
    input.leader_counts = {{SpuId(2), 2}, {SpuId(3), 1}, {SpuId(4), 1}};
    EXPECT_EQ(elect(input).record.leader, SpuId(3));
}

TEST(Election, NeitherDrainingNorTriedNorDamagedIsACandidate) {
    ElectionInput input = leader_gone();
    input.spus[SpuId(2)].draining = true;
    EXPECT_EQ(elect(input).record.leader, SpuId(3));

    input = leader_gone();
    input.tried = spus({2});
    EXPECT_EQ(elect(input).record.leader, SpuId(3));

    input = leader_gone();
    input.reports[1].healthy = false;
    EXPECT_EQ(elect(input).record.leader, SpuId(3));
}

TEST(Election, EligibleReplicaEntersTheLrs) {
    ElectionInput input = test::election(online_record({1, 2, 3}));
    input.record = on_fence(on_fence(on_fence(input.record, SpuId(3)), SpuId(2)), SpuId(1));
    ASSERT_EQ(input.record.elr, spus({1, 2}));
    input.spus[SpuId(1)].fenced = true;
    input.spus[SpuId(3)].fenced = true;
    const ElectionDecision decision = elect(input);
    EXPECT_EQ(decision.pool, ElectionPool::elr);
    EXPECT_EQ(decision.record.leader, SpuId(2));
    EXPECT_EQ(decision.record.lrs, spus({2}));
    EXPECT_EQ(decision.record.elr, spus({1}));
}

TEST(Election, OutsidersAreForgottenWhenTheWinnerMakesTheLrsBigEnough) {
    ElectionInput input = test::election(online_record({1, 2, 3}));
    input.record.lrs = spus({1});
    input.record.elr = spus({2});
    input.record.last_known = spus({3});
    input.tried = spus({1});
    const ElectionDecision decision = elect(input);
    EXPECT_EQ(decision.record.leader, SpuId(2));
    EXPECT_EQ(decision.record.lrs, spus({1, 2}));
    EXPECT_TRUE(decision.record.elr.empty());
    EXPECT_TRUE(decision.record.last_known.empty());
}

TEST(Election, BestOfLastKnownRecoversThePartitionAndTheLossIsReported) {
    const ElectionDecision decision = elect(only_last_known(UncleanPolicy::balanced));
    EXPECT_EQ(decision.pool, ElectionPool::last_known);
    EXPECT_EQ(decision.record.leader, SpuId(2));
    EXPECT_EQ(decision.record.phase, PartitionPhase::recovering);
    EXPECT_EQ(decision.record.lrs, spus({2}));
    EXPECT_EQ(decision.record.last_known, spus({1}));
    ASSERT_TRUE(decision.loss.has_value());
    EXPECT_EQ(decision.loss->leader, SpuId(2));
    EXPECT_EQ(decision.loss->epoch, LeaderEpoch(6));
    EXPECT_EQ(decision.loss->from, Offset(80));
    EXPECT_EQ(decision.loss->to, Offset(999));
}

TEST(Election, LastKnownWaitsUntilAllAreThereAndHaveReported) {
    ElectionInput input = only_last_known(UncleanPolicy::balanced);
    input.reports.erase(input.reports.begin());
    EXPECT_EQ(elect(input).record.leader, kNoSpu);

    input = only_last_known(UncleanPolicy::balanced);
    input.spus[SpuId(1)].fenced = true;
    EXPECT_EQ(elect(input).record.leader, kNoSpu);

    // It has reported, and lost its connection since: nobody else may lose what it has.
    input = only_last_known(UncleanPolicy::balanced);
    input.away = spus({2});
    EXPECT_EQ(elect(input).record.leader, kNoSpu);
}

// It was slow to take the lead, or had to start again: the other one has less for all that.
TEST(Election, LastKnownPassesOverNobodyWhoHasMore) {
    ElectionInput input = only_last_known(UncleanPolicy::balanced);
    const SpuId best = elect(input).record.leader;
    input.tried = {best};
    EXPECT_EQ(elect(input).record.leader, kNoSpu);

    input.tried.clear();
    input.spus[best].draining = true;
    EXPECT_EQ(elect(input).record.leader, best);

    // What it had is gone.
    for (ReplicaReport& report : input.reports) {
        report.healthy = report.spu != best;
    }
    EXPECT_EQ(elect(input).pool, ElectionPool::last_known);
    EXPECT_NE(elect(input).record.leader, best);
}

TEST(Election, LastKnownTriesTheNextOneWithAsMuch) {
    ElectionInput input = only_last_known(UncleanPolicy::balanced);
    for (ReplicaReport& report : input.reports) {
        report.leo = Offset(80);
        report.last_epoch = LeaderEpoch(1);
    }
    const SpuId first = elect(input).record.leader;
    input.tried = {first};
    EXPECT_EQ(elect(input).pool, ElectionPool::last_known);
    EXPECT_NE(elect(input).record.leader, first);
}

TEST(Election, PolicyNeverWaits) {
    EXPECT_EQ(elect(only_last_known(UncleanPolicy::never)).record.leader, kNoSpu);
}

TEST(Election, SingleReplicaComesBackUnderEveryPolicy) {
    ElectionInput input = test::election(online_record({1}));
    input.record.min_live = 1;
    input.record.lrs = {};
    input.record.last_known = spus({1});
    input.record.leader = kNoSpu;
    input.record.leader_boot = kNoBoot;
    input.record.phase = PartitionPhase::offline;
    input.record.unclean_policy = UncleanPolicy::never;
    const ElectionDecision decision = elect(input);
    EXPECT_EQ(decision.record.leader, SpuId(1));
    EXPECT_TRUE(decision.loss.has_value());
}

TEST(Election, AvailabilityTakesAnybodyAfterTheGrace) {
    ElectionInput input = only_last_known(UncleanPolicy::availability);
    input.spus[SpuId(1)].fenced = true;
    EXPECT_EQ(elect(input).record.leader, kNoSpu);
    input.grace_is_over = true;
    const ElectionDecision decision = elect(input);
    EXPECT_EQ(decision.pool, ElectionPool::any);
    EXPECT_EQ(decision.record.leader, SpuId(3));
    EXPECT_EQ(decision.record.phase, PartitionPhase::recovering);
    EXPECT_EQ(decision.record.last_known, spus({1, 2}));
}

TEST(Election, AvailabilityDoubtsThoseWhoWereComplete) {
    ElectionInput input = test::election(online_record({1, 2, 3}));
    input.record = on_fence(on_fence(on_fence(input.record, SpuId(3)), SpuId(2)), SpuId(1));
    input.record.unclean_policy = UncleanPolicy::availability;
    input.grace_is_over = true;
    input.spus[SpuId(1)].fenced = true;
    input.spus[SpuId(2)].fenced = true;
    const ElectionDecision decision = elect(input);
    EXPECT_EQ(decision.record.leader, SpuId(3));
    EXPECT_EQ(decision.record.lrs, spus({3}));
    EXPECT_TRUE(decision.record.elr.empty());
    EXPECT_EQ(decision.record.last_known, spus({1, 2}));
}

TEST(Election, RecoveringOutlivesItsLeader) {
    ElectionInput input = only_last_known(UncleanPolicy::balanced);
    input.record = on_fence(elect(input).record, SpuId(2));
    EXPECT_EQ(input.record.phase, PartitionPhase::recovering);
    EXPECT_EQ(input.record.elr, spus({2}));
    const ElectionDecision again = elect(input);
    EXPECT_EQ(again.pool, ElectionPool::elr);
    EXPECT_EQ(again.record.phase, PartitionPhase::recovering);
    EXPECT_FALSE(again.loss.has_value());
}

TEST(Election, NobodyMeansOfflineAndAnotherEpochOnce) {
    ElectionInput input = leader_gone();
    input.tried = spus({2, 3});
    const ElectionDecision decision = elect(input);
    EXPECT_EQ(decision.record.leader, kNoSpu);
    EXPECT_EQ(decision.record.leader_boot, kNoBoot);
    EXPECT_EQ(decision.record.phase, PartitionPhase::offline);
    EXPECT_EQ(decision.record.leader_epoch, LeaderEpoch(6));
    EXPECT_EQ(decision.record.lrs, spus({2, 3}));
    input.record = decision.record;
    EXPECT_EQ(elect(input).record, decision.record);
}

TEST(Election, RecordThatCannotBeTrustedElectsNobody) {
    ElectionInput input = leader_gone();
    input.record.elr = spus({9});
    const ElectionDecision decision = elect(input);
    EXPECT_EQ(decision.record.leader, kNoSpu);
    EXPECT_EQ(decision.record.phase, PartitionPhase::offline);
    const std::vector<RecordFault> expected = {RecordFault::member_not_assigned,
                                               RecordFault::outsiders_kept};
    EXPECT_EQ(decision.alarms, expected);
}

}  // namespace weir::control
