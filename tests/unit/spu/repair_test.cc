// What an operator's cut leaves of a damaged copy (core/spu/repair.h), and how a copy of several
// that lacks something knows it. The only copy: tests/e2e/test_repair.py.
#include "core/spu/repair.h"

#include "core/log/format.h"
#include "tests/unit/spu/replica_cluster.h"

#include <array>

namespace weir {
namespace {

using spu::RepairMode;
using test::batch_of;
using test::Cluster;
using test::garble;
using test::kA;
using test::kB;
using test::kTopicUid;
using test::produce_each;
using test::replica_dir_of_a;
using test::run;
using test::Wanted;

const std::string kSpuDir = "data/spu-logs-5001";
// Without the partition, and not there.
constexpr std::array<std::string_view, 2> kFolders = {"data/spu-logs-5001", "data/spu-logs-7"};
constexpr std::array<std::string_view, 2> kWhatTellsOfTheEnd = {"checkpoint",
                                                                "00000000000000000000.index"};
const ReplicaKey kPartition{"t", 0};

// The start of the batch after `count` others of one letter.
Task<Result<void>> garble_batch(Env& env, std::size_t count) {
    const std::size_t position = log::kSegmentHeaderSize + count * batch_of({"a"}).size();
    co_return co_await garble(env, replica_dir_of_a("t", kTopicUid), position);
}

// Messages from A that say that it is damaged; A is the only one that says so in these tests.
std::size_t damage_count(const Cluster& cluster) {
    std::size_t count = 0;
    for (const auto& entry : cluster.sc.messages) {
        const auto* answer = std::get_if<replication::ProbeAnswer>(&entry.message);
        count += answer != nullptr && !answer->is_healthy ? 1U : 0U;
    }
    return count;
}

TEST(Repair, ACopyOfSeveralThatWasCutSaysSoAndDoesNotLead) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until_promoted(0));
        // Not committed: no watermark tells later that they were there.
        const std::vector<std::string> values = {"a", "b", "c"};
        WEIR_CO_CHECK(co_await produce_each(cluster, kA, values, Wanted::leader));
        const auto running =
            co_await spu::repair_replica(env, kSpuDir, kPartition, RepairMode::look);
        CO_REQUIRE(!running.has_value());
        EXPECT_EQ(running.error().code, ErrorCode::unavailable) << to_string(running.error());
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        WEIR_CO_TRY(const auto well,
                    co_await spu::repair_replica(env, kSpuDir, kPartition, RepairMode::cut));
        EXPECT_EQ(well.log.damage, "");

        WEIR_CO_CHECK(co_await garble_batch(env, 1));
        WEIR_CO_TRY(const auto seen,
                    co_await spu::repair_replica(env, kSpuDir, kPartition, RepairMode::look));
        EXPECT_NE(seen.log.damage, "");
        EXPECT_EQ(seen.log.good_end, Offset(1));
        EXPECT_EQ(seen.log.known_end, Offset(3));
        WEIR_CO_TRY(const auto cut,
                    co_await spu::repair_replica(env, kSpuDir, kPartition, RepairMode::cut));
        EXPECT_EQ(cut.log.damage, seen.log.damage);

        WEIR_CO_CHECK(co_await cluster.start(kA));
        EXPECT_EQ(cluster.sc.registrations.back().replicas.at(0).leo, Offset(1));
        cluster.lead(kA, 1, {kA, kB}, 1);
        WEIR_CO_CHECK(
            co_await cluster.until([&] { return damage_count(cluster) > 0; }, "it says so"));
        EXPECT_FALSE(cluster.promoted(1));
        co_return co_await cluster.close();
    }));
}

TEST(Repair, WhatIsNotThereIsNotFound) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        for (const std::string_view dir : kFolders) {
            const auto found =
                co_await spu::repair_replica(env, std::string(dir), kPartition, RepairMode::cut);
            CO_REQUIRE(!found.has_value());
            EXPECT_EQ(found.error().code, ErrorCode::not_found) << to_string(found.error());
        }
        co_return co_await cluster.close();
    }));
}

// The SC may not have heard of it before the SPU stopped.
TEST(Repair, ALogThatEndsTooSoonIsFoundAtEveryStart) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start_led());
        const std::vector<std::string> values = {"a", "b", "c"};
        WEIR_CO_CHECK(co_await produce_each(cluster, kA, values, Wanted::committed));
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until_promoted(1));
        // As if its end had never been synced.
        const std::string dir = replica_dir_of_a("t", kTopicUid);
        for (const std::string_view name : kWhatTellsOfTheEnd) {
            WEIR_CO_CHECK(co_await env.disk.remove_file(fmt::format("{}/{}", dir, name)));
        }
        WEIR_CO_CHECK(co_await garble_batch(env, 2));
        for (int starts = 1; starts <= 2; ++starts) {
            cluster.sc.messages.clear();
            WEIR_CO_CHECK(co_await cluster.start(kA));
            EXPECT_EQ(cluster.sc.registrations.back().replicas.at(0).leo, Offset(2));
            WEIR_CO_CHECK(
                co_await cluster.until([&] { return damage_count(cluster) > 0; }, "it says so"));
            // Long enough for the upkeep.
            WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_s(3)));
            WEIR_CO_CHECK(co_await cluster.stop(kA));
        }
        co_return co_await cluster.close();
    }));
}

}  // namespace
}  // namespace weir
