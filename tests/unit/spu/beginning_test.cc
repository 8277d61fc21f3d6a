// What an SPU that has just started tells clients, before it knows what it leads.
#include "tests/unit/spu/replica_cluster.h"

namespace weir {
namespace {

using test::answer_of;
using test::batch_of;
using test::Cluster;
using test::kA;
using test::kB;
using test::produce;
using test::produce_of;
using test::RawClient;
using test::run;
using test::Wanted;
using wire::ErrorTag;

// A produce on a new connection to A, sent and not answered.
Task<Result<std::unique_ptr<RawClient>>> begin_produce(Cluster& cluster) {
    WEIR_CO_TRY(auto client,
                co_await RawClient::connect(cluster.env, cluster.config(kA).public_bind));
    auto request = produce_of("t", batch_of({"early"}), 1);
    WEIR_CO_CHECK(co_await client->send(wire::SpuApi::produce, std::move(request), 25));
    co_return client;
}

// A has led, and starts anew while the SC knows no leader.
Task<Result<void>> restart_leaderless(Cluster& cluster) {
    WEIR_CO_CHECK(co_await cluster.start_alone());
    WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, "before", Wanted::leader));
    EXPECT_TRUE(done.error.ok()) << to_string(done.error);
    WEIR_CO_CHECK(co_await cluster.stop(kA));
    cluster.lead_quietly(kNoSpu, 0, {kA}, 1);
    co_return co_await cluster.start(kA);
}

TEST(Beginning, AProduceWaitsUntilTheSpuLeadsAgain) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await restart_leaderless(cluster));
        const Instant began = env.clock.now();
        WEIR_CO_TRY(const auto client, co_await begin_produce(cluster));
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(300)));
        cluster.lead(kA, 1, {kA}, 1);
        WEIR_CO_TRY(const auto answer, co_await answer_of(*client));
        EXPECT_TRUE(answer.error.ok()) << to_string(answer.error);
        EXPECT_EQ(answer.base_offset, 1);
        EXPECT_LT((env.clock.now() - began).ms(), 1'000);
        co_return co_await cluster.close();
    }));
}

TEST(Beginning, WithoutALeaderTheWaitHasAnEnd) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await restart_leaderless(cluster));
        const Instant began = env.clock.now();
        for (int i = 0; i < 2; ++i) {
            WEIR_CO_TRY(const auto client, co_await begin_produce(cluster));
            WEIR_CO_TRY(const auto answer, co_await answer_of(*client));
            EXPECT_EQ(answer.error.tag, ErrorTag::not_leader_for_partition);
        }
        EXPECT_GT((env.clock.now() - began).ms(), 1'000);
        // The second one did not wait.
        EXPECT_LT((env.clock.now() - began).ms(), 2'500);
        co_return co_await cluster.close();
    }));
}

TEST(Beginning, WhatAnotherLeadsIsToldAtOnce) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start(kB));
        cluster.lead(kB, 0, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until_promoted(0));
        WEIR_CO_CHECK(co_await cluster.start(kA));
        const Instant began = env.clock.now();
        WEIR_CO_TRY(const auto client, co_await begin_produce(cluster));
        WEIR_CO_TRY(const auto answer, co_await answer_of(*client));
        EXPECT_EQ(answer.error.tag, ErrorTag::not_leader_for_partition);
        EXPECT_LT((env.clock.now() - began).ms(), 100);
        co_return co_await cluster.close();
    }));
}

}  // namespace
}  // namespace weir
