#include "tests/unit/replication/replica_fixture.h"

namespace weir::replication {

namespace {

// The n-th of SPU 2 in its boot.
std::uint64_t nth_nonce(std::uint64_t n) {
    return (boot_of(2).value() << 32) + n;
}

AttachOk attach_ok(std::int32_t in_epoch, std::uint64_t n, std::int64_t leso = 0) {
    return AttachOk{LeaderEpoch(in_epoch), nth_nonce(n), Offset(leso)};
}

Append append_of(std::int32_t in_epoch, std::uint64_t n, std::int64_t base, std::int32_t preceding,
                 std::int64_t hw, std::int64_t count = 1) {
    Append append;
    append.epoch = LeaderEpoch(in_epoch);
    append.nonce = nth_nonce(n);
    append.base = Offset(base);
    append.preceding_epoch = LeaderEpoch(preceding);
    append.hw = Offset(hw);
    append.sent_at = Instant::from_ns(77);
    for (std::int64_t i = 0; i < count; ++i) {
        append.batches.push_back({Offset(base + i), Offset(base + i + 1), LeaderEpoch(in_epoch)});
    }
    return append;
}

Diverged diverged(std::uint64_t n, std::int32_t common_epoch, std::int64_t end) {
    return Diverged{LeaderEpoch(5), nth_nonce(n),
                    DivergedAt{{LeaderEpoch(common_epoch), Offset(end)}}};
}

// SPU 2 follows SPU 1 in epoch 5, and has attached under its first nonce.
Replica follower_with(std::initializer_list<std::int32_t> epochs, std::int64_t hw) {
    Replica follower(2, log_of(epochs, hw), 4);
    follower.hear(record_of(1, 5, 8, {1, 2}));
    return follower;
}

}  // namespace

TEST(Follower, StoresThatItHasEnteredTheEpochBeforeItSaysSo) {
    Replica follower = follower_with({1, 1, 4}, 1);
    follower.hear(attach_ok(5, 1, 3));
    ASSERT_NE(follower.effect<PersistState>(), nullptr);
    EXPECT_EQ(follower.effect<PersistState>()->entered, (EnteredEpoch{epoch(5), at(3)}));
    EXPECT_LT(follower.place<PersistState>(), follower.place<ToPeer>());
    follower.hear(Probe{ScEpoch(1), boot_of(2), epoch(6)});
    EXPECT_EQ(follower.sc_message<ProbeAnswer>()->last_epoch, epoch(5));
}

TEST(Follower, EntersAnEpochWhereItsLeaderBegan) {
    Replica follower = follower_with({1, 1, 4}, 1);
    follower.hear(attach_ok(5, 1, 5));
    EXPECT_EQ(follower.effect<PersistState>(), nullptr);
    EXPECT_TRUE(follower.peer_message<Ack>());
    follower.append_records(1, 4);
    EXPECT_EQ(follower.effect<PersistState>(), nullptr);
    // What is lost with the power has not been entered.
    follower.append_records(1, 4, /*durable=*/false);
    EXPECT_EQ(follower.effect<PersistState>(), nullptr);
    follower.sync();
    ASSERT_NE(follower.effect<PersistState>(), nullptr);
    EXPECT_EQ(follower.effect<PersistState>()->entered, (EnteredEpoch{epoch(5), at(5)}));
    EXPECT_LT(follower.place<PersistState>(), follower.place<ToPeer>());
    follower.append_records(1, 5);
    EXPECT_EQ(follower.effect<PersistState>(), nullptr);
}

// All that was committed until then stays.
TEST(Follower, StaysInTheEpochThatItHasEnteredWhenItIsCut) {
    ReplicaLog log = log_of({1, 1, 3, 3}, 1);
    log.entered = {epoch(4), at(3)};
    Replica follower(2, log, 4);
    follower.hear(record_of(1, 5, 8, {1, 2}));
    follower.hear(diverged(1, 1, 2));
    ASSERT_NE(follower.effect<PersistState>(), nullptr);
    EXPECT_EQ(follower.effect<PersistState>()->entered, (EnteredEpoch{epoch(4), at(2)}));
    EXPECT_LT(follower.place<PersistState>(), follower.place<TruncateLog>());
    follower.hear(Probe{ScEpoch(1), boot_of(2), epoch(6)});
    EXPECT_EQ(follower.sc_message<ProbeAnswer>()->last_epoch, epoch(4));
}

TEST(Follower, HasEnteredNothingWhenItStartsEmpty) {
    ReplicaLog log = log_of({1, 1, 3, 3}, 1);
    log.entered = {epoch(4), at(3)};
    Replica follower(2, log, 4);
    follower.hear(record_of(1, 5, 8, {1, 3}));
    follower.hear(Reset{epoch(5), nth_nonce(1), at(9), epoch(4)});
    ASSERT_NE(follower.effect<PersistState>(), nullptr);
    EXPECT_EQ(follower.effect<PersistState>()->entered, EnteredEpoch());
    EXPECT_LT(follower.place<PersistState>(), follower.place<ResetLog>());
}

// Its log has lost what it had entered.
TEST(Follower, HasNotEnteredWhatItsLogDoesNotReach) {
    ReplicaLog log = log_of({1, 1}, 1);
    log.entered = {epoch(4), at(3)};
    Replica follower(2, log, 4);
    follower.hear(Probe{ScEpoch(1), boot_of(2), epoch(6)});
    EXPECT_EQ(follower.sc_message<ProbeAnswer>()->last_epoch, epoch(1));
}

TEST(Follower, AsksItsLeaderToAttachIt) {
    const Replica follower = follower_with({1, 1, 4}, 1);
    const std::optional<Attach> attach = follower.peer_message<Attach>();
    ASSERT_TRUE(attach);
    EXPECT_EQ(attach->from, SpuId(2));
    EXPECT_EQ(attach->boot, boot_of(2));
    EXPECT_EQ(attach->uid, uid_of(2));
    EXPECT_EQ(attach->epoch, epoch(5));
    EXPECT_EQ(attach->nonce, nth_nonce(1));
    EXPECT_EQ(attach->leo, at(3));
    EXPECT_EQ(attach->acked, at(3));
    EXPECT_EQ(attach->tail, (Lineage{{epoch(1), at(0)}, {epoch(4), at(2)}}));
}

TEST(Follower, AsksAgainUnderTheSameNonceWithBackoff) {
    Replica follower = follower_with({}, 0);
    const Duration first = follower.options.attach_retry_min;
    follower.tick(first - Duration::from_ns(1));
    EXPECT_TRUE(follower.effects.empty());
    follower.tick(Duration::from_ns(1));
    ASSERT_TRUE(follower.peer_message<Attach>());
    EXPECT_EQ(follower.peer_message<Attach>()->nonce, nth_nonce(1));
    follower.tick(first);
    EXPECT_TRUE(follower.effects.empty());
    follower.tick(first);
    ASSERT_TRUE(follower.peer_message<Attach>());
    EXPECT_EQ(follower.peer_message<Attach>()->nonce, nth_nonce(1));
    // The answer to the first attempt is late, and the leader gives no other.
    follower.hear(attach_ok(5, 1));
    EXPECT_TRUE(follower.state.follower()->is_attached());
}

// A restart in the same epoch: the leader's answer to the process before is still on the way.
TEST(Follower, NeverRepeatsANonceOfAnEarlierProcess) {
    const ReplicaOptions options;
    std::vector<std::uint64_t> nonces;
    for (const std::uint64_t boot : {20U, 21U}) {
        ReplicaState state({SpuId(2), BootEpoch(boot), kTopic, PartitionId(), uid_of(2)}, options,
                           {}, Instant());
        Effects effects;
        state.step(LeaderIs{ScEpoch(1), BootEpoch(boot), record_of(1, 5, 8, {1})}, Moment(),
                   effects);
        ASSERT_NE(state.follower(), nullptr);
        nonces.push_back(state.follower()->nonce());
    }
    EXPECT_NE(nonces[0], nonces[1]);
}

TEST(Follower, AcknowledgesWhatIsDurable) {
    Replica follower = follower_with({4}, 0);
    follower.hear(attach_ok(5, 1));
    ASSERT_TRUE(follower.peer_message<Ack>());
    EXPECT_EQ(follower.peer_message<Ack>()->acked, at(1));
    follower.hear(append_of(5, 1, 1, 4, 1));
    EXPECT_NE(follower.effect<WriteBatches>(), nullptr);
    EXPECT_FALSE(follower.peer_message<Ack>());
    follower.append_records(1, 5, /*durable=*/false);
    EXPECT_FALSE(follower.peer_message<Ack>());
    follower.sync();
    ASSERT_TRUE(follower.peer_message<Ack>());
    EXPECT_EQ(follower.peer_message<Ack>()->acked, at(2));
    EXPECT_EQ(follower.peer_message<Ack>()->nonce, nth_nonce(1));
    EXPECT_EQ(follower.peer_message<Ack>()->echo, Instant::from_ns(77));
}

TEST(Follower, AcknowledgesItsEndWithoutFsync) {
    Replica follower(2, log_of({4}), 4);
    PartitionRecord record = record_of(1, 5, 8, {1, 2});
    record.durability = Durability::async;
    follower.hear(record);
    follower.hear(attach_ok(5, 1));
    follower.hear(append_of(5, 1, 1, 4, 0));
    follower.append_records(1, 5, /*durable=*/false);
    ASSERT_TRUE(follower.peer_message<Ack>());
    EXPECT_EQ(follower.peer_message<Ack>()->acked, at(2));
}

TEST(Follower, TakesOnlyWhatGoesOnWhereItEnds) {
    Replica follower = follower_with({4}, 0);
    follower.hear(append_of(5, 1, 1, 4, 0));  // not attached yet
    EXPECT_TRUE(follower.effects.empty());
    follower.hear(attach_ok(5, 1));
    for (const Append& late : {append_of(4, 1, 1, 4, 0), append_of(6, 1, 1, 4, 0),
                               append_of(5, 0, 1, 4, 0), append_of(5, 1, 0, -1, 0)}) {
        follower.hear(late);
        EXPECT_TRUE(follower.effects.empty());
    }
    EXPECT_TRUE(follower.state.follower()->is_attached());
}

// It has started anew, and its log begins where this one ends.
TEST(Follower, BelievesALeaderThatDoesNotKnowWhoWroteBelowItsLogStart) {
    Replica follower = follower_with({4, 4}, 2);
    follower.hear(attach_ok(5, 1));
    Append first = append_of(5, 1, 2, kNoEpoch.value(), 2);
    follower.hear(first);
    EXPECT_EQ(follower.effect<WriteBatches>(), nullptr);
    ASSERT_TRUE(follower.peer_message<Attach>());
    follower.hear(attach_ok(5, 2));
    first.nonce = nth_nonce(2);
    first.log_start = at(2);
    follower.hear(first);
    EXPECT_NE(follower.effect<WriteBatches>(), nullptr);
}

TEST(Follower, StartsOverAfterAGap) {
    for (const Append& bad : {append_of(5, 1, 2, 5, 0), append_of(5, 1, 1, 3, 0)}) {
        Replica follower = follower_with({4}, 0);
        follower.hear(attach_ok(5, 1));
        follower.hear(bad);
        EXPECT_EQ(follower.effect<WriteBatches>(), nullptr);
        ASSERT_TRUE(follower.peer_message<Attach>());
        EXPECT_EQ(follower.peer_message<Attach>()->nonce, nth_nonce(2));
    }
}

TEST(Follower, RefusesBatchesThatAreNotContiguous) {
    Append hole = append_of(5, 1, 1, 4, 0, 2);
    hole.batches[1].base = at(3);
    hole.batches[1].end = at(4);
    Append backwards = append_of(5, 1, 1, 4, 0, 2);
    backwards.batches[1].epoch = epoch(4);
    Append from_the_future = append_of(5, 1, 1, 4, 0);
    from_the_future.batches[0].epoch = epoch(6);
    Append empty_batch = append_of(5, 1, 1, 4, 0);
    empty_batch.batches[0].end = at(1);
    for (const Append& bad : {hole, backwards, from_the_future, empty_batch}) {
        Replica follower = follower_with({4}, 0);
        follower.hear(attach_ok(5, 1));
        follower.hear(bad);
        EXPECT_EQ(follower.effect<WriteBatches>(), nullptr);
    }
}

TEST(Follower, FollowsTheHwUpToItsEnd) {
    Replica follower = follower_with({4, 4}, 2);
    follower.hear(attach_ok(5, 1));
    follower.hear(append_of(5, 1, 2, 4, 9));
    EXPECT_EQ(follower.state.log().hw, at(2));
    follower.append_records(1, 5);
    EXPECT_EQ(follower.state.log().hw, at(3));
    // A new leader may know less; that cuts nothing.
    follower.hear(record_of(3, 6, 9, {2, 3}));
    follower.hear(attach_ok(6, 2));
    follower.hear(append_of(6, 2, 3, 5, 1, 0));
    EXPECT_EQ(follower.state.log().hw, at(1));
    EXPECT_EQ(follower.state.log().leo, at(3));
}

TEST(Follower, AnswersAKeepalive) {
    Replica follower = follower_with({4, 4}, 0);
    follower.hear(attach_ok(5, 1));
    follower.hear(append_of(5, 1, 2, 4, 2, 0));
    ASSERT_TRUE(follower.peer_message<Ack>());
    EXPECT_EQ(follower.peer_message<Ack>()->acked, at(2));
    EXPECT_EQ(follower.state.log().hw, at(2));
}

TEST(Follower, EvictsWhatItsLeaderHasEvictedBelowItsHw) {
    Replica follower = follower_with({4, 4, 4}, 0);
    follower.hear(attach_ok(5, 1));
    Append keepalive = append_of(5, 1, 3, 4, 2, 0);
    keepalive.log_start = at(3);
    follower.hear(keepalive);
    ASSERT_NE(follower.effect<EvictBelow>(), nullptr);
    EXPECT_EQ(follower.effect<EvictBelow>()->log_start, at(2));
    EXPECT_EQ(follower.state.retention_limit(), at(2));
    follower.state.evicted(at(2));
    EXPECT_EQ(follower.state.log().log_start, at(2));
}

TEST(Follower, TruncatesBeforeItAsksAgain) {
    Replica follower = follower_with({1, 1, 2, 2}, 1);
    follower.hear(diverged(1, 1, 3));
    ASSERT_NE(follower.effect<TruncateLog>(), nullptr);
    EXPECT_EQ(follower.effect<TruncateLog>()->to, at(2));
    ASSERT_TRUE(follower.peer_message<Attach>());
    EXPECT_LT(follower.place<TruncateLog>(), follower.place<ToPeer>());
    EXPECT_EQ(follower.peer_message<Attach>()->leo, at(2));
    EXPECT_EQ(follower.peer_message<Attach>()->nonce, nth_nonce(2));
    EXPECT_EQ(follower.peer_message<Attach>()->tail, (Lineage{{epoch(1), at(0)}}));
}

TEST(Follower, IgnoresAnAnswerToAnotherLogOfItsOwn) {
    Replica follower = follower_with({1, 1, 2, 2}, 1);
    follower.hear(diverged(1, 1, 3));
    follower.append_records(0, 5);
    follower.hear(diverged(1, -1, 0));
    EXPECT_TRUE(follower.effects.empty());
    EXPECT_EQ(follower.state.log().leo, at(2));
}

TEST(Follower, IsSuspectRatherThanCutBelowItsHw) {
    Replica follower = follower_with({1, 1, 2, 2}, 3);
    follower.hear(diverged(1, 1, 2));
    EXPECT_EQ(follower.effect<TruncateLog>(), nullptr);
    ASSERT_NE(follower.effect<Alarm>(), nullptr);
    EXPECT_EQ(follower.effect<Alarm>()->kind, AlarmKind::truncation_below_hw);
    EXPECT_TRUE(follower.state.is_suspect());
    EXPECT_EQ(follower.state.log().leo, at(4));
    // It does nothing any more, and says so when it is to lead.
    follower.tick(Duration::from_s(10));
    EXPECT_TRUE(follower.effects.empty());
    follower.hear(record_of(2, 6, 9, {2}));
    EXPECT_TRUE(follower.sc_message<PromoteFailed>());
    EXPECT_FALSE(follower.sc_message<Promoted>());
}

TEST(Follower, IsCutBelowItsHwWhileThePartitionRecovers) {
    Replica follower(2, log_of({1, 1, 2, 2}, 3), 4);
    PartitionRecord record = record_of(1, 5, 8, {1});
    record.phase = PartitionPhase::recovering;
    follower.hear(record);
    follower.hear(diverged(1, 1, 2));
    EXPECT_NE(follower.effect<TruncateLog>(), nullptr);
    EXPECT_EQ(follower.state.log().hw, at(2));
    EXPECT_FALSE(follower.state.is_suspect());
}

TEST(Follower, StartsEmptyWhereItsLeaderStarts) {
    Replica follower = follower_with({1, 1}, 2);
    follower.hear(Reset{epoch(5), nth_nonce(1), at(40), epoch(4)});
    ASSERT_NE(follower.effect<ResetLog>(), nullptr);
    EXPECT_EQ(follower.effect<ResetLog>()->start, at(40));
    EXPECT_EQ(follower.state.log().leo, at(40));
    ASSERT_TRUE(follower.peer_message<Attach>());
    EXPECT_EQ(follower.peer_message<Attach>()->tail, (Lineage{{epoch(4), at(39)}}));
    follower.hear(attach_ok(5, 2));
    follower.hear(append_of(5, 2, 40, 4, 40));
    EXPECT_NE(follower.effect<WriteBatches>(), nullptr);
}

TEST(Follower, AfterALostConnectionOldAnswersAreVoid) {
    Replica follower = follower_with({4}, 0);
    follower.state.disconnected(SpuId(1), follower.moment(), follower.effects);
    follower.hear(attach_ok(5, 1));
    EXPECT_FALSE(follower.state.follower()->is_attached());
    follower.tick(follower.options.attach_retry_min);
    ASSERT_TRUE(follower.peer_message<Attach>());
    EXPECT_EQ(follower.peer_message<Attach>()->nonce, nth_nonce(2));
    follower.hear(attach_ok(5, 2));
    EXPECT_TRUE(follower.state.follower()->is_attached());
    // Another SPU's connection does not matter.
    follower.state.disconnected(SpuId(3), follower.moment(), follower.effects);
    EXPECT_TRUE(follower.state.follower()->is_attached());
}

TEST(Follower, AsksAnewWhenNoAnswerCanBeUnderWayAnyMore) {
    Replica follower = follower_with({4}, 0);
    follower.tick(follower.options.peer_silence_max + Duration::from_ns(1));
    ASSERT_TRUE(follower.peer_message<Attach>());
    EXPECT_EQ(follower.peer_message<Attach>()->nonce, nth_nonce(2));
}

TEST(Follower, GivesUpOnASilentLeader) {
    Replica follower = follower_with({4}, 0);
    follower.hear(attach_ok(5, 1));
    follower.tick(follower.options.peer_silence_min);
    EXPECT_TRUE(follower.state.follower()->is_attached());
    follower.tick(Duration::from_ns(1));
    EXPECT_FALSE(follower.state.follower()->is_attached());
    ASSERT_TRUE(follower.peer_message<Attach>());
    EXPECT_EQ(follower.peer_message<Attach>()->nonce, nth_nonce(2));
    // The link may be as slow as that: the next time it has more patience, on this connection.
    follower.hear(attach_ok(5, 2));
    follower.tick(follower.options.peer_silence_min * 2);
    EXPECT_TRUE(follower.state.follower()->is_attached());
    follower.state.disconnected(SpuId(1), follower.moment(), follower.effects);
    follower.hear(attach_ok(5, 3));
    follower.tick(follower.options.attach_retry_max);
    follower.hear(attach_ok(5, 3));
    ASSERT_TRUE(follower.state.follower()->is_attached());
    follower.tick(follower.options.peer_silence_min + Duration::from_ns(1));
    EXPECT_FALSE(follower.state.follower()->is_attached());
}

}  // namespace weir::replication
