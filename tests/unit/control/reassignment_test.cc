// Reassignment, moves of the lead, draining, and metadata regression (replication.md 5.14, 5.15).

#include "core/control/reassignment.h"

#include "core/control/fencing.h"
#include "core/control/leader_move.h"
#include "core/control/live_sets.h"
#include "core/control/regression.h"
#include "tests/support/control_worlds.h"

#include <gtest/gtest.h>

#include <utility>

namespace weir::control {

using test::online_record;
using test::spus;
using test::uid_of;

namespace {

ReassignmentRequest to(std::initializer_list<int> ids) {
    ReassignmentRequest request;
    for (const int id : ids) {
        request.target.emplace_back(id);
        request.fresh_uids.push_back(uid_of(SpuId(id), 2));
    }
    return request;
}

std::vector<std::pair<int, int>> places_of(const std::vector<AssignedReplica>& replicas) {
    std::vector<std::pair<int, int>> all;
    for (const AssignedReplica& replica : replicas) {
        all.emplace_back(replica.spu.value(), static_cast<int>(replica.uid.low));
    }
    return all;
}

using Places = std::vector<std::pair<int, int>>;

// 3 goes and 4 comes; 4 is not in the LRS yet.
PartitionRecord three_to_four() {
    return *begin_reassignment(online_record({1, 2, 3}), to({2, 4, 1}),
                               test::unfenced({1, 2, 3, 4}));
}

}  // namespace

TEST(Reassignment, BeginsWithOldAndNewTogether) {
    const PartitionRecord record = three_to_four();
    EXPECT_EQ(places_of(record.replicas), (Places{{2, 1}, {1, 1}, {3, 1}}));
    EXPECT_EQ(places_of(record.adding), (Places{{4, 2}}));
    EXPECT_EQ(record.removing, spus({3}));
    EXPECT_EQ(record.lrs, spus({1, 2, 3}));
    EXPECT_EQ(record.version, RecordVersion(11));
    EXPECT_EQ(record.leader_epoch, LeaderEpoch(5));
}

TEST(Reassignment, RefusesWhatCannotBe) {
    const PartitionRecord record = online_record({1, 2, 3});
    SpuStates states = test::unfenced({1, 2, 3, 4});
    const auto code = [&](const PartitionRecord& of, std::initializer_list<int> target) {
        const auto begun = begin_reassignment(of, to(target), states);
        EXPECT_FALSE(begun.has_value());
        return begun.error().code;
    };
    EXPECT_EQ(code(record, {}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(record, {1, 2, 2}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(record, {1, 2, 9}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(record, {1}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(record, {1, 2, 3}), ErrorCode::invalid_argument);
    states[SpuId(4)].draining = true;
    EXPECT_EQ(code(record, {1, 2, 4}), ErrorCode::invalid_argument);
    EXPECT_EQ(code(three_to_four(), {1, 2}), ErrorCode::already_exists);
}

TEST(Reassignment, AnotherOrderTakesEffectAtOnce) {
    const auto record =
        begin_reassignment(online_record({1, 2}), to({2, 1}), test::unfenced({1, 2}));
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(places_of(record->replicas), (Places{{2, 1}, {1, 1}}));
    EXPECT_EQ(reassignment_state(*record), ReassignmentState::none);
}

TEST(Reassignment, CompletesWhenTheNewOnesAreLive) {
    PartitionRecord record = three_to_four();
    EXPECT_EQ(reassignment_state(record), ReassignmentState::catching_up);
    EXPECT_FALSE(complete_reassignment(record).has_value());
    record.lrs = spus({1, 2, 3, 4});
    EXPECT_EQ(reassignment_state(record), ReassignmentState::ready);
    const auto done = complete_reassignment(record);
    ASSERT_TRUE(done.has_value());
    EXPECT_EQ(places_of(done->replicas), (Places{{2, 1}, {1, 1}, {4, 2}}));
    EXPECT_TRUE(done->adding.empty());
    EXPECT_TRUE(done->removing.empty());
    EXPECT_EQ(done->lrs, spus({1, 2, 4}));
    EXPECT_EQ(done->leader, SpuId(1));
    EXPECT_EQ(done->leader_epoch, LeaderEpoch(6));
    EXPECT_EQ(done->phase, PartitionPhase::candidate_found);
}

TEST(Reassignment, WaitsForEnoughAndForTheLeader) {
    PartitionRecord record = three_to_four();
    record.lrs = spus({1, 3, 4});
    record.min_live = 3;
    EXPECT_EQ(reassignment_state(record), ReassignmentState::too_few_live);
    record.min_live = 2;
    record.leader = SpuId(3);
    EXPECT_EQ(reassignment_state(record), ReassignmentState::leader_leaves);
    EXPECT_FALSE(complete_reassignment(record).has_value());
    record.phase = PartitionPhase::candidate_found;
    EXPECT_EQ(reassignment_state(record), ReassignmentState::unsettled);
}

TEST(Reassignment, CancelDropsWhoWasToCome) {
    PartitionRecord record = three_to_four();
    record.lrs = spus({1, 2, 3, 4});
    const auto cancelled = cancel_reassignment(record);
    ASSERT_TRUE(cancelled.has_value());
    EXPECT_EQ(cancelled->lrs, spus({1, 2, 3}));
    EXPECT_TRUE(cancelled->adding.empty());
    EXPECT_TRUE(cancelled->removing.empty());
    EXPECT_EQ(cancel_reassignment(*cancelled).error().code, ErrorCode::not_found);

    record.leader = SpuId(4);
    EXPECT_EQ(cancel_reassignment(record).error().code, ErrorCode::unavailable);
    record.leader = kNoSpu;
    record.lrs = spus({4});
    EXPECT_EQ(cancel_reassignment(record).error().code, ErrorCode::unavailable);
}

TEST(LeaderMove, SuccessorIsTheBestWhoStays) {
    ElectionInput input = test::election(online_record({1, 2, 3}));
    input.reports = {test::report(1, 5, 100), test::report(2, 5, 90), test::report(3, 5, 95)};
    EXPECT_EQ(successor(input, {}), SpuId(3));
    EXPECT_EQ(successor(input, spus({3})), SpuId(2));
    EXPECT_EQ(successor(input, spus({2, 3})), kNoSpu);
}

TEST(LeaderMove, OnlyWhileOnlineAndOnlyToALiveMember) {
    PartitionRecord record = online_record({1, 2, 3});
    record.lrs = spus({1, 2});
    SpuStates states = test::unfenced({1, 2, 3});
    const auto moved = move_leader(record, SpuId(2), states);
    ASSERT_TRUE(moved.has_value());
    EXPECT_EQ(moved->leader, SpuId(2));
    EXPECT_EQ(moved->leader_boot, BootEpoch(102));
    EXPECT_EQ(moved->leader_epoch, LeaderEpoch(6));
    EXPECT_EQ(moved->phase, PartitionPhase::candidate_found);
    EXPECT_EQ(moved->lrs, record.lrs);
    EXPECT_FALSE(move_leader(*moved, SpuId(1), states).has_value());
    EXPECT_FALSE(move_leader(record, SpuId(1), states).has_value());
    EXPECT_FALSE(move_leader(record, SpuId(3), states).has_value());
    states[SpuId(2)].draining = true;
    EXPECT_FALSE(move_leader(record, SpuId(2), states).has_value());
}

TEST(LeaderMove, PreferredLeaderWaitsForZeroLag) {
    ElectionInput input = test::election(online_record({1, 2}));
    EXPECT_FALSE(move_to_preferred(input).has_value());
    input.record.leader = SpuId(2);
    input.record.leader_boot = BootEpoch(102);
    ASSERT_TRUE(move_to_preferred(input).has_value());
    EXPECT_EQ(move_to_preferred(input)->leader, SpuId(1));
    input.reports[0].leo = Offset(99);
    EXPECT_FALSE(move_to_preferred(input).has_value());
    input.reports.erase(input.reports.begin());
    EXPECT_FALSE(move_to_preferred(input).has_value());
}

TEST(Drain, LeadGoesFirstThenThePlaceInTheLrs) {
    ElectionInput input = test::election(online_record({1, 2, 3}));
    input.spus[SpuId(1)].draining = true;
    DrainStep step = drain_step(input, SpuId(1));
    ASSERT_EQ(step.state, DrainState::step);
    EXPECT_EQ(step.record.leader, SpuId(2));
    EXPECT_EQ(step.record.lrs, spus({1, 2, 3}));
    input.record = step.record;
    EXPECT_EQ(drain_step(input, SpuId(1)).state, DrainState::unsettled);
    input.record.phase = PartitionPhase::online;
    step = drain_step(input, SpuId(1));
    ASSERT_EQ(step.state, DrainState::step);
    EXPECT_EQ(step.record.lrs, spus({2, 3}));
    EXPECT_EQ(step.record.leader, SpuId(2));
    input.record = step.record;
    EXPECT_EQ(drain_step(input, SpuId(1)).state, DrainState::drained);
}

TEST(Drain, StaysWhereNobodyCanTakeOver) {
    ElectionInput input = test::election(online_record({1, 2}));
    EXPECT_EQ(drain_step(input, SpuId(2)).state, DrainState::too_few_live);
    input.spus[SpuId(2)].draining = true;
    EXPECT_EQ(drain_step(input, SpuId(1)).state, DrainState::no_successor);
}

TEST(Regression, EachProofIsFound) {
    RegisteredReplica replica;
    replica.of.topic_uid.low = 7;
    replica.report = test::report(1, 5, 100);
    replica.fence_epoch = LeaderEpoch(6);
    MetadataView view;
    view.boot_counter = BootEpoch(9);
    view.sc_epoch = ScEpoch(4);
    view.records[replica.of] = {LeaderEpoch(6), RecordVersion(20)};
    replica.fence_version = RecordVersion(20);
    SpuMemory memory;
    memory.last_boot = BootEpoch(9);
    memory.sc_epoch = ScEpoch(4);
    EXPECT_TRUE(find_regressions(view, memory, {replica}).empty());

    memory.last_boot = BootEpoch(10);
    auto found = find_regressions(view, memory, {replica});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].sign, RegressionSign::boot_above_counter);
    memory.last_boot = BootEpoch(9);

    memory.sc_epoch = ScEpoch(5);
    found = find_regressions(view, memory, {replica});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].sign, RegressionSign::term_above_last);
    memory.sc_epoch = ScEpoch(4);

    replica.fence_version = RecordVersion(21);
    found = find_regressions(view, memory, {replica});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].sign, RegressionSign::replica_above_record);
    // Of an epoch before the record's any version is old.
    view.records[replica.of].epoch = LeaderEpoch(7);
    EXPECT_TRUE(find_regressions(view, memory, {replica}).empty());

    view.records[replica.of] = {LeaderEpoch(5), RecordVersion(30)};
    found = find_regressions(view, memory, {replica});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].sign, RegressionSign::replica_above_record);
    EXPECT_EQ(found[0].of, replica.of);

    // No checksum covers what only the log says.
    view.records[replica.of] = {LeaderEpoch(6), RecordVersion(21)};
    replica.report.last_epoch = LeaderEpoch(7);
    EXPECT_TRUE(find_regressions(view, memory, {replica}).empty());
    view.records[replica.of].is_of_only_copy = true;
    found = find_regressions(view, memory, {replica});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].sign, RegressionSign::replica_above_record);

    view.records.clear();
    found = find_regressions(view, memory, {replica});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].sign, RegressionSign::unknown_partition);
    view.tombstones.insert(replica.of.topic_uid);
    EXPECT_TRUE(find_regressions(view, memory, {replica}).empty());
}

TEST(Regression, AdoptTakesWhatIsReportedAboveAllEpochs) {
    RegisteredReplica one;
    one.report = test::report(1, 5, 100);
    one.fence_epoch = LeaderEpoch(30);
    RegisteredReplica four;
    four.report = test::report(4, 8, 90);
    RegisteredReplica damaged;
    damaged.report = test::report(2, 8, 95);
    damaged.report.healthy = false;
    damaged.fence_epoch = LeaderEpoch(40);
    const PartitionRecord record = adopt(online_record({1, 2}), {one, four, damaged}, 7);
    EXPECT_EQ(places_of(record.replicas), (Places{{1, 1}, {2, 1}, {4, 1}}));
    EXPECT_EQ(record.last_known, spus({1, 4}));
    EXPECT_TRUE(record.lrs.empty());
    EXPECT_EQ(record.leader, kNoSpu);
    EXPECT_EQ(record.leader_epoch, LeaderEpoch(40 + (1 << 10) + 7));
    EXPECT_EQ(record.version, RecordVersion(11));
    EXPECT_EQ(record.phase, PartitionPhase::election);
    // Nobody has it in order: it waits for those who had.
    const PartitionRecord nobody = adopt(online_record({1, 2}), {damaged}, 7);
    EXPECT_EQ(nobody.replicas, online_record({1, 2}).replicas);
    EXPECT_EQ(nobody.last_known, spus({1, 2}));
    EXPECT_TRUE(nobody.lrs.empty());
    EXPECT_EQ(nobody.leader, kNoSpu);
    EXPECT_GT(nobody.leader_epoch, damaged.fence_epoch);
    EXPECT_EQ(adopt(PartitionRecord(), {damaged}, 7), PartitionRecord());
    // It is not over because somebody new is to lead it.
    PartitionRecord recovering = online_record({1, 2});
    recovering.phase = PartitionPhase::recovering;
    EXPECT_EQ(adopt(recovering, {one}, 7).phase, PartitionPhase::recovering);
}

}  // namespace weir::control
