#include "tests/unit/replication/replica_fixture.h"

namespace weir::replication {

namespace {

// SPU 1 leads epoch 5 with records of epoch 4; followers 2 and 3 have not attached.
Replica leader_with(std::initializer_list<std::int32_t> epochs, std::int64_t hw,
                    ReplicaOptions options = {}) {
    return Replica(1, log_of(epochs, hw), 4, options);
}

}  // namespace

TEST(Leader, CommitsWhatEveryMemberHas) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2, 3}));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    EXPECT_TRUE(leader.peer_message<AttachOk>());
    leader.hear(attach_of(3, 5, 1, log_of({})));
    leader.append_records(4, 5);
    EXPECT_EQ(leader.effect<HwAdvanced>(), nullptr);
    leader.hear(ack_of(2, 5, 1, 4));
    EXPECT_EQ(leader.effect<HwAdvanced>(), nullptr);
    leader.hear(ack_of(3, 5, 1, 3));
    ASSERT_NE(leader.effect<HwAdvanced>(), nullptr);
    EXPECT_EQ(leader.effect<HwAdvanced>()->hw, at(3));
}

TEST(Leader, HasEnteredItsEpochBeforeItSaysThatItLeads) {
    Replica leader = leader_with({4, 4}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    ASSERT_NE(leader.effect<PersistState>(), nullptr);
    EXPECT_EQ(leader.effect<PersistState>()->epoch, epoch(5));
    EXPECT_EQ(leader.effect<PersistState>()->entered, (EnteredEpoch{epoch(5), at(2)}));
    EXPECT_LT(leader.place<PersistState>(), leader.place<ToSc>());
}

TEST(Leader, CommitsNothingBeforeAllHaveEnteredItsEpoch) {
    Replica leader = leader_with({4, 4, 4}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({4, 4})));
    EXPECT_EQ(leader.peer_message<AttachOk>()->leso, at(3));
    leader.hear(ack_of(2, 5, 1, 2));
    EXPECT_EQ(leader.state.log().hw, at(0));
    // With its Attach the follower has not stored it.
    leader.hear(attach_of(2, 5, 2, log_of({4, 4, 4})));
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.hear(ack_of(2, 5, 2, 3));
    EXPECT_EQ(leader.state.log().hw, at(3));
}

TEST(Leader, CountsItselfAtWhatIsDurable) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    leader.append_records(4, 5, /*durable=*/false);
    leader.hear(ack_of(2, 5, 1, 4));
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.sync();
    EXPECT_EQ(leader.state.log().hw, at(4));
}

TEST(Leader, CountsItselfAtItsEndWithoutFsync) {
    Replica leader = leader_with({}, 0);
    PartitionRecord record = record_of(1, 5, 8, {1, 2});
    record.durability = Durability::bounded;
    leader.hear(record);
    leader.hear(attach_of(2, 5, 1, log_of({})));
    leader.append_records(4, 5, /*durable=*/false);
    leader.hear(ack_of(2, 5, 1, 4));
    EXPECT_EQ(leader.state.log().hw, at(4));
}

TEST(Leader, DoesNotMoveTheHwWhileAMemberIsUnknown) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2, 3}));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    leader.append_records(2, 5);
    leader.hear(ack_of(2, 5, 1, 2));
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.effects.clear();
    leader.hear(attach_of(3, 5, 1, log_of({5, 5})));
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.hear(ack_of(3, 5, 1, 2));
    EXPECT_EQ(leader.state.log().hw, at(2));
}

TEST(Leader, ForgetsAPositionWithTheConnection) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    leader.append_records(2, 5, /*durable=*/false);
    leader.hear(ack_of(2, 5, 1, 2));
    leader.state.disconnected(SpuId(2), leader.moment(), leader.effects);
    leader.sync();
    EXPECT_EQ(leader.state.log().hw, at(0));
}

// A damaged replica starts over in the same process of its SPU, with another uid.
TEST(Leader, CountsNothingOfTheReplicaBefore) {
    Replica leader = leader_with({4, 4, 4}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2, 3}));
    leader.hear(attach_of(2, 5, 1, log_of({4, 4, 4})));
    PartitionRecord record = record_of(1, 5, 9, {1, 3});
    record.replicas[1].uid = Uid{9, 9};
    leader.hear(record);
    for (int i = 0; i < 20; ++i) {
        leader.tick(Duration::from_ms(100));
        leader.hear(ack_of(2, 5, 1, 3));
    }
    EXPECT_FALSE(leader.state.leader()->proposal().has_value() &&
                 !leader.state.leader()->proposal()->added.empty());
    leader.hear(attach_of(2, 5, 2, log_of({})));
    EXPECT_FALSE(leader.peer_message<AttachOk>());
    Attach attach = attach_of(2, 5, 2, log_of({}));
    attach.uid = Uid{9, 9};
    leader.hear(attach);
    EXPECT_TRUE(leader.peer_message<AttachOk>());
}

TEST(Leader, IgnoresAcksOfAnotherSession) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 2, log_of({})));
    leader.append_records(3, 5);
    leader.hear(ack_of(2, 5, 1, 3));
    EXPECT_EQ(leader.state.log().hw, at(0));
    Ack other_boot = ack_of(2, 5, 2, 3);
    other_boot.boot = BootEpoch(19);
    leader.hear(other_boot);
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.hear(ack_of(2, 4, 2, 3));
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.hear(ack_of(2, 6, 2, 3));
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.hear(ack_of(2, 5, 2, 4));  // beyond the leader's end
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.hear(ack_of(2, 5, 2, 3));
    EXPECT_EQ(leader.state.log().hw, at(3));
}

TEST(Leader, IgnoresALateCopyOfAnAttach) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 2, log_of({})));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    EXPECT_TRUE(leader.effects.empty());
    leader.hear(attach_of(2, 5, 2, log_of({})));
    EXPECT_TRUE(leader.effects.empty());
}

TEST(Leader, RefusesAReplicaThatIsNotAssigned) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    Attach attach = attach_of(2, 5, 1, log_of({}));
    attach.uid = uid_of(99);
    leader.hear(attach);
    EXPECT_TRUE(leader.effects.empty());
    attach = attach_of(2, 5, 1, log_of({}));
    attach.from = SpuId(4);
    leader.hear(attach);
    EXPECT_TRUE(leader.effects.empty());
}

TEST(Leader, IgnoresWhatIsNoLog) {
    Replica leader = leader_with({1, 1}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    const Attach good = attach_of(2, 5, 1, log_of({1, 1, 2}));
    std::vector<Attach> bad(6, good);
    bad[0].tail = {{epoch(2), at(0)}, {epoch(1), at(2)}};
    bad[1].tail = {{epoch(1), at(2)}, {epoch(2), at(2)}};
    bad[2].tail = {{epoch(1), at(0)}, {epoch(2), at(3)}};
    bad[3].tail = {{epoch(-1), at(0)}};
    bad[4].acked = at(4);
    bad[5].leo = at(-1);
    for (const Attach& attach : bad) {
        leader.hear(attach);
        EXPECT_TRUE(leader.effects.empty());
    }
    leader.hear(good);
    EXPECT_TRUE(leader.peer_message<Diverged>());
}

TEST(Leader, TellsAFollowerWhereItDiverged) {
    Replica leader = leader_with({1, 1, 3, 3, 4}, 2);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({1, 1, 2, 2})));
    ASSERT_TRUE(leader.peer_message<Diverged>());
    EXPECT_EQ(leader.peer_message<Diverged>()->at.common, (EpochEnd{epoch(1), at(2)}));
    EXPECT_FALSE(leader.peer_message<AttachOk>());
}

TEST(Leader, ResetsWhoLacksWhatIsDeleted) {
    ReplicaLog log = log_of({1, 1, 3, 3}, 4);
    evict(log, at(3));
    Replica leader(1, log, 4);
    leader.hear(record_of(1, 5, 8, {1}));
    leader.hear(attach_of(2, 5, 1, log_of({1, 1})));
    ASSERT_TRUE(leader.peer_message<Reset>());
    EXPECT_EQ(leader.peer_message<Reset>()->log_start, at(3));
    EXPECT_EQ(leader.peer_message<Reset>()->preceding_epoch, epoch(3));
}

TEST(Leader, DoesNotResetAMemberOfTheLrs) {
    ReplicaLog log = log_of({1, 1, 3, 3}, 4);
    evict(log, at(3));
    Replica leader(1, log, 4);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({1, 1})));
    EXPECT_FALSE(leader.peer_message<Reset>());
    ASSERT_NE(leader.effect<Alarm>(), nullptr);
    EXPECT_EQ(leader.effect<Alarm>()->kind, AlarmKind::lrs_member_out_of_reach);
}

TEST(Leader, AlarmsWhenAFollowerIsAheadOfTheMetadata) {
    Replica leader = leader_with({1, 1}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({1, 1, 7})));
    ASSERT_NE(leader.effect<Alarm>(), nullptr);
    EXPECT_EQ(leader.effect<Alarm>()->kind, AlarmKind::metadata_regression);
}

TEST(Leader, RefusesCommittedProducesBelowMinLive) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1}));
    const Moment moment = leader.moment();
    EXPECT_EQ(leader.state.may_produce(Isolation::read_committed, moment),
              Permission::not_enough_replicas);
    EXPECT_EQ(leader.state.may_produce(Isolation::read_uncommitted, moment), Permission::granted);
    leader.append_records(2, 5);
    EXPECT_EQ(leader.state.log().hw, at(0));
}

TEST(Leader, ServesNobodyAfterItsLease) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.lease_end = leader.now;
    const Moment moment = leader.moment();
    EXPECT_EQ(leader.state.may_produce(Isolation::read_uncommitted, moment),
              Permission::not_leader);
    EXPECT_EQ(leader.state.may_read(Isolation::read_uncommitted, moment), Permission::not_leader);
    leader.hear(attach_of(2, 5, 1, log_of({})));
    EXPECT_TRUE(leader.effects.empty());
    leader.tick(Duration::from_s(60));
    EXPECT_FALSE(leader.sc_message<AlterLrs>());
}

TEST(Leader, RidesThroughWhileAllMembersFollow) {
    const ReplicaOptions options;
    Replica leader = leader_with({}, 0);
    PartitionRecord record = record_of(1, 5, 8, {1, 2});
    record.ride_through = true;
    leader.hear(record);
    leader.hear(attach_of(2, 5, 1, log_of({})));
    leader.lease_end = leader.now;
    EXPECT_EQ(leader.state.may_produce(Isolation::read_committed, leader.moment()),
              Permission::not_leader);
    Ack ack = ack_of(2, 5, 1, 0);
    ack.echo = leader.now;
    leader.hear(ack);
    leader.now = leader.now + options.read_lease - Duration::from_ns(1);
    EXPECT_EQ(leader.state.may_produce(Isolation::read_committed, leader.moment()),
              Permission::granted);
    leader.now = leader.now + Duration::from_ns(1);
    EXPECT_EQ(leader.state.may_produce(Isolation::read_committed, leader.moment()),
              Permission::not_leader);
}

TEST(Leader, TheOnlyCopyNeedsNoLease) {
    Replica leader = leader_with({}, 0);
    PartitionRecord record = record_of(1, 5, 8, {1});
    record.min_live = 1;
    record.replicas.resize(1);
    leader.hear(record);
    leader.lease_end = leader.now;
    EXPECT_EQ(leader.state.may_produce(Isolation::read_committed, leader.moment()),
              Permission::granted);
    // It may have been moved, by an SC that knew more.
    leader.in_doubt = true;
    EXPECT_EQ(leader.state.may_produce(Isolation::read_committed, leader.moment()),
              Permission::not_leader);
}

TEST(Leader, TheFloorRaisesWhatAProducerWaitsFor) {
    Replica leader = leader_with({}, 0);
    PartitionRecord record = record_of(1, 5, 8, {1});
    leader.hear(record);
    EXPECT_EQ(leader.state.acknowledged_at(Isolation::read_uncommitted),
              Isolation::read_uncommitted);
    record.version = RecordVersion(9);
    record.ack_floor = AckFloor::committed;
    leader.hear(record);
    EXPECT_EQ(leader.state.acknowledged_at(Isolation::read_uncommitted), Isolation::read_committed);
    EXPECT_EQ(leader.state.acknowledged_at(Isolation::read_committed), Isolation::read_committed);
    EXPECT_EQ(leader.state.may_produce(leader.state.acknowledged_at(Isolation::read_uncommitted),
                                       leader.moment()),
              Permission::not_enough_replicas);
}

TEST(Leader, ReadsStrictlyOnlyWhileAllMembersFollow) {
    Replica leader = leader_with({}, 0);
    PartitionRecord record = record_of(1, 5, 8, {1, 2});
    record.strict_reads = true;
    leader.hear(record);
    leader.hear(attach_of(2, 5, 1, log_of({})));
    EXPECT_EQ(leader.state.may_read(Isolation::read_committed, leader.moment()),
              Permission::not_leader);
    EXPECT_EQ(leader.state.may_read(Isolation::read_uncommitted, leader.moment()),
              Permission::granted);
    Ack ack = ack_of(2, 5, 1, 0);
    ack.echo = leader.now;
    leader.hear(ack);
    EXPECT_EQ(leader.state.may_read(Isolation::read_committed, leader.moment()),
              Permission::granted);
}

TEST(Leader, HoldsTheHwWhileAPredecessorMayStillRead) {
    const ReplicaOptions options;
    Replica leader = leader_with({}, 0);
    PartitionRecord record = record_of(1, 5, 8, {1, 2});
    record.strict_reads = true;
    leader.hear(record);
    leader.hear(attach_of(2, 5, 1, log_of({})));
    leader.append_records(2, 5);
    leader.hear(ack_of(2, 5, 1, 2));
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.tick(options.read_lease);
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.tick(options.read_lease / 100);
    EXPECT_EQ(leader.state.log().hw, at(2));
}

TEST(Leader, DoesNotTellTheCommittedEndBeforeItKnowsIt) {
    Replica leader = leader_with({4, 4, 4}, 1);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    EXPECT_FALSE(leader.state.leader()->knows_committed_end(leader.state.log()));
    leader.hear(attach_of(2, 5, 1, log_of({4, 4, 4})));
    leader.hear(ack_of(2, 5, 1, 3));
    EXPECT_EQ(leader.state.log().hw, at(3));
    EXPECT_TRUE(leader.state.leader()->knows_committed_end(leader.state.log()));
}

TEST(Push, IsLimitedByChunkAndWindow) {
    ReplicaOptions options;
    options.chunk_bytes = 100;
    options.window_bytes = 150;
    Replica leader = leader_with({}, 0, options);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    leader.append_records(4, 5);
    std::optional<Push> push = leader.state.next_push(SpuId(2), leader.moment());
    ASSERT_TRUE(push);
    EXPECT_EQ(push->base, at(0));
    EXPECT_EQ(push->bytes_max, 100U);
    // One batch that is larger than a chunk goes all the same, and fills the window.
    const BatchMark first{at(0), at(1), epoch(5)};
    leader.effects.clear();
    leader.state.pushed(SpuId(2), *push, {&first, 1}, 5'000, leader.moment(), leader.effects);
    ASSERT_TRUE(leader.peer_message<Append>());
    EXPECT_EQ(leader.peer_message<Append>()->batches, std::vector{first});
    EXPECT_FALSE(leader.state.next_push(SpuId(2), leader.moment()));
    leader.hear(ack_of(2, 5, 1, 1));
    push = leader.state.next_push(SpuId(2), leader.moment());
    ASSERT_TRUE(push);
    EXPECT_EQ(push->base, at(1));
    EXPECT_EQ(push->bytes_max, 100U);
}

// It got them in a session before this one, and said so before they were sent again.
TEST(Push, WhatIsAcknowledgedAlreadyTakesNoRoomInTheWindow) {
    ReplicaOptions options;
    options.window_bytes = 150;
    Replica leader = leader_with({}, 0, options);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    leader.append_records(2, 5);
    leader.hear(ack_of(2, 5, 1, 1));
    std::optional<Push> push = leader.state.next_push(SpuId(2), leader.moment());
    ASSERT_TRUE(push);
    EXPECT_EQ(push->base, at(0));
    const BatchMark first{at(0), at(1), epoch(5)};
    leader.state.pushed(SpuId(2), *push, {&first, 1}, 5'000, leader.moment(), leader.effects);
    push = leader.state.next_push(SpuId(2), leader.moment());
    ASSERT_TRUE(push);
    EXPECT_EQ(push->base, at(1));
    EXPECT_GT(push->bytes_max, 0U);
}

TEST(Push, TellsTheHwToWhoHasEverything) {
    Replica leader = leader_with({}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    const std::optional<Push> push = leader.state.next_push(SpuId(2), leader.moment());
    ASSERT_TRUE(push);
    EXPECT_EQ(push->bytes_max, 0U);
    leader.state.pushed(SpuId(2), *push, {}, 0, leader.moment(), leader.effects);
    EXPECT_FALSE(leader.state.next_push(SpuId(2), leader.moment()));
    leader.now = leader.now + leader.options.keepalive;
    EXPECT_TRUE(leader.state.next_push(SpuId(2), leader.moment()));
}

TEST(Push, NamesTheEpochBeforeItsBase) {
    Replica leader = leader_with({1, 3}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({1})));
    const std::optional<Push> push = leader.state.next_push(SpuId(2), leader.moment());
    ASSERT_TRUE(push);
    const BatchMark batch{at(1), at(2), epoch(3)};
    leader.effects.clear();
    leader.state.pushed(SpuId(2), *push, {&batch, 1}, 10, leader.moment(), leader.effects);
    ASSERT_TRUE(leader.peer_message<Append>());
    EXPECT_EQ(leader.peer_message<Append>()->preceding_epoch, epoch(1));
    EXPECT_EQ(leader.peer_message<Append>()->base, at(1));
}

TEST(Push, OfAnEndedSessionIsNotSent) {
    Replica leader = leader_with({1, 3}, 0);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    const std::optional<Push> push = leader.state.next_push(SpuId(2), leader.moment());
    ASSERT_TRUE(push);
    leader.hear(attach_of(2, 5, 2, log_of({1})));
    leader.effects.clear();
    const BatchMark batch{at(0), at(1), epoch(1)};
    leader.state.pushed(SpuId(2), *push, {&batch, 1}, 10, leader.moment(), leader.effects);
    EXPECT_TRUE(leader.effects.empty());
}

}  // namespace weir::replication
