// SPUs as leaders and followers of each other on one simulated machine, under a scripted SC.
#include "core/base/mutant.h"
#include "tests/unit/spu/replica_cluster.h"

#include <array>

namespace weir {
namespace {

using test::answer_of;
using test::batch_of;
using test::Cluster;
using test::Content;
using test::content_of;
using test::fetch;
using test::garble;
using test::kA;
using test::kB;
using test::kTopicUid;
using test::produce;
using test::produce_each;
using test::produce_of;
using test::RawClient;
using test::replica_dir_of_a;
using test::run;
using test::Wanted;
using wire::ErrorTag;
using wire::SpuApi;

using Values = std::vector<std::string>;

TEST(SpuReplication, ACommittedRecordIsOnBothAndSurvivesTheLeader) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        const std::vector<std::string> values = {"a", "b", "c"};
        WEIR_CO_CHECK(co_await produce_each(cluster, kA, values, Wanted::committed));
        WEIR_CO_TRY(const auto elsewhere, co_await produce(cluster, kB, "x", Wanted::leader));
        EXPECT_EQ(elsewhere.error.tag, ErrorTag::not_leader_for_partition);
        WEIR_CO_CHECK(
            co_await cluster.until([&] { return cluster.follower_has(3); }, "follower has all"));

        WEIR_CO_CHECK(co_await cluster.stop(kA));
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until_promoted(1));
        WEIR_CO_TRY(const auto more, co_await produce(cluster, kB, "d", Wanted::committed));
        EXPECT_EQ(more.base_offset, 3);
        WEIR_CO_TRY(const auto read, co_await fetch(cluster, kB, wire::Isolation::read_committed));
        const Content content = content_of(read);
        EXPECT_EQ(content.values, (Values{"a", "b", "c", "d"}));
        EXPECT_EQ(content.epochs, (std::vector<std::int32_t>{0, 0, 0, 1}));
        EXPECT_EQ(read.high_watermark, 4);

        // The old leader comes back as a follower, and gets what it lacks.
        WEIR_CO_CHECK(co_await cluster.start(kA));
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.follower_has(4); }, "A follows"));
        const auto& again = cluster.sc.registrations.back();
        EXPECT_EQ(again.clean_boot, BootEpoch(1));
        CO_REQUIRE(again.replicas.size() == 1);
        EXPECT_EQ(again.replicas[0].leo, Offset(3));
        EXPECT_EQ(again.replicas[0].uid, (Uid{3, 1}));
        EXPECT_EQ(again.replicas[0].fence_epoch, LeaderEpoch(0));
        EXPECT_EQ(again.replicas[0].last_epoch, LeaderEpoch(0));
        EXPECT_TRUE(again.replicas[0].is_healthy);
        co_return co_await cluster.close();
    }));
}

// Each deletes by itself, so that it does not matter who leads next.
TEST(SpuReplication, WhatAnOperatorDeletesIsGoneFromBothAndStaysSo) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        const std::vector<std::string> values = {"a", "b", "c"};
        WEIR_CO_CHECK(co_await produce_each(cluster, kA, values, Wanted::committed));
        const auto log_start = [&] {
            const auto report = cluster.sc.reports.find({"t", 0});
            return report == cluster.sc.reports.end() ? Offset(-1) : report->second.log_start;
        };
        cluster.delete_before = Offset(2);
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until([&] { return log_start() == Offset(2); }, "deleted"));
        WEIR_CO_CHECK(
            co_await cluster.until([&] { return cluster.follower_has(3); }, "follower has all"));
        // The follower has come to know the watermark; it hears nothing more of this leader.
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until_promoted(1));
        WEIR_CO_TRY(const auto evicted,
                    co_await fetch(cluster, kB, wire::Isolation::read_committed));
        EXPECT_EQ(evicted.error.tag, ErrorTag::offset_evicted) << to_string(evicted.error);
        WEIR_CO_TRY(const auto more, co_await produce(cluster, kB, "d", Wanted::committed));
        EXPECT_EQ(more.base_offset, 3);
        EXPECT_EQ(log_start(), Offset(2));
        // All of it, and A hears of it when it is back.
        cluster.delete_before = Offset(4);
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return log_start() == Offset(4); }, "purged"));
        EXPECT_EQ(cluster.sc.reports.at({"t", 0}).size_bytes, 0);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.follower_has(4); }, "A follows"));
        WEIR_CO_TRY(const auto last, co_await produce(cluster, kB, "e", Wanted::committed));
        EXPECT_EQ(last.base_offset, 4);
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, WhatOnlyTheOldLeaderHasIsCut) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until_promoted(0));
        const std::vector<std::string> values = {"r0", "r1", "r2"};
        WEIR_CO_CHECK(co_await produce_each(cluster, kA, values, Wanted::leader));
        WEIR_CO_TRY(const auto unseen,
                    co_await fetch(cluster, kA, wire::Isolation::read_committed));
        EXPECT_EQ(unseen.high_watermark, 0);
        WEIR_CO_CHECK(co_await cluster.stop(kA));

        WEIR_CO_CHECK(co_await cluster.start(kB));
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until_promoted(1));
        const std::vector<std::string> later = {"s0", "s1"};
        WEIR_CO_CHECK(co_await produce_each(cluster, kB, later, Wanted::committed));
        WEIR_CO_CHECK(co_await cluster.start(kA));
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.follower_has(2); }, "A follows"));
        WEIR_CO_CHECK(co_await cluster.stop(kB));
        cluster.lead(kA, 2, {kA}, 1);
        WEIR_CO_CHECK(co_await cluster.until_promoted(2));
        WEIR_CO_TRY(const auto read, co_await fetch(cluster, kA, wire::Isolation::read_committed));
        EXPECT_EQ(content_of(read).values, (Values{"s0", "s1"}));
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, AProduceInFlightEndsWithTheLeadership) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until_promoted(0));
        {
            WEIR_CO_TRY(const auto client,
                        co_await RawClient::connect(env, cluster.config(kA).public_bind));
            auto request = produce_of("t", batch_of({"a"}), -1);
            request.timeout_ms = 500'000;
            WEIR_CO_CHECK(co_await client->send(SpuApi::produce, std::move(request), 25));
            WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(200)));
            const Instant before = env.clock.now();
            cluster.lead(kB, 1, {kA, kB}, 2);
            WEIR_CO_TRY(const auto answer, co_await answer_of(*client));
            EXPECT_EQ(answer.error.tag, ErrorTag::not_leader_for_partition);
            EXPECT_EQ(answer.base_offset, 1);  // behind it: it is in the log
            EXPECT_LT((env.clock.now() - before).ms(), 1'000);
        }
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, TooFewLiveReplicasRefuseACommittedAcknowledgementAlone) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_both());
        cluster.lead(kA, 0, {kA}, 2);
        WEIR_CO_CHECK(co_await cluster.until_promoted(0));
        WEIR_CO_TRY(const auto refused, co_await produce(cluster, kA, "a", Wanted::committed));
        EXPECT_EQ(refused.error.tag, ErrorTag::request_timed_out);
        EXPECT_EQ(refused.base_offset, -1);  // and says so
        WEIR_CO_TRY(const auto taken, co_await produce(cluster, kA, "b", Wanted::leader));
        EXPECT_TRUE(taken.error.ok());
        EXPECT_EQ(taken.base_offset, 0);  // nothing of the refused one was written
        WEIR_CO_TRY(const auto read, co_await fetch(cluster, kA, wire::Isolation::read_committed));
        EXPECT_EQ(read.high_watermark, 0);

        // The leader asks to add the follower; once that is stored, all is committed.
        const auto asked = [&]() -> const replication::AlterLrs* {
            for (const auto& entry : cluster.sc.messages) {
                if (const auto* alter = std::get_if<replication::AlterLrs>(&entry.message)) {
                    return alter;
                }
            }
            return nullptr;
        };
        WEIR_CO_CHECK(co_await cluster.until([&] { return asked() != nullptr; }, "AlterLrs"));
        EXPECT_EQ(asked()->lrs, (SpuSet{kA, kB}));
        CO_REQUIRE(asked()->added.size() == 1);
        EXPECT_EQ(asked()->added[0].boot, cluster.sc.boots[kB]);
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, "c", Wanted::committed));
        EXPECT_TRUE(done.error.ok()) << to_string(done.error);
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, TheFloorHoldsEveryAcknowledgementBack) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.ack_floor = AckFloor::committed;
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until_promoted(0));
        // B is not there: nothing can be committed.
        WEIR_CO_TRY(const auto waited, co_await produce(cluster, kA, "a", Wanted::leader));
        EXPECT_EQ(waited.error.tag, ErrorTag::request_timed_out);
        WEIR_CO_CHECK(co_await cluster.start(kB));
        WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, "b", Wanted::leader));
        EXPECT_TRUE(done.error.ok()) << to_string(done.error);
        WEIR_CO_TRY(const auto read, co_await fetch(cluster, kA, wire::Isolation::read_committed));
        EXPECT_EQ(content_of(read).values, (Values{"a", "b"}));
        cluster.lead(kA, 0, {kA}, 2);
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(100)));
        WEIR_CO_TRY(const auto refused, co_await produce(cluster, kA, "c", Wanted::leader));
        EXPECT_EQ(refused.error.tag, ErrorTag::request_timed_out);
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, WithoutTheScALeaderStopsAtTheEndOfItsLease) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        WEIR_CO_TRY(const auto before, co_await produce(cluster, kA, "a", Wanted::committed));
        EXPECT_TRUE(before.error.ok());
        cluster.sc.answers_heartbeats = false;
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(3'000)));
        WEIR_CO_TRY(const auto after, co_await produce(cluster, kA, "b", Wanted::leader));
        EXPECT_EQ(after.error.tag, ErrorTag::not_leader_for_partition);
        WEIR_CO_TRY(const auto read,
                    co_await fetch(cluster, kA, wire::Isolation::read_uncommitted));
        EXPECT_EQ(read.error.tag, ErrorTag::not_leader_for_partition);
        cluster.sc.answers_heartbeats = true;
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(1'000)));
        WEIR_CO_TRY(const auto again, co_await produce(cluster, kA, "c", Wanted::committed));
        EXPECT_TRUE(again.error.ok()) << to_string(again.error);
        co_return co_await cluster.close();
    }));
}

// It may have been deposed long ago: without the records it does not know.
TEST(SpuReplication, ARegistrationIsNoLeaseUntilTheRecordsAreThere) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        WEIR_CO_TRY(const auto before, co_await produce(cluster, kA, "a", Wanted::committed));
        EXPECT_TRUE(before.error.ok());
        const int registered = cluster.sc.registration_count;
        const int answered = cluster.sc.heartbeat_count;
        cluster.sc.answers_heartbeats = false;
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(3'000)));
        cluster.sc.sends_assignments = false;
        cluster.sc.answers_heartbeats = true;
        cluster.sc.drop_sessions();
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(1'000)));
        EXPECT_GE(cluster.sc.registration_count, registered + 2);
        EXPECT_GT(cluster.sc.heartbeat_count, answered);
        WEIR_CO_TRY(const auto early, co_await produce(cluster, kA, "b", Wanted::leader));
        EXPECT_EQ(early.error.tag, ErrorTag::not_leader_for_partition);
        cluster.sc.sends_assignments = true;
        cluster.sc.changed().notify_all();
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(1'000)));
        WEIR_CO_TRY(const auto again, co_await produce(cluster, kA, "c", Wanted::committed));
        EXPECT_TRUE(again.error.ok()) << to_string(again.error);
        co_return co_await cluster.close();
    }));
}

// Another SPU has shown that this one may have been deposed: 5.14.
TEST(SpuReplication, ALeaderHasNoLeaseForAPartitionThatIsInDoubt) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        cluster.sc.doubted = {{Uid{1, 8}, PartitionId(0)}, {kTopicUid, PartitionId(1)}};
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        WEIR_CO_TRY(const auto before, co_await produce(cluster, kA, "a", Wanted::committed));
        EXPECT_TRUE(before.error.ok()) << to_string(before.error);
        cluster.sc.doubted = {{kTopicUid, PartitionId(0)}};
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        WEIR_CO_TRY(const auto doubted, co_await produce(cluster, kA, "b", Wanted::leader));
        EXPECT_EQ(doubted.error.tag, ErrorTag::not_leader_for_partition);
        WEIR_CO_TRY(const auto read, co_await fetch(cluster, kA, wire::Isolation::read_committed));
        EXPECT_EQ(read.error.tag, ErrorTag::not_leader_for_partition);
        cluster.sc.doubted.clear();
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        WEIR_CO_TRY(const auto after, co_await produce(cluster, kA, "c", Wanted::committed));
        EXPECT_TRUE(after.error.ok()) << to_string(after.error);
        // Also before the first heartbeat.
        cluster.sc.answers_heartbeats = false;
        cluster.sc.doubted = {{kTopicUid, PartitionId(0)}};
        cluster.sc.drop_sessions();
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        WEIR_CO_TRY(const auto again, co_await produce(cluster, kA, "d", Wanted::leader));
        EXPECT_EQ(again.error.tag, ErrorTag::not_leader_for_partition);
        co_return co_await cluster.close();
    }));
}

// Another SC may not have heard yet what raised it, and the lease is from before.
TEST(SpuReplication, ADoubtLastsUntilANewConnectionHasBroughtRecords) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        cluster.sc.doubted = {{kTopicUid, PartitionId(0)}};
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        cluster.sc.doubted.clear();
        cluster.sc.sends_assignments = false;
        cluster.sc.drop_sessions();
        const int heard = cluster.sc.heartbeat_count;
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(900)));
        EXPECT_GT(cluster.sc.heartbeat_count, heard);
        WEIR_CO_TRY(const auto doubted, co_await produce(cluster, kA, "a", Wanted::leader));
        EXPECT_EQ(doubted.error.tag, ErrorTag::not_leader_for_partition);
        cluster.sc.sends_assignments = true;
        cluster.sc.drop_sessions();
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        WEIR_CO_TRY(const auto after, co_await produce(cluster, kA, "b", Wanted::committed));
        EXPECT_TRUE(after.error.ok()) << to_string(after.error);
        co_return co_await cluster.close();
    }));
}

// The record may be older than the one that it obeys.
TEST(SpuReplication, ARecordInDoubtIsNotObeyedUntilTheDoubtEnds) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        cluster.sc.doubted = {{kTopicUid, PartitionId(0)}};
        cluster.lead(kB, 1, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        EXPECT_FALSE(cluster.promoted(1));
        cluster.sc.doubted.clear();
        WEIR_CO_CHECK(co_await cluster.until_promoted(1));
        WEIR_CO_TRY(const auto after, co_await produce(cluster, kB, "a", Wanted::committed));
        EXPECT_TRUE(after.error.ok()) << to_string(after.error);
        co_return co_await cluster.close();
    }));
}

// An operator's adoption ends the doubt, and says the uid that the replica has.
TEST(SpuReplication, ARecordFromBeforeItsUidDoesNotVoidAReplica) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_alone());
        WEIR_CO_TRY(const auto before, co_await produce(cluster, kA, "a", Wanted::committed));
        EXPECT_TRUE(before.error.ok()) << to_string(before.error);
        cluster.lead(kA, 1, {kA}, 1);
        WEIR_CO_CHECK(co_await cluster.until_promoted(1));
        cluster.sc.doubted = {{kTopicUid, PartitionId(0)}};
        cluster.uids[kA] = Uid{4, 1};
        cluster.lead(kA, 0, {kA}, 1);
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        cluster.sc.doubted.clear();
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        cluster.uids[kA] = Uid{3, 1};
        cluster.lead(kA, 2, {kA}, 1);
        WEIR_CO_CHECK(co_await cluster.until_promoted(2));
        WEIR_CO_TRY(const auto read, co_await fetch(cluster, kA, wire::Isolation::read_committed));
        EXPECT_EQ(content_of(read).values, std::vector<std::string>{"a"});
        co_return co_await cluster.close();
    }));
}

// Whether the only replica is one that an SC has not listed, by the registration that follows.
Task<Result<bool>> is_said_to_be_unlisted(Env& env, Cluster& cluster) {
    for (int i = 0; i < 2; ++i) {
        cluster.sc.drop_sessions();
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
    }
    const wire::internal::RegisterSpu& registration = cluster.sc.registrations.back();
    EXPECT_EQ(registration.replicas.size(), 1U);
    co_return !registration.replicas.empty() && registration.replicas[0].is_unlisted;
}

// The SC may have taken it away, or be one with metadata from before it was given; until it is
// obeyed again nobody here can tell.
TEST(SpuReplication, WhatAnScHasNotListedIsSaidWithTheRegistration) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_alone());
        const test::FakeSc::State known = cluster.sc.state;
        WEIR_CO_TRY(const bool at_first, co_await is_said_to_be_unlisted(env, cluster));
        EXPECT_FALSE(at_first);
        cluster.sc.state = {};
        WEIR_CO_TRY(const bool unlisted, co_await is_said_to_be_unlisted(env, cluster));
        EXPECT_TRUE(unlisted);
        cluster.sc.state = known;
        cluster.sc.doubted = {{kTopicUid, PartitionId(0)}};
        WEIR_CO_TRY(const bool in_doubt, co_await is_said_to_be_unlisted(env, cluster));
        EXPECT_TRUE(in_doubt);
        cluster.sc.doubted.clear();
        WEIR_CO_TRY(const bool obeyed, co_await is_said_to_be_unlisted(env, cluster));
        EXPECT_FALSE(obeyed);
        WEIR_CO_TRY(const auto after, co_await produce(cluster, kA, "a", Wanted::committed));
        EXPECT_TRUE(after.error.ok()) << to_string(after.error);
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, WhatIsNotMadeYetForADoubtIsNotSaidToBeThere) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.sc.doubted = {{kTopicUid, PartitionId(0)}};
        cluster.lead(kA, 5, {kA}, 1);
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(500)));
        const int registered = cluster.sc.registration_count;
        cluster.sc.drop_sessions();
        WEIR_CO_CHECK(co_await cluster.until(
            [&] { return cluster.sc.registration_count > registered; }, "registers again"));
        EXPECT_TRUE(cluster.sc.registrations.back().replicas.empty());
        cluster.sc.doubted.clear();
        WEIR_CO_CHECK(co_await cluster.until_promoted(5));
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, AProbeStopsAppendsAndIsAnswered) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        WEIR_CO_TRY(const auto before, co_await produce(cluster, kA, "a", Wanted::committed));
        EXPECT_TRUE(before.error.ok());
        wire::internal::ProbePartitions probe;
        probe.partitions.push_back({{kTopicUid, PartitionId(0)}, LeaderEpoch(1)});
        cluster.sc.push_probe(probe);  // to one of the two
        cluster.sc.push_probe(probe);
        const auto answer = [&]() -> const replication::ProbeAnswer* {
            for (const auto& entry : cluster.sc.messages) {
                const auto* found = std::get_if<replication::ProbeAnswer>(&entry.message);
                if (found != nullptr && found->boot == cluster.sc.boots[kA]) {
                    return found;
                }
            }
            return nullptr;
        };
        while (answer() == nullptr) {
            cluster.sc.push_probe(probe);
            WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(50)));
        }
        EXPECT_EQ(answer()->leo, Offset(1));
        EXPECT_EQ(answer()->epoch, LeaderEpoch(1));
        WEIR_CO_TRY(const auto after, co_await produce(cluster, kA, "b", Wanted::leader));
        EXPECT_EQ(after.error.tag, ErrorTag::not_leader_for_partition);
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, AReplicaThatWasTakenAwayAndGivenBackStartsEmpty) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_alone());
        WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, "a", Wanted::committed));
        EXPECT_TRUE(done.error.ok());
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        cluster.uids[kA] = Uid{4, 1};
        cluster.lead_quietly(kA, 1, {kA}, 1);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        // The scripted SC elects a new process in the epoch of its boot.
        WEIR_CO_CHECK(co_await cluster.until_promoted(2));
        WEIR_CO_TRY(const auto read, co_await fetch(cluster, kA, wire::Isolation::read_committed));
        EXPECT_TRUE(content_of(read).values.empty());
        EXPECT_EQ(read.high_watermark, 0);
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, ADamagedReplicaStartsEmptyUnderAnotherUid) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        const std::vector<std::string> values = {"a", "b", "c"};
        WEIR_CO_CHECK(co_await produce_each(cluster, kA, values, Wanted::committed));
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        WEIR_CO_CHECK(co_await garble(env, replica_dir_of_a("t", kTopicUid), 0));
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until_promoted(1));
        // It says so, and keeps what it has as long as that may be wanted.
        WEIR_CO_CHECK(co_await cluster.start(kA));
        CO_REQUIRE(cluster.sc.registrations.back().replicas.size() == 1);
        EXPECT_FALSE(cluster.sc.registrations.back().replicas[0].is_healthy);
        EXPECT_EQ(cluster.sc.registrations.back().replicas[0].uid, cluster.uids[kA]);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.damage_is_told(1); }, "told"));
        // Somebody else may have its records by now that did not when it said so before.
        cluster.lead(kB, 2, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.damage_is_told(2); }, "again"));
        EXPECT_FALSE(cluster.follower_has(3));
        // And to a recovery that waits for it.
        wire::internal::ProbePartitions probe;
        probe.partitions.push_back({{kTopicUid, PartitionId(0)}, LeaderEpoch(9)});
        while (!cluster.damage_is_told(9)) {
            cluster.sc.push_probe(probe);  // to one of the two
            WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(50)));
        }
        cluster.uids[kA] = Uid{4, 1};
        cluster.lead(kB, 10, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.follower_has(3); }, "A follows"));
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, AnotherClusterIsRefused) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_alone());
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        cluster.sc.terms.cluster_id = Uid{9, 10};
        cluster.lead_quietly(kA, 1, {kA}, 1);
        const std::size_t before = cluster.sc.registrations.size();
        TaskScope scope(env.executor);
        struct Starter {
            static Task<void> go(Cluster& c) {
                const auto started = co_await c.start(kA);
                EXPECT_TRUE(started.has_value());
            }
        };
        scope.spawn(Starter::go(cluster));
        WEIR_CO_CHECK(co_await cluster.until(
            [&] { return cluster.sc.registrations.size() >= before + 3; }, "tries again"));
        EXPECT_EQ(cluster.sc.registrations.back().cluster_id, (Uid{9, 9}));
        EXPECT_FALSE(cluster.promoted(1));
        cluster.sc.terms.cluster_id = Uid{9, 9};
        co_await scope.join();
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, ABatchLargerThanAPushArrives) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        for (const SpuId id : {kA, kB}) {
            cluster.config(id).replication.chunk_bytes = 100;
            cluster.config(id).replication.window_bytes = 200;
            cluster.config(id).push_frame_bytes = 100;
        }
        WEIR_CO_CHECK(co_await cluster.start_led());
        for (int i = 0; i < 10; ++i) {
            WEIR_CO_TRY(const auto done,
                        co_await produce(cluster, kA, std::string(300, 'x'), Wanted::committed));
            EXPECT_TRUE(done.error.ok()) << to_string(done.error);
            EXPECT_EQ(done.base_offset, i);
        }
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, AFollowerCommitsWhatItHas) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        cluster.config(kA).replication.chunk_bytes = 100;
        WEIR_CO_CHECK(co_await cluster.start_alone());
        for (int i = 0; i < 10; ++i) {
            WEIR_CO_TRY(const auto done,
                        co_await produce(cluster, kA, std::string(100, 'x'), Wanted::committed));
            EXPECT_TRUE(done.error.ok()) << to_string(done.error);
        }
        // All of it is committed before the follower has any of it.
        WEIR_CO_CHECK(co_await cluster.start(kB));
        WEIR_CO_CHECK(
            co_await cluster.until([&] { return cluster.follower_has(10); }, "B follows"));
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        cluster.lead(kB, 1, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until_promoted(1));
        WEIR_CO_TRY(const auto read, co_await fetch(cluster, kB, wire::Isolation::read_committed));
        EXPECT_EQ(read.high_watermark, 10);
        EXPECT_EQ(content_of(read).values.size(), 10U);
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, AProducerWaitsWhenTooMuchIsUncommitted) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        cluster.config(kA).uncommitted_bytes_max = 1'000;
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until_promoted(0));
        int taken = 0;
        while (taken < 100) {
            WEIR_CO_TRY(const auto done,
                        co_await produce(cluster, kA, std::string(100, 'x'), Wanted::leader));
            if (!done.error.ok()) {
                EXPECT_EQ(done.error.tag, ErrorTag::request_timed_out);
                break;
            }
            ++taken;
        }
        EXPECT_GE(taken, 4);
        EXPECT_LE(taken, 12);
        WEIR_CO_CHECK(co_await cluster.start(kB));
        WEIR_CO_CHECK(
            co_await cluster.until([&] { return cluster.follower_has(taken); }, "B follows"));
        WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, "y", Wanted::committed));
        EXPECT_TRUE(done.error.ok()) << to_string(done.error);
        co_return co_await cluster.close();
    }));
}

// The first one gives up waiting for room, and comes again; there is room when the second waits.
TEST(SpuReplication, NothingOvertakesABatchThatIsRefusedForNow) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        cluster.config(kA).uncommitted_bytes_max = 1;
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until_promoted(0));
        WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, "a", Wanted::leader));
        EXPECT_TRUE(done.error.ok()) << to_string(done.error);

        WEIR_CO_TRY(const auto client,
                    co_await RawClient::connect(env, cluster.config(kA).public_bind));
        wire::ProduceRequest request = produce_of("t", batch_of({"b"}), 1);
        request.timeout_ms = 2'000;
        auto& entries = request.topics.front().partitions;
        entries.push_back(entries.front());
        WEIR_CO_CHECK(co_await client->send(SpuApi::produce, std::move(request), 25));
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(2'500)));
        WEIR_CO_CHECK(co_await cluster.start(kB));
        WEIR_CO_TRY(const RawClient::Answer answer, co_await client->next());
        wire::Reader reader(answer.body.span());
        WEIR_CO_TRY(const auto response, wire::decode_produce_response(reader, 25));
        for (const auto& entry : response.topics.front().partitions) {
            EXPECT_EQ(entry.error.tag, ErrorTag::request_timed_out);
            EXPECT_EQ(entry.base_offset, -1);
        }
        co_return co_await cluster.close();
    }));
}

}  // namespace
}  // namespace weir
