// Records of partitions in the SC: elections, promotions, fencing, live sets, and what survives a
// restart, against scripted SPUs (replication.md 5.3 to 5.14).

#include "core/control/record_check.h"
#include "tests/support/sc_world.h"

#include <gtest/gtest.h>

namespace weir::sc {

namespace {

using test::FakeSpuOptions;
using test::ScClient;
using wire::Status;

const ReplicaKey kKey = {"hello", 0};

SpuSet set_of(std::initializer_list<int> ids) {
    SpuSet set;
    for (const int id : ids) {
        set.push_back(SpuId(id));
    }
    return set;
}

// The topic is stored soon after; nobody waits for its leaders.
Task<Result<void>> ask_for_topic(Env& env, ScClient& client, TopicSpec spec) {
    wire::CreateRequest request;
    request.name = kKey.topic;
    request.spec = std::move(spec);
    WEIR_CO_TRY(const std::int32_t id, co_await client.send(wire::ScApi::create, request));
    static_cast<void>(id);
    co_return co_await sleep_for(env.clock, env.executor, Duration::from_ms(100));
}

// Three SPUs, and a topic with a partition on each of them that SPU 2 leads: SPU 1 leads
// consumer-offset-0.
class ScPartitions : public test::ScTest {
protected:
    ScPartitions() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            for (int id = 1; id <= 3; ++id) {
                WEIR_CO_TRY(const Status status, co_await client.register_spu(id));
                EXPECT_TRUE(status.error.ok());
            }
            co_return Result<void>();
        });
        for (int id = 1; id <= 3; ++id) {
            start_spu(id);
        }
    }
    void create(std::uint32_t replication_factor) {
        replication_factor_ = replication_factor;
        if (replication_factor == 3) {
            run([](Env&, ScClient& client) -> Task<Result<void>> {
                WEIR_CO_TRY(const Status status, co_await client.create_topic("hello", 1, 3));
                EXPECT_TRUE(status.error.ok());
                co_return Result<void>();
            });
        } else {
            run([](Env&, ScClient& client) -> Task<Result<void>> {
                WEIR_CO_TRY(const Status status, co_await client.create_topic("hello", 1, 1));
                EXPECT_TRUE(status.error.ok());
                co_return Result<void>();
            });
        }
    }
    void start_spu_that_reconnects(int id) {
        test::FakeSpuOptions options = spu_options(id);
        options.reconnects = true;
        start_spu(options);
    }
    // The SC starts again, and no SPU is there.
    void start_sc_without_spus() {
        sc_->crash();
        for (int id = 1; id <= 3; ++id) {
            spu_machines_[id]->crash();
        }
        boot_sc();
    }
    // As SPU `id` was told last.
    const PartitionRecord& record(int id) { return spus_[id].record(kKey); }
    void pass(std::int64_t ms) { world_.run_for(Duration::from_ms(ms)); }
    void expect_leader(int teller, int leader) {
        EXPECT_EQ(record(teller).leader, SpuId(leader));
        EXPECT_EQ(record(teller).leader_boot, spus_[leader].registered.boot);
        EXPECT_EQ(record(teller).phase, PartitionPhase::online);
        EXPECT_TRUE(control::check_record(record(teller)).empty());
    }
    void alter(int id, SpuSet lrs, std::vector<replication::AddedMember> added = {}) {
        replication::AlterLrs request;
        request.boot = spus_[id].registered.boot;
        request.epoch = record(id).leader_epoch;
        request.version = record(id).version;
        request.lrs = std::move(lrs);
        request.added = std::move(added);
        spus_[id].say(kKey, request);
        pass(100);
    }
    Uid uid_on(int teller, int id) {
        for (const AssignedReplica& replica : record(teller).replicas) {
            if (replica.spu == SpuId(id)) {
                return replica.uid;
            }
        }
        return Uid();
    }
    replication::AddedMember member(int teller, int id) {
        return {SpuId(id), uid_on(teller, id), spus_[id].registered.boot};
    }
    PartitionResolution resolution() {
        static PartitionResolution seen;
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            WEIR_CO_TRY(const auto list, co_await client.list(ObjectKind::partition, false));
            seen = std::get<std::vector<PartitionObject>>(list.objects).at(0).status.resolution;
            co_return Result<void>();
        });
        return seen;
    }
    std::uint32_t replication_factor_ = 0;
};

}  // namespace

TEST_F(ScPartitions, ANewPartitionIsLedAtOnceByTheFirstOfItsReplicas) {
    create(3);
    expect_leader(1, 2);
    EXPECT_EQ(record(1).leader_epoch, LeaderEpoch(0));
    EXPECT_EQ(record(1).lrs, set_of({1, 2, 3}));
    EXPECT_EQ(record(1).min_live, 2U);
    EXPECT_EQ(record(1), record(2));
    EXPECT_EQ(record(1), record(3));
    EXPECT_FALSE(uid_on(1, 1).is_none());
    EXPECT_NE(uid_on(1, 1), uid_on(1, 2));
    EXPECT_EQ(spus_[1].probes + spus_[2].probes + spus_[3].probes, 0U);
    EXPECT_EQ(resolution(), PartitionResolution::online);
    EXPECT_GT(spus_[1].registered.boot, kNoBoot);
    EXPECT_EQ(spus_[1].registered.sc_epoch, ScEpoch(1));
    EXPECT_EQ(spus_[1].registered.lease_ms, 2'500U);
}

TEST_F(ScPartitions, AClosedConnectionOfTheLeaderElectsTheLongestLogAtOnce) {
    create(3);
    spu_machines_[2]->crash();
    pass(150);
    expect_leader(1, 3);
    EXPECT_EQ(record(1).lrs, set_of({1, 3}));
    EXPECT_GT(record(1).leader_epoch, LeaderEpoch(0));
    EXPECT_EQ(spus_[1].probes, 1U);
    EXPECT_EQ(resolution(), PartitionResolution::online);
    // It follows when it is back, with another boot, and changes nothing.
    const BootEpoch before = spus_[2].registered.boot;
    const LeaderEpoch epoch = record(1).leader_epoch;
    start_spu(2);
    EXPECT_GT(spus_[2].registered.boot, before);
    expect_leader(2, 3);
    EXPECT_EQ(record(2).leader_epoch, epoch);
    EXPECT_EQ(record(2).lrs, set_of({1, 3}));
}

TEST_F(ScPartitions, ASilentLeaderKeepsTheLeadForASessionAndNoLonger) {
    create(3);
    pass(1'000);
    world_.fabric().block(spu_machines_[2]->host(), sc_->host());
    pass(2'700);
    expect_leader(1, 2);
    pass(500);
    expect_leader(1, 3);
    world_.fabric().unblock(spu_machines_[2]->host(), sc_->host());
}

TEST_F(ScPartitions, ASilentFollowerLeavesTheLiveSetAfterASession) {
    create(3);
    world_.fabric().block(spu_machines_[1]->host(), sc_->host());
    pass(2'700);
    EXPECT_EQ(record(2).lrs, set_of({1, 2, 3}));
    pass(500);
    EXPECT_EQ(record(2).lrs, set_of({2, 3}));
    world_.fabric().unblock(spu_machines_[1]->host(), sc_->host());
}

TEST_F(ScPartitions, AFollowerThatIsGoneLeavesTheLiveSetAtOnceUnlessTooFewRemain) {
    create(3);
    spu_machines_[1]->crash();
    pass(100);
    EXPECT_EQ(record(2).lrs, set_of({2, 3}));
    expect_leader(2, 2);
    EXPECT_EQ(record(2).leader_epoch, LeaderEpoch(0));
    // The last two: below min_live the one that goes stays eligible.
    spu_machines_[3]->crash();
    pass(2'000);
    EXPECT_EQ(record(2).lrs, set_of({2, 3}));
    pass(1'500);
    EXPECT_EQ(record(2).lrs, set_of({2}));
    EXPECT_EQ(record(2).elr, set_of({3}));
    spu_machines_[2]->crash();
    pass(3'500);
    start_spu(1);
    EXPECT_EQ(record(1).leader, kNoSpu);
    EXPECT_EQ(record(1).elr, set_of({2, 3}));
    EXPECT_EQ(record(1).phase, PartitionPhase::offline);
    EXPECT_EQ(resolution(), PartitionResolution::leader_offline);
    start_spu(3);
    expect_leader(1, 3);
    EXPECT_EQ(record(1).lrs, set_of({3}));
    EXPECT_EQ(record(1).elr, set_of({2}));
}

TEST_F(ScPartitions, TheOnlyReplicaLeadsAgainWhenItIsBack) {
    create(1);
    const int id = spus_[2].replicas.contains(kKey) ? 2 : 3;
    expect_leader(id, id);
    EXPECT_EQ(record(id).min_live, 1U);
    const LeaderEpoch epoch = record(id).leader_epoch;
    spu_machines_[id]->crash();
    pass(100);
    EXPECT_EQ(resolution(), PartitionResolution::leader_offline);
    start_spu(id);
    expect_leader(id, id);
    EXPECT_GT(record(id).leader_epoch, epoch);
    EXPECT_EQ(resolution(), PartitionResolution::online);
    // Also after it was taken for gone.
    spu_machines_[id]->crash();
    pass(10'000);
    EXPECT_EQ(resolution(), PartitionResolution::leader_offline);
    start_spu(id);
    expect_leader(id, id);
    EXPECT_EQ(record(id).elr, SpuSet());
}

TEST_F(ScPartitions, TheSameProcessKeepsItsBootAndTheLead) {
    create(3);
    stop(*spu_machines_[2]);
    FakeSpuOptions options = spu_options(2);
    options.reconnects = true;
    start_spu(options);
    alter(3, set_of({1, 2, 3}), {member(3, 2)});
    const BootEpoch boot = spus_[2].registered.boot;
    const PartitionRecord before = record(3);
    EXPECT_EQ(before.lrs, set_of({1, 2, 3}));
    // The SC is away for a moment; its SPUs are not.
    sc_->crash();
    spu_machines_[1]->crash();
    spu_machines_[3]->crash();
    boot_sc();
    for (int i = 0; i < 20 && spus_[2].sessions < 2; ++i) {
        pass(100);
    }
    EXPECT_EQ(spus_[2].registered.boot, boot);
    EXPECT_EQ(spus_[2].registered.sc_epoch, ScEpoch(2));
    EXPECT_EQ(record(2), before);
    // SPU 3 led, died with the SC, and is not heard of again.
    pass(4'000);
    expect_leader(2, 2);
    EXPECT_EQ(record(2).lrs, set_of({2}));
}

TEST_F(ScPartitions, OnlyTheLeaderChangesTheLiveSetAndOnlyFromThePresentRecord) {
    create(3);
    alter(2, set_of({2, 3}));
    EXPECT_EQ(record(2).lrs, set_of({2, 3}));
    const PartitionRecord shrunk = record(2);
    // Of somebody who does not lead.
    alter(3, set_of({3}));
    EXPECT_EQ(record(2), shrunk);
    // Late: made from a record that is no more.
    replication::AlterLrs late;
    late.boot = spus_[2].registered.boot;
    late.epoch = shrunk.leader_epoch;
    late.version = RecordVersion(shrunk.version.value() - 1);
    late.lrs = set_of({2});
    spus_[2].say(kKey, late);
    pass(100);
    EXPECT_EQ(record(2), shrunk);
    // A member that has restarted since it was found in sync: refused, and the version moves on.
    replication::AddedMember stale = member(2, 1);
    spu_machines_[1]->crash();
    start_spu(1);
    alter(2, set_of({1, 2, 3}), {stale});
    EXPECT_EQ(record(2).lrs, set_of({2, 3}));
    EXPECT_GT(record(2).version, shrunk.version);
    alter(2, set_of({1, 2, 3}), {member(2, 1)});
    EXPECT_EQ(record(2).lrs, set_of({1, 2, 3}));
    EXPECT_EQ(record(2).leader_epoch, LeaderEpoch(0));
}

TEST_F(ScPartitions, ACandidateThatCannotOrDoesNotLeadIsPassedOver) {
    create(3);
    stop(*spu_machines_[3]);
    FakeSpuOptions mute = spu_options(3);
    mute.reports = false;
    start_spu(mute);
    alter(2, set_of({1, 2}));
    alter(2, set_of({1, 2, 3}), {member(2, 3)});
    EXPECT_EQ(record(2).lrs, set_of({1, 2, 3}));
    spu_machines_[2]->crash();
    pass(200);
    // It has the longest log, and says nothing.
    EXPECT_EQ(record(1).leader, SpuId(3));
    EXPECT_EQ(record(1).phase, PartitionPhase::candidate_found);
    EXPECT_EQ(resolution(), PartitionResolution::election_leader_found);
    const LeaderEpoch epoch = record(1).leader_epoch;
    pass(700);
    expect_leader(1, 1);
    EXPECT_GT(record(1).leader_epoch, epoch);
    // What it says too late changes nothing.
    const PartitionRecord settled = record(1);
    replication::Promoted late;
    late.boot = spus_[3].registered.boot;
    late.epoch = epoch;
    spus_[3].say(kKey, late);
    replication::PromoteFailed failed;
    failed.boot = spus_[3].registered.boot;
    failed.epoch = epoch;
    spus_[3].say(kKey, failed);
    pass(200);
    EXPECT_EQ(record(1), settled);
}

TEST_F(ScPartitions, ADamagedReplicaLosesItsIdentity) {
    create(3);
    const Uid before = uid_on(2, 3);
    replication::ProbeAnswer damaged;
    damaged.boot = spus_[3].registered.boot;
    damaged.is_healthy = false;
    spus_[3].say(kKey, damaged);
    pass(100);
    EXPECT_EQ(record(2).lrs, set_of({1, 2}));
    EXPECT_NE(uid_on(2, 3), before);
    // Found at the start of a process.
    spu_machines_[1]->crash();
    spus_[1].disk.at(kKey).is_healthy = false;
    const Uid first = uid_on(2, 1);
    start_spu(1);
    EXPECT_EQ(record(2).lrs, set_of({2}));
    EXPECT_EQ(record(2).elr, SpuSet());
    EXPECT_NE(uid_on(2, 1), first);
    expect_leader(2, 2);
}

TEST_F(ScPartitions, ADamagedOnlyCopyIsNotServedUntilItIsWell) {
    create(1);
    const int id = spus_[2].replicas.contains(kKey) ? 2 : 3;
    const Uid uid = uid_on(id, id);
    spu_machines_[id]->crash();
    spus_[id].disk.at(kKey).is_healthy = false;
    FakeSpuOptions options = spu_options(id);
    options.answers_probes = false;
    start_spu(options);
    pass(1'000);
    EXPECT_EQ(record(id).leader, kNoSpu);
    EXPECT_EQ(uid_on(id, id), uid);
    spu_machines_[id]->crash();
    spus_[id].disk.at(kKey).is_healthy = true;
    start_spu(id);
    expect_leader(id, id);
    EXPECT_EQ(uid_on(id, id), uid);
}

// 5.14: the metadata are older than what an SPU has seen.
TEST_F(ScPartitions, NothingChangesAboutAPartitionWhoseRecordIsInDoubt) {
    create(3);
    spu_machines_[1]->crash();
    pass(100);
    const PartitionRecord before = record(2);
    spus_[1].disk.at(kKey).fence_epoch = LeaderEpoch(9);
    EXPECT_TRUE(spus_[3].doubted.empty());
    start_spu(1);
    EXPECT_EQ(record(1), before);
    // Nobody is told to go on leading it.
    const wire::internal::PartitionRef doubted = {before.topic_uid, before.partition};
    EXPECT_EQ(spus_[1].doubted, std::vector{doubted});
    pass(300);
    EXPECT_EQ(spus_[3].doubted, std::vector{doubted});
    spu_machines_[2]->crash();
    pass(5'000);
    EXPECT_EQ(record(3), before);
    EXPECT_EQ(resolution(), PartitionResolution::leader_offline);
    // Others are not concerned.
    const ReplicaKey offsets = {"consumer-offset", 0};
    EXPECT_EQ(spus_[1].record(offsets).phase, PartitionPhase::online);
}

// 5.14: only the SPUs can show that its metadata are old.
TEST_F(ScPartitions, AnScThatHasJustStartedChangesNothingBeforeAllSpusHaveCome) {
    for (int id = 1; id <= 3; ++id) {
        spu_machines_[id]->crash();
        start_spu_that_reconnects(id);
    }
    create(3);
    const PartitionRecord before = record(3);
    ASSERT_EQ(before.min_live, 2U);
    sc_->crash();
    spu_machines_[1]->crash();
    spu_machines_[2]->crash();
    boot_sc();
    pass(1'000);
    // One that has only lost its connection is served.
    EXPECT_EQ(record(3), before);
    EXPECT_EQ(spus_[3].registered.result, wire::internal::RegisterResult::accepted);
    // Nor does a deletion go by what may be old: it waits.
    run([](Env& env, ScClient& client) -> Task<Result<void>> {
        const Instant asked = env.clock.now();
        WEIR_CO_TRY(const Status done, co_await client.delete_topic("hello"));
        EXPECT_TRUE(done.error.ok());
        EXPECT_GT((env.clock.now() - asked).ms(), 1'000);
        EXPECT_LT((env.clock.now() - asked).ms(), 2'500);
        co_return Result<void>();
    });
    pass(200);
    EXPECT_FALSE(spus_[3].replicas.contains(kKey));
}

// It may have been deposed in a time that the metadata have lost: no records, and so no lease.
TEST_F(ScPartitions, ALeaderGetsNoRecordsFromAnScThatHasJustStartedBeforeEnoughSpusHaveCome) {
    for (int id = 1; id <= 3; ++id) {
        spu_machines_[id]->crash();
        start_spu_that_reconnects(id);
    }
    create(3);
    const int leader = record(3).leader.value();
    const int other = leader % 3 + 1;
    const int last = other % 3 + 1;
    sc_->crash();
    spu_machines_[last]->crash();
    spu_machines_[other]->crash();
    spus_[leader].sequence = 0;
    boot_sc();
    pass(1'000);
    ASSERT_EQ(spus_[leader].registered.result, wire::internal::RegisterResult::accepted);
    EXPECT_EQ(spus_[leader].sequence, 0U);
    EXPECT_GT(spus_[leader].acks, 0U);
    start_spu(other);
    EXPECT_GT(spus_[leader].sequence, 0U);
}

TEST_F(ScPartitions, ANewProcessWaitsForTheOthersOfAnScThatHasJustStarted) {
    create(3);
    const PartitionRecord before = record(3);
    start_sc_without_spus();
    const BootEpoch boot = spus_[3].registered.boot;
    start_spu(3);
    pass(1'000);
    EXPECT_EQ(spus_[3].registered.boot, boot);
    EXPECT_EQ(record(3), before);
    // By now it may be on the one that has not come.
    start_spu(2);
    pass(1'000);
    EXPECT_EQ(spus_[3].registered.boot, boot);
    EXPECT_EQ(record(3), before);
    start_spu(1);
    pass(300);
    EXPECT_GT(spus_[3].registered.boot, boot);
    EXPECT_GT(record(3).leader_epoch, before.leader_epoch);
    EXPECT_EQ(record(3).phase, PartitionPhase::online);
}

// Another one may have its place by now, and lead.
TEST_F(ScPartitions, WhoShowsNothingIsNoWitnessOfWhatAnScFindsAtItsStart) {
    for (int id = 1; id <= 3; ++id) {
        spu_machines_[id]->crash();
        start_spu_that_reconnects(id);
    }
    create(3);
    const PartitionRecord before = record(3);
    const int leader = before.leader.value();
    const int other = leader % 3 + 1;
    const int last = other % 3 + 1;
    sc_->crash();
    spu_machines_[last]->crash();
    spus_[other].disk.erase(kKey);
    spus_[leader].sequence = 0;
    boot_sc();
    pass(1'000);
    ASSERT_EQ(spus_[leader].registered.result, wire::internal::RegisterResult::accepted);
    EXPECT_EQ(spus_[leader].sequence, 0U);
    start_spu(last);
    EXPECT_GT(spus_[leader].sequence, 0U);
}

// What the SC has changed by old metadata hides nothing: another one led that epoch before.
TEST_F(ScPartitions, AnSpuThatComesLateIsComparedWithWhatTheScFoundAtItsStart) {
    create(3);
    start_sc_without_spus();
    start_spu(1);
    start_spu(3);
    const LeaderEpoch found = record(3).leader_epoch;
    pass(4'000);
    const PartitionRecord elected = record(3);
    ASSERT_GT(elected.leader_epoch, found);
    spus_[2].disk.at(kKey).fence_epoch = elected.leader_epoch;
    start_spu(2);
    const wire::internal::PartitionRef doubted = {elected.topic_uid, elected.partition};
    EXPECT_EQ(spus_[2].doubted, std::vector{doubted});
}

// S9: the SC's store is one from before.
TEST_F(ScPartitions, NoSpuIsServedByMetadataThatForgotABoot) {
    create(3);
    spu_machines_[1]->crash();
    spus_[1].clean_boot = BootEpoch(99);
    const std::size_t sessions = spus_[1].sessions;
    start_spu(1);
    EXPECT_EQ(spus_[1].sessions, sessions + 1);
    EXPECT_EQ(spus_[1].registered.result, wire::internal::RegisterResult::unavailable);
    // Not even those that were served before.
    pass(300);
    const std::uint64_t acks = spus_[2].acks;
    pass(1'000);
    EXPECT_EQ(spus_[2].acks, acks);
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status refused, co_await client.delete_topic("hello"));
        EXPECT_EQ(refused.error.tag, wire::ErrorTag::topic_error);
        co_return Result<void>();
    });
}

TEST_F(ScPartitions, WhatAnEarlierProcessSaidIsNotHeard) {
    create(3);
    spu_machines_[2]->crash();
    pass(200);
    start_spu(2);
    alter(3, set_of({1, 2, 3}), {member(3, 2)});
    const PartitionRecord before = record(3);
    replication::ProbeAnswer late;
    late.boot = BootEpoch(spus_[2].registered.boot.value() - 1);
    late.is_healthy = false;
    spus_[2].say(kKey, late);
    pass(100);
    EXPECT_EQ(record(3), before);
}

// Not every answer is waited for longer than it takes.
TEST_F(ScPartitions, TheElectionGoesOnOnceAllHaveAnswered) {
    create(3);
    spu_machines_[2]->crash();
    pass(40);
    expect_leader(1, 3);
}

// What it has said before does not count either: it need not be true any longer.
TEST_F(ScPartitions, ASilentMemberIsAskedAndNotWaitedForLong) {
    create(3);
    stop(*spu_machines_[3]);
    FakeSpuOptions mute = spu_options(3);
    mute.answers_probes = false;
    start_spu(mute);
    alter(2, set_of({1, 2, 3}), {member(2, 3)});
    spu_machines_[2]->crash();
    pass(40);
    EXPECT_EQ(record(1).leader, kNoSpu);
    EXPECT_EQ(record(1).phase, PartitionPhase::election);
    pass(60);
    expect_leader(1, 1);
    EXPECT_EQ(spus_[3].probes, 1U);
}

// What it said when it registered it may have left behind since: the leader of before goes on
// writing until it is asked.
TEST_F(ScPartitions, AMemberThatComesWhileTheOthersAreAskedIsAskedAsWell) {
    stop(*spu_machines_[1]);
    FakeSpuOptions mute = spu_options(1);
    mute.answers_probes = false;
    start_spu(mute);
    create(3);
    spu_machines_[2]->crash();
    pass(100);
    expect_leader(1, 3);
    const std::uint64_t asked = spus_[1].probes;
    spus_[3].clean_boot = spus_[3].registered.boot;
    spu_machines_[3]->crash();
    pass(10);
    ASSERT_EQ(spus_[1].probes, asked + 1);
    const std::uint64_t probes = spus_[3].probes;
    spu_machines_[3]->boot(sim::Main(test::run_fake_spu, spu_options(3), &spus_[3]));
    pass(10);
    EXPECT_EQ(spus_[3].probes, probes + 1);
    EXPECT_EQ(spus_[1].probes, asked + 1);
}

// A member that is alive for all that is known, but cannot be reached, is not elected and stays.
TEST_F(ScPartitions, WhoIsAwayIsNotElected) {
    create(3);
    spu_machines_[1]->crash();
    pass(50);
    // Too few would remain without it.
    spu_machines_[3]->crash();
    pass(50);
    spu_machines_[2]->crash();
    start_spu(1);
    EXPECT_EQ(record(1).leader, kNoSpu);
    EXPECT_EQ(record(1).lrs, set_of({3}));
    EXPECT_EQ(record(1).elr, set_of({2}));
    start_spu(3);
    expect_leader(1, 3);
}

TEST_F(ScPartitions, APartitionThatNobodyHasLedLosesNothingWithADiskThatNeverCame) {
    run([](Env& env, ScClient& client) -> Task<Result<void>> {
        for (int id = 4; id <= 5; ++id) {
            WEIR_CO_TRY(const Status registered, co_await client.register_spu(id));
            EXPECT_TRUE(registered.error.ok());
        }
        AssignedReplicas replicas;
        PartitionMap row;
        row.replicas = {SpuId(4), SpuId(5)};
        replicas.maps.push_back(row);
        TopicSpec spec;
        spec.replicas = replicas;
        co_return co_await ask_for_topic(env, client, spec);
    });
    start_spu(4);
    start_spu(5);
    expect_leader(4, 4);
    EXPECT_EQ(record(4).leader_epoch, LeaderEpoch(0));
}

// The SC ends when it has stored a new partition and told nobody, and so does the process of a
// member.
TEST_F(ScPartitions, AProcessThatEndedBeforeItHeardOfANewPartitionIsAMemberOfIt) {
    for (int id = 1; id <= 3; ++id) {
        spu_machines_[id]->crash();
        FakeSpuOptions mute = spu_options(id);
        mute.reports = false;
        mute.reconnects = true;
        start_spu(mute);
    }
    run([](Env& env, ScClient& client) -> Task<Result<void>> {
        TopicSpec spec;
        spec.replicas = ComputedReplicas{1, 3, false};
        co_return co_await ask_for_topic(env, client, spec);
    });
    const PartitionRecord made = record(1);
    const Uid uid = uid_on(1, 1);
    ASSERT_EQ(made.phase, PartitionPhase::candidate_found);
    sc_->crash();
    for (int id = 1; id <= 3; ++id) {
        spus_[id].disk.erase(kKey);
    }
    spu_machines_[1]->crash();
    boot_sc();
    start_spu(1);
    pass(1'000);
    expect_leader(1, 1);
    EXPECT_EQ(record(1).lrs, set_of({1}));
    EXPECT_EQ(uid_on(1, 1), uid);
    EXPECT_GT(record(1).leader_epoch, made.leader_epoch);
}

// Nothing is lost of what was decided while the disk did not take it.
TEST_F(ScPartitions, AnElectionThatCannotBeStoredIsMadeAgain) {
    for (int id = 1; id <= 3; ++id) {
        spu_machines_[id]->crash();
    }
    stop(*sc_);
    config_.journal_segment_size_bytes = 4'096;
    boot_sc();
    for (int id = 1; id <= 3; ++id) {
        start_spu(id);
    }
    create(3);
    sim::DiskImage& disk = sc_->disk_image();
    const std::uint64_t capacity = disk.capacity_bytes();
    disk.set_capacity_bytes(disk.used_bytes());
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        for (int i = 0; i < 100; ++i) {
            std::string name = "filler-" + std::to_string(i);
            WEIR_CO_TRY(const Status status, co_await client.create_topic(name, 1));
            if (!status.error.ok()) {
                co_return Result<void>();
            }
        }
        co_return fail(ErrorCode::unavailable, "the disk is not full");
    });
    const int leader = record(1).leader.value();
    spu_machines_[leader]->crash();
    pass(1'500);
    EXPECT_EQ(record(1).leader, SpuId(leader));
    disk.set_capacity_bytes(capacity);
    pass(10'000);
    EXPECT_NE(record(1).leader, SpuId(leader));
    EXPECT_EQ(record(1).phase, PartitionPhase::online);
}

// S12: whatever the moment at which the SC ends, its successor brings every partition to a leader.
TEST_F(ScPartitions, AnScThatEndsInTheMiddleLeavesNothingUndone) {
    create(3);
    for (int moment = 0; moment < 30; ++moment) {
        const int leader = record(1).leader == SpuId(2) ? 2 : 3;
        const int other = leader == 2 ? 3 : 2;
        spu_machines_[leader]->crash();
        pass(moment * 4);
        sc_->power_loss(sim::LossMode::all);
        spu_machines_[1]->crash();
        spu_machines_[other]->crash();
        boot_sc();
        start_spu(1);
        start_spu(other);
        pass(5'000);
        ASSERT_EQ(record(1).phase, PartitionPhase::online) << moment;
        ASSERT_NE(record(1).leader, SpuId(leader)) << moment;
        ASSERT_TRUE(control::check_record(record(1)).empty()) << moment;
        start_spu(leader);
        const int now = record(1).leader.value();
        SpuSet lrs = set_of({1, 2, 3});
        alter(now, lrs, {member(now, 1), member(now, 2), member(now, 3)});
        ASSERT_EQ(record(now).lrs, lrs) << moment;
        if (now == 1) {
            // Back to the one with the longer log.
            spu_machines_[1]->crash();
            pass(300);
            start_spu(1);
            const int next = record(1).leader.value();
            alter(next, lrs, {member(next, 1)});
        }
    }
}

TEST_F(ScPartitions, AReplacedDiskBringsNothingAndGetsAFreshIdentity) {
    create(3);
    const Uid before = uid_on(2, 3);
    stop(*spu_machines_[3]);
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        wire::DeleteTarget target;
        target.kind = ObjectKind::custom_spu;
        target.key = SpuId(3);
        wire::DeleteRequest request;
        request.target = target;
        WEIR_CO_TRY(const Status removed, co_await client.call(wire::ScApi::remove, request));
        EXPECT_TRUE(removed.error.ok());
        WEIR_CO_TRY(const Status created, co_await client.register_spu(3));
        EXPECT_TRUE(created.error.ok());
        co_return Result<void>();
    });
    EXPECT_EQ(record(2).lrs, set_of({1, 2}));
    EXPECT_EQ(uid_on(2, 3), before);
    spus_[3].disk.clear();
    start_spu(3, Uid{5, 5});
    EXPECT_NE(uid_on(2, 3), before);
    EXPECT_EQ(record(3), record(2));
}

}  // namespace weir::sc
