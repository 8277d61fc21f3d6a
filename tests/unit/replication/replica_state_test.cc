#include "tests/unit/replication/replica_fixture.h"

namespace weir::replication {

TEST(ReplicaState, StoresTheEpochBeforeItActsInIt) {
    Replica leader(1, log_of({4, 4}, 1), 4);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    ASSERT_NE(leader.effect<PersistState>(), nullptr);
    EXPECT_EQ(leader.effect<PersistState>()->epoch, epoch(5));
    EXPECT_LT(leader.place<PersistState>(), leader.place<ToSc>());
    ASSERT_TRUE(leader.sc_message<Promoted>());
    EXPECT_EQ(leader.sc_message<Promoted>()->leo, at(2));
    EXPECT_EQ(leader.state.leader()->leso(), at(2));

    Replica follower(2, log_of({4, 4}, 1), 4);
    follower.hear(record_of(1, 5, 8, {1, 2}));
    EXPECT_LT(follower.place<PersistState>(), follower.place<ToPeer>());
    EXPECT_NE(follower.place<PersistState>(), -1);
}

TEST(ReplicaState, StoresAnEpochOnce) {
    Replica replica(1, {}, 4);
    replica.hear(record_of(1, 5, 8, {1, 2}));
    replica.hear(record_of(1, 5, 9, {1}));
    EXPECT_EQ(replica.effect<PersistState>(), nullptr);
    EXPECT_EQ(replica.effect<StopLeading>(), nullptr);
    EXPECT_FALSE(replica.sc_message<Promoted>());
    EXPECT_EQ(replica.state.record().version, RecordVersion(9));
}

TEST(ReplicaState, ObeysOnlyNewsFromTheActiveSc) {
    Replica replica(1, {}, 4);
    replica.hear(record_of(1, 5, 8, {1, 2}), 3);
    const auto refuses = [&](const LeaderIs& message) {
        replica.hear(message);
        return replica.effects.empty() && replica.state.leader() != nullptr &&
               replica.state.record().version == RecordVersion(8);
    };
    EXPECT_TRUE(refuses({ScEpoch(2), boot_of(1), record_of(2, 6, 9, {2})}));
    EXPECT_TRUE(refuses({ScEpoch(3), BootEpoch(9), record_of(2, 6, 9, {2})}));
    EXPECT_TRUE(refuses({ScEpoch(3), boot_of(1), record_of(1, 5, 8, {1, 2})}));
    EXPECT_TRUE(refuses({ScEpoch(3), boot_of(1), record_of(2, 4, 9, {2})}));
    EXPECT_TRUE(refuses({ScEpoch(3), boot_of(1), record_of(1, 5, 7, {1})}));
    PartitionRecord other_topic = record_of(2, 6, 9, {2});
    other_topic.topic_uid = uid_of(50);
    EXPECT_TRUE(refuses({ScEpoch(3), boot_of(1), other_topic}));
}

TEST(ReplicaState, DoesNotGoBackBehindItsStoredEpoch) {
    Replica replica(1, {}, 7, {}, 9);
    replica.hear(record_of(1, 6, 8, {1, 2}));
    EXPECT_TRUE(replica.effects.empty());
    EXPECT_EQ(replica.state.leader(), nullptr);
    replica.hear(record_of(2, 7, 9, {1, 2}));
    EXPECT_NE(replica.state.follower(), nullptr);
    EXPECT_EQ(replica.effect<PersistState>(), nullptr);
}

TEST(ReplicaState, DoesNotLeadForAnEarlierBoot) {
    Replica replica(1, log_of({4}), 5);
    PartitionRecord record = record_of(1, 5, 8, {1, 2});
    record.leader_boot = BootEpoch(9);
    replica.hear(record);
    EXPECT_EQ(replica.state.leader(), nullptr);
    EXPECT_EQ(replica.state.follower(), nullptr);
    EXPECT_FALSE(replica.sc_message<Promoted>());
}

TEST(ReplicaState, DoesNotLeadAnLrsWithoutItself) {
    Replica replica(1, log_of({4}), 4);
    replica.hear(record_of(1, 5, 8, {2, 3}));
    EXPECT_EQ(replica.state.leader(), nullptr);
}

TEST(ReplicaState, IsNobodyWithoutALeaderOrAnAssignment) {
    Replica replica(2, {}, 4);
    replica.hear(record_of(1, 5, 8, {1, 2}));
    EXPECT_NE(replica.state.follower(), nullptr);
    replica.hear(record_of(0, 6, 9, {2}));
    EXPECT_EQ(replica.state.follower(), nullptr);
    PartitionRecord given_away = record_of(1, 7, 10, {1});
    given_away.replicas[1].uid = uid_of(50);
    replica.hear(given_away);
    EXPECT_EQ(replica.state.follower(), nullptr);
    EXPECT_FALSE(replica.peer_message<Attach>());
}

TEST(ReplicaState, FollowsWhileItIsBeingAdded) {
    Replica replica(2, {}, 4);
    PartitionRecord record = record_of(1, 5, 8, {1});
    record.adding.push_back(record.replicas[1]);
    record.replicas.erase(record.replicas.begin() + 1);
    replica.hear(record);
    EXPECT_TRUE(replica.peer_message<Attach>());
}

TEST(ReplicaState, StopsLeadingInFrontOfEverythingOfTheNextEpoch) {
    Replica replica(1, {}, 4);
    replica.hear(record_of(1, 5, 8, {1, 2}));
    replica.hear(record_of(2, 6, 9, {1, 2}));
    EXPECT_NE(replica.place<StopLeading>(), -1);
    EXPECT_LT(replica.place<PersistState>(), replica.place<ToPeer>());
    EXPECT_LT(replica.place<StopLeading>(), replica.place<ToPeer>());
    EXPECT_NE(replica.state.follower(), nullptr);
}

TEST(ReplicaState, LeadsAgainInAnotherEpoch) {
    Replica replica(1, log_of({4, 4}, 0), 4);
    replica.hear(record_of(1, 5, 8, {1, 2}));
    replica.hear(attach_of(2, 5, 1, log_of({4, 4})));
    replica.hear(ack_of(2, 5, 1, 2));
    replica.append_records(1, 5);
    replica.hear(record_of(1, 6, 9, {1, 2}));
    EXPECT_EQ(replica.effect<StopLeading>()->epoch, epoch(5));
    EXPECT_EQ(replica.state.leader()->leso(), at(3));
    // The session of the epoch before is over.
    replica.hear(ack_of(2, 5, 1, 3));
    EXPECT_EQ(replica.state.log().hw, at(2));
    EXPECT_FALSE(replica.state.next_push(SpuId(2), replica.moment()));
}

TEST(ReplicaState, SaysAgainThatItLeadsWhileTheScWaits) {
    for (const PartitionPhase phase :
         {PartitionPhase::candidate_found, PartitionPhase::recovering}) {
        Replica replica(1, {}, 4);
        PartitionRecord record = record_of(1, 5, 8, {1, 2});
        record.phase = phase;
        replica.hear(record);
        EXPECT_TRUE(replica.sc_message<Promoted>());
        replica.hear(record, 2);
        EXPECT_TRUE(replica.sc_message<Promoted>());
        record.phase = PartitionPhase::online;
        record.version = RecordVersion(9);
        replica.hear(record, 2);
        replica.hear(record, 2);
        EXPECT_FALSE(replica.sc_message<Promoted>());
    }
}

// The disk failed while it took the lead, and the answer was lost with the connection.
TEST(ReplicaState, SaysAgainThatItCannotLeadWhileTheScWaits) {
    Replica replica(1, {}, 4);
    PartitionRecord record = record_of(1, 5, 8, {1, 2});
    record.phase = PartitionPhase::candidate_found;
    replica.hear(record);
    replication::Effects effects;
    replica.state.damaged(effects);
    replica.hear(record, 1);
    ASSERT_TRUE(replica.sc_message<PromoteFailed>());
    EXPECT_EQ(replica.sc_message<PromoteFailed>()->epoch, epoch(5));
    // Somebody else's election is nothing to answer.
    replica.hear(record_of(2, 6, 9, {1, 2}));
    replica.hear(record_of(2, 6, 9, {1, 2}), 2);
    EXPECT_FALSE(replica.sc_message<PromoteFailed>());
}

TEST(Probe, StopsAFollowerUntilThereIsNews) {
    Replica follower(2, log_of({4, 4}, 1), 4);
    follower.hear(record_of(1, 5, 8, {1, 2}));
    const std::uint64_t nonce = follower.state.follower()->nonce();
    follower.hear(AttachOk{epoch(5), nonce, at(0)});
    follower.hear(Probe{ScEpoch(1), boot_of(2), epoch(6)});
    const std::optional<ProbeAnswer> answer = follower.sc_message<ProbeAnswer>();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->epoch, epoch(6));
    EXPECT_EQ(answer->last_epoch, epoch(4));
    EXPECT_EQ(answer->leo, at(2));
    EXPECT_EQ(answer->hw, at(1));
    Append append;
    append.epoch = epoch(5);
    append.nonce = nonce;
    append.base = at(2);
    append.preceding_epoch = epoch(4);
    append.batches.push_back({at(2), at(3), epoch(5)});
    follower.hear(append);
    EXPECT_TRUE(follower.effects.empty());
    follower.append_records(1, 4, /*durable=*/true);
    EXPECT_TRUE(follower.effects.empty());
    // The same SC has no news; its successor's word that nothing changed is enough.
    follower.hear(record_of(1, 5, 8, {1, 2}), 1);
    EXPECT_TRUE(follower.effects.empty());
    follower.hear(record_of(1, 5, 8, {1, 2}), 2);
    ASSERT_TRUE(follower.peer_message<Attach>());
    EXPECT_EQ(follower.peer_message<Attach>()->leo, at(3));
}

TEST(Probe, StopsALeaderUntilThereIsNews) {
    Replica leader(1, {}, 4);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(2, 5, 1, log_of({})));
    leader.append_records(1, 5);
    leader.hear(Probe{ScEpoch(1), boot_of(1), epoch(6)});
    EXPECT_EQ(leader.state.may_produce(Isolation::read_uncommitted, leader.moment()),
              Permission::not_leader);
    leader.hear(ack_of(2, 5, 1, 1));
    EXPECT_EQ(leader.state.log().hw, at(0));
    leader.hear(record_of(1, 5, 9, {1}));
    EXPECT_EQ(leader.state.may_produce(Isolation::read_uncommitted, leader.moment()),
              Permission::granted);
}

// The SC was in epoch 6 when it probed for 7; the record of epoch 5 was held up on the way.
TEST(Probe, IsNotUndoneByAnOlderRecord) {
    Replica follower(2, log_of({4, 4}, 1), 4);
    follower.hear(record_of(1, 5, 8, {1, 2}));
    follower.hear(Probe{ScEpoch(1), boot_of(2), epoch(7)});
    follower.hear(Probe{ScEpoch(1), boot_of(2), epoch(6)});
    follower.hear(record_of(1, 5, 9, {1, 2}));
    follower.hear(AttachOk{epoch(5), follower.state.follower()->nonce(), at(0)});
    EXPECT_FALSE(follower.state.follower()->is_attached());
    follower.hear(record_of(1, 6, 10, {1, 2}));
    follower.hear(AttachOk{epoch(6), follower.state.follower()->nonce(), at(0)});
    EXPECT_TRUE(follower.state.follower()->is_attached());
}

TEST(Probe, OfAnEpochThatHasBegunIsLate) {
    Replica replica(1, {}, 4);
    replica.hear(record_of(1, 5, 8, {1, 2}));
    replica.hear(Probe{ScEpoch(1), boot_of(1), epoch(5)});
    EXPECT_TRUE(replica.effects.empty());
    replica.hear(Probe{ScEpoch(1), BootEpoch(9), epoch(6)});
    EXPECT_TRUE(replica.effects.empty());
    replica.hear(record_of(1, 5, 9, {1, 2}), 2);
    replica.hear(Probe{ScEpoch(1), boot_of(1), epoch(6)});
    EXPECT_TRUE(replica.effects.empty());
}

TEST(ReplicaState, DamageEndsEverything) {
    Replica leader(1, {}, 4);
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.effects.clear();
    leader.state.damaged(leader.effects);
    EXPECT_NE(leader.effect<StopLeading>(), nullptr);
    EXPECT_EQ(leader.state.may_read(Isolation::read_uncommitted, leader.moment()),
              Permission::not_leader);
    leader.hear(Probe{ScEpoch(1), boot_of(1), epoch(6)});
    ASSERT_TRUE(leader.sc_message<ProbeAnswer>());
    EXPECT_FALSE(leader.sc_message<ProbeAnswer>()->is_healthy);
    leader.hear(record_of(1, 6, 9, {1}));
    EXPECT_TRUE(leader.sc_message<PromoteFailed>());
    EXPECT_EQ(leader.state.leader(), nullptr);
}

TEST(ReplicaState, StoresTheVersionThatChangesTheLiveReplicas) {
    Replica replica(1, {}, 4);
    replica.hear(record_of(1, 5, 8, {1, 2, 3}));
    ASSERT_NE(replica.effect<PersistState>(), nullptr);
    EXPECT_EQ(replica.effect<PersistState>()->version, RecordVersion(8));
    replica.hear(record_of(1, 5, 10, {1, 2}));
    ASSERT_NE(replica.effect<NoteVersion>(), nullptr);
    EXPECT_EQ(replica.effect<NoteVersion>()->epoch, epoch(5));
    EXPECT_EQ(replica.effect<NoteVersion>()->version, RecordVersion(10));
}

TEST(ReplicaState, ARecordFromBeforeTheStoredVersionIsOld) {
    Replica replica(1, {}, 5, {}, 10);
    replica.hear(record_of(1, 5, 9, {1, 2, 3}));
    EXPECT_EQ(replica.state.leader(), nullptr);
    replica.hear(record_of(1, 5, 10, {1, 2}));
    EXPECT_NE(replica.state.leader(), nullptr);
}

}  // namespace weir::replication
