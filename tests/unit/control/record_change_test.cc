// Fencing, registration, promotion, and changes of the LRS (replication.md 5.3 to 5.7), one case
// for each rule.

#include "core/control/fencing.h"
#include "core/control/live_sets.h"
#include "core/control/lrs_change.h"
#include "core/control/new_partition.h"
#include "core/control/promotion.h"
#include "core/control/record_check.h"
#include "core/control/registration.h"
#include "tests/support/control_worlds.h"

#include <gtest/gtest.h>

namespace weir::control {

using test::online_record;
using test::spus;
using test::uid_of;

namespace {

AlterLrs request_of(const PartitionRecord& record, std::initializer_list<int> lrs) {
    AlterLrs request;
    request.leader = record.leader;
    request.boot = record.leader_boot;
    request.epoch = record.leader_epoch;
    request.version = record.version;
    request.lrs = spus(lrs);
    return request;
}

AddedMember added(int id) {
    AddedMember member;
    member.spu = SpuId(id);
    member.uid = uid_of(member.spu);
    member.boot = BootEpoch(100 + static_cast<std::uint64_t>(id));
    return member;
}

// 3 is out of the LRS, which is big enough.
PartitionRecord two_of_three() {
    PartitionRecord record = online_record({1, 2, 3});
    record.lrs = spus({1, 2});
    return record;
}

CandidateId candidate_of(const PartitionRecord& record) {
    CandidateId candidate;
    candidate.spu = record.leader;
    candidate.boot = record.leader_boot;
    candidate.epoch = record.leader_epoch;
    return candidate;
}

Uid named(std::uint64_t low) {
    Uid uid;
    uid.low = low;
    return uid;
}

RegistrationFacts facts(std::uint64_t storage, std::uint64_t clean_boot) {
    RegistrationFacts one;
    one.cluster = named(1);
    one.storage = named(storage);
    one.clean_boot = BootEpoch(clean_boot);
    return one;
}

KnownSpu known_spu() {
    KnownSpu known;
    known.cluster = named(1);
    known.storage = named(5);
    known.boot = BootEpoch(8);
    known.connected = true;
    return known;
}

}  // namespace

TEST(Fencing, LeaderLosesTheLeadForAnEpoch) {
    const PartitionRecord record = on_fence(online_record({1, 2, 3}), SpuId(1));
    EXPECT_EQ(record.leader, kNoSpu);
    EXPECT_EQ(record.leader_epoch, LeaderEpoch(6));
    EXPECT_EQ(record.version, RecordVersion(11));
    EXPECT_EQ(record.phase, PartitionPhase::election);
    EXPECT_EQ(record.lrs, spus({2, 3}));
    EXPECT_TRUE(record.elr.empty());
}

TEST(Fencing, FollowerLeavesTheLrsAndTheEpochStays) {
    const PartitionRecord record = on_fence(online_record({1, 2}), SpuId(2));
    EXPECT_EQ(record.leader, SpuId(1));
    EXPECT_EQ(record.leader_epoch, LeaderEpoch(5));
    EXPECT_EQ(record.version, RecordVersion(11));
    EXPECT_EQ(record.elr, spus({2}));
}

TEST(Fencing, WhoIsNotInvolvedChangesNothing) {
    const PartitionRecord record = two_of_three();
    EXPECT_EQ(on_fence(record, SpuId(3)), record);
    EXPECT_EQ(on_fence(record, SpuId(9)), record);
}

TEST(Registration, AdmitsOneProcessOfAnIdUnlessTheDiskIsTheSame) {
    KnownSpu known = known_spu();
    EXPECT_EQ(admit(facts(5, 0), known), Admission::accepted);
    EXPECT_EQ(admit(facts(6, 0), known), Admission::id_in_use);
    known.connected = false;
    EXPECT_EQ(admit(facts(6, 0), known), Admission::accepted);
    known.cluster = named(2);
    EXPECT_EQ(admit(facts(5, 0), known), Admission::wrong_cluster);
    EXPECT_EQ(admit(facts(5, 0), KnownSpu{named(1), Uid(), kNoBoot, true}), Admission::accepted);
}

TEST(Registration, ClassifiesWhatComesBack) {
    struct Row {
        std::uint64_t storage;
        std::uint64_t clean_boot;
        Durability durability;
        ReplicaHealth health;
        ReturnKind kind;
    };
    const auto healthy = ReplicaHealth::healthy;
    const auto damaged = ReplicaHealth::damaged;
    for (const Row& row : {
             Row{5, 8, Durability::async, healthy, ReturnKind::complete},
             Row{5, 0, Durability::fsync, healthy, ReturnKind::complete},
             Row{5, 0, Durability::bounded, healthy, ReturnKind::unproven},
             Row{5, 0, Durability::async, healthy, ReturnKind::unproven},
             // A marker of the boot before the last.
             Row{5, 7, Durability::bounded, healthy, ReturnKind::unproven},
             Row{5, 8, Durability::fsync, damaged, ReturnKind::damaged},
             Row{6, 8, Durability::fsync, healthy, ReturnKind::lost},
             Row{6, 0, Durability::async, damaged, ReturnKind::lost},
         }) {
        EXPECT_EQ(classify_return(facts(row.storage, row.clean_boot), known_spu(), row.durability,
                                  row.health),
                  row.kind)
            << row.storage << " " << row.clean_boot << " " << static_cast<int>(row.durability);
    }
}

TEST(Registration, UnnoticedRestartOfTheLeaderIsAnotherEpoch) {
    const PartitionRecord record =
        on_register(online_record({1, 2, 3}), SpuId(1), ReturnKind::complete, uid_of(SpuId(1), 2));
    EXPECT_EQ(record.leader, kNoSpu);
    EXPECT_EQ(record.leader_epoch, LeaderEpoch(6));
    EXPECT_EQ(record.version, RecordVersion(11));
    EXPECT_EQ(record.lrs, spus({2, 3}));
}

TEST(Registration, CompleteReplicaStaysEligible) {
    const PartitionRecord record = on_register(on_fence(online_record({1, 2}), SpuId(2)), SpuId(2),
                                               ReturnKind::complete, uid_of(SpuId(2), 2));
    EXPECT_EQ(record.elr, spus({2}));
}

TEST(Registration, UnprovenReplicaLeavesTheEligible) {
    const PartitionRecord record =
        on_register(online_record({1, 2}), SpuId(2), ReturnKind::unproven, uid_of(SpuId(2), 2));
    EXPECT_EQ(record.lrs, spus({1}));
    EXPECT_TRUE(record.elr.empty());
    EXPECT_EQ(record.last_known, spus({2}));
    EXPECT_EQ(record.version, RecordVersion(11));
    EXPECT_EQ(record.replicas[1].uid, uid_of(SpuId(2)));
}

TEST(Registration, LostDiskIsAnotherReplica) {
    const PartitionRecord record =
        on_register(online_record({1, 2}), SpuId(2), ReturnKind::lost, uid_of(SpuId(2), 2));
    EXPECT_EQ(record.lrs, spus({1}));
    EXPECT_TRUE(record.elr.empty());
    EXPECT_TRUE(record.last_known.empty());
    EXPECT_EQ(record.replicas[1].uid, uid_of(SpuId(2), 2));
}

TEST(Registration, WhoHasNothingAnyMoreIsAnotherReplicaUnlessNobodyElseIsEligible) {
    const Uid fresh{0, 99};
    const PartitionRecord before = online_record({1, 2});
    const PartitionRecord one = on_missing(before, SpuId(1), fresh);
    EXPECT_EQ(assigned_uid(one, SpuId(1)), fresh);
    EXPECT_EQ(one.lrs, spus({2}));
    EXPECT_TRUE(one.last_known.empty());
    const PartitionRecord both = on_missing(one, SpuId(2), fresh);
    EXPECT_EQ(assigned_uid(both, SpuId(2)), assigned_uid(before, SpuId(2)));
    EXPECT_TRUE(both.lrs.empty() && both.elr.empty());
    EXPECT_EQ(both.last_known, spus({2}));
    EXPECT_EQ(both.leader, kNoSpu);
}

TEST(Registration, WhoHasNotHeardOfANewPartitionStaysAMember) {
    NewPartition made;
    made.topic_uid = Uid{0, 7};
    made.replicas = {{SpuId(1), Uid{0, 1}}, {SpuId(2), Uid{0, 2}}};
    SpuStates states;
    for (const int id : {1, 2}) {
        states[SpuId(id)].boot = BootEpoch(5);
        states[SpuId(id)].fenced = false;
    }
    const PartitionRecord before = new_partition(made, states, {});
    ASSERT_EQ(before.leader, SpuId(1));
    const PartitionRecord after = on_missing(before, SpuId(2), Uid{0, 99});
    EXPECT_EQ(after.replicas, before.replicas);
    EXPECT_EQ(after.lrs, before.lrs);
    EXPECT_EQ(after.leader, kNoSpu);
    EXPECT_GT(after.leader_epoch, before.leader_epoch);
    EXPECT_TRUE(check_record(after).empty());
    // From then on as any other.
    EXPECT_EQ(on_missing(after, SpuId(2), Uid{0, 99}).lrs, spus({1}));
}

TEST(Registration, DamagedReplicaStartsOverOnlyWhenAnotherHasItAll) {
    PartitionRecord record = online_record({1, 2});
    PartitionRecord after = on_damage(record, SpuId(2), uid_of(SpuId(2), 2));
    EXPECT_EQ(after.replicas[1].uid, uid_of(SpuId(2), 2));
    record =
        on_fence(on_register(record, SpuId(2), ReturnKind::lost, uid_of(SpuId(2), 2)), SpuId(1));
    ASSERT_EQ(record.elr, spus({1}));
    after = on_damage(record, SpuId(1), uid_of(SpuId(1), 2));
    EXPECT_TRUE(after.elr.empty());
    EXPECT_EQ(after.last_known, spus({1}));
    EXPECT_EQ(after.replicas[0].uid, uid_of(SpuId(1)));
    // A recovery needs it, also when it says so again.
    EXPECT_EQ(on_damage(after, SpuId(1), uid_of(SpuId(1), 3)).last_known, spus({1}));
}

TEST(Registration, TwoHeartbeatsInARowUnfence) {
    HeartbeatStreak streak = on_heartbeat(HeartbeatStreak());
    EXPECT_FALSE(may_unfence(streak));
    streak = on_heartbeat(streak);
    EXPECT_TRUE(may_unfence(streak));
    EXPECT_TRUE(may_unfence(on_heartbeat(streak)));
}

TEST(LrsChange, LeaderAddsAFollower) {
    const PartitionRecord record = two_of_three();
    AlterLrs request = request_of(record, {1, 2, 3});
    request.added = {added(3)};
    const AlterLrsResult result = apply_alter_lrs(record, request, test::unfenced({1, 2, 3}));
    EXPECT_EQ(result.verdict, AlterLrsVerdict::accepted);
    EXPECT_EQ(result.record.lrs, spus({1, 2, 3}));
    EXPECT_EQ(result.record.version, RecordVersion(11));
    EXPECT_EQ(result.record.leader_epoch, LeaderEpoch(5));
}

TEST(LrsChange, RemovedMemberBecomesEligibleBelowMinLive) {
    PartitionRecord record = online_record({1, 2, 3});
    const AlterLrsResult one =
        apply_alter_lrs(record, request_of(record, {1, 2}), test::unfenced({1, 2, 3}));
    EXPECT_TRUE(one.record.elr.empty());
    record = one.record;
    const AlterLrsResult two =
        apply_alter_lrs(record, request_of(record, {1}), test::unfenced({1, 2, 3}));
    EXPECT_EQ(two.record.lrs, spus({1}));
    EXPECT_EQ(two.record.elr, spus({2}));
}

TEST(LrsChange, EnoughMembersEndEligibilityAndRecovery) {
    PartitionRecord record = online_record({1, 2, 3});
    record.lrs = spus({1});
    record.elr = spus({2});
    record.last_known = spus({3});
    record.phase = PartitionPhase::recovering;
    AlterLrs request = request_of(record, {1, 3});
    request.added = {added(3)};
    const AlterLrsResult result = apply_alter_lrs(record, request, test::unfenced({1, 2, 3}));
    EXPECT_EQ(result.record.lrs, spus({1, 3}));
    EXPECT_TRUE(result.record.elr.empty());
    EXPECT_TRUE(result.record.last_known.empty());
    EXPECT_EQ(result.record.phase, PartitionPhase::online);
}

TEST(LrsChange, OnlyTheLeaderOfThisBootAndEpochIsHeard) {
    const PartitionRecord record = two_of_three();
    const SpuStates states = test::unfenced({1, 2, 3});
    AlterLrs request = request_of(record, {1, 2});
    request.leader = SpuId(2);
    EXPECT_EQ(apply_alter_lrs(record, request, states).verdict, AlterLrsVerdict::not_leader);
    request = request_of(record, {1, 2});
    request.boot = BootEpoch(100);
    EXPECT_EQ(apply_alter_lrs(record, request, states).verdict, AlterLrsVerdict::not_leader);
    request = request_of(record, {1, 2});
    request.epoch = LeaderEpoch(4);
    EXPECT_EQ(apply_alter_lrs(record, request, states).verdict, AlterLrsVerdict::not_leader);
    request = request_of(record, {1, 2});
    request.version = RecordVersion(9);
    const AlterLrsResult stale = apply_alter_lrs(record, request, states);
    EXPECT_EQ(stale.verdict, AlterLrsVerdict::stale);
    EXPECT_EQ(stale.record, record);
}

TEST(LrsChange, MemberThatMayNotEnterCostsAVersion) {
    const PartitionRecord record = two_of_three();
    AlterLrs request = request_of(record, {1, 2, 3});
    request.added = {added(3)};
    const auto verdict_with = [&](const AlterLrs& asked, const SpuStates& states) {
        const AlterLrsResult result = apply_alter_lrs(record, asked, states);
        EXPECT_EQ(result.record.version, RecordVersion(11));
        EXPECT_EQ(result.record.lrs, record.lrs);
        return result.verdict;
    };
    SpuStates states = test::unfenced({1, 2, 3});
    states[SpuId(3)].fenced = true;
    EXPECT_EQ(verdict_with(request, states), AlterLrsVerdict::ineligible);
    states = test::unfenced({1, 2, 3});
    states[SpuId(3)].draining = true;
    EXPECT_EQ(verdict_with(request, states), AlterLrsVerdict::ineligible);
    states = test::unfenced({1, 2, 3});
    states[SpuId(3)].boot = BootEpoch(999);
    EXPECT_EQ(verdict_with(request, states), AlterLrsVerdict::ineligible);

    states = test::unfenced({1, 2, 3, 4});
    AlterLrs other = request;
    other.added[0].uid = uid_of(SpuId(3), 2);
    EXPECT_EQ(verdict_with(other, states), AlterLrsVerdict::ineligible);
    other = request_of(record, {1, 2, 4});
    other.added = {added(4)};
    EXPECT_EQ(verdict_with(other, states), AlterLrsVerdict::ineligible);
    EXPECT_EQ(verdict_with(request_of(record, {1, 2, 3}), states), AlterLrsVerdict::ineligible);
    EXPECT_EQ(verdict_with(request_of(record, {2}), states), AlterLrsVerdict::ineligible);
    EXPECT_EQ(verdict_with(request_of(record, {2, 1}), states), AlterLrsVerdict::ineligible);
}

TEST(Promotion, AnswerOfTheCandidateMakesThePartitionOnline) {
    PartitionRecord record = online_record({1, 2});
    record.phase = PartitionPhase::candidate_found;
    ElectionRound round;
    round.tried = spus({2});
    round.failed_promotion_count = 3;
    const PromotionStep step = on_promoted(record, round, candidate_of(record));
    EXPECT_EQ(step.record.phase, PartitionPhase::online);
    EXPECT_EQ(step.record.version, RecordVersion(11));
    EXPECT_EQ(step.record.leader_epoch, LeaderEpoch(5));
    EXPECT_TRUE(step.round.tried.empty());
    EXPECT_EQ(step.round.failed_promotion_count, 0U);
    EXPECT_FALSE(step.elect_again);
}

TEST(Promotion, RecoveringLastsUntilTheLrsIsBigEnough) {
    PartitionRecord record = online_record({1, 2});
    record.phase = PartitionPhase::recovering;
    EXPECT_EQ(on_promoted(record, ElectionRound(), candidate_of(record)).record.phase,
              PartitionPhase::online);
    record.lrs = spus({1});
    EXPECT_EQ(on_promoted(record, ElectionRound(), candidate_of(record)).record, record);
}

TEST(Promotion, FailureLeadsToTheNextElection) {
    PartitionRecord record = online_record({1, 2});
    record.phase = PartitionPhase::candidate_found;
    const PromotionStep step = on_promotion_failed(record, ElectionRound(), candidate_of(record));
    EXPECT_TRUE(step.elect_again);
    EXPECT_EQ(step.record, record);
    EXPECT_EQ(step.round.tried, spus({1}));
    EXPECT_EQ(step.round.failed_promotion_count, 1U);
    const ElectionRound later = start_over(step.round);
    EXPECT_TRUE(later.tried.empty());
    EXPECT_EQ(later.failed_promotion_count, 1U);
}

TEST(Promotion, LateAnswersChangeNothing) {
    PartitionRecord record = online_record({1, 2});
    record.phase = PartitionPhase::candidate_found;
    CandidateId late = candidate_of(record);
    late.epoch = LeaderEpoch(4);
    EXPECT_EQ(on_promoted(record, ElectionRound(), late).record, record);
    EXPECT_FALSE(on_promotion_failed(record, ElectionRound(), late).elect_again);
    record.phase = PartitionPhase::online;
    const CandidateId leader = candidate_of(record);
    EXPECT_FALSE(on_promotion_failed(record, ElectionRound(), leader).elect_again);
}

TEST(Promotion, BackoffDoublesUpToFiveSeconds) {
    EXPECT_EQ(election_backoff(0), Duration());
    EXPECT_EQ(election_backoff(1), Duration::from_ms(100));
    EXPECT_EQ(election_backoff(2), Duration::from_ms(200));
    EXPECT_EQ(election_backoff(6), Duration::from_ms(3200));
    EXPECT_EQ(election_backoff(7), Duration::from_s(5));
    EXPECT_EQ(election_backoff(4'000'000'000U), Duration::from_s(5));
}

}  // namespace weir::control
