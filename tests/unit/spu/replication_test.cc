// SPUs as leaders and followers of each other on one simulated machine, under a scripted SC.
#include "core/base/mutant.h"
#include "core/spu/service.h"
#include "core/wire/fetch.h"
#include "core/wire/record.h"
#include "runtime/sim/cluster/run_in_sim.h"
#include "tests/unit/spu/fake_sc.h"
#include "tests/unit/spu/raw_client.h"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>

namespace weir {
namespace {

using test::batch_of;
using test::FakeSc;
using test::produce_of;
using test::RawClient;
using wire::ErrorTag;
using wire::SpuApi;

constexpr SpuId kA(5001);
constexpr SpuId kB(5002);
constexpr Uid kTopicUid{1, 7};

#define CO_REQUIRE(condition)                                                 \
    do {                                                                      \
        if (!(condition)) {                                                   \
            ADD_FAILURE() << #condition;                                      \
            co_return fail(ErrorCode::invalid_argument, "test: " #condition); \
        }                                                                     \
    } while (false)

spu::Config config_of(SpuId id) {
    spu::Config config;
    config.id = id;
    const auto step = static_cast<std::uint16_t>(10 * (id.value() - 5001));
    config.public_bind = {"node", static_cast<std::uint16_t>(9010 + step)};
    config.private_bind = {"node", static_cast<std::uint16_t>(9011 + step)};
    config.sc_private = {"node", 9004};
    config.log.segment_size_bytes_max = 4'096;
    config.log.preallocate_bytes_max = 4'096;
    return config;
}

// The SC and two SPUs with one topic, "t", of replication factor 2.
class Cluster {
public:
    explicit Cluster(Env& env_in) : env(env_in), sc(env_in, {"node", 9004}) {
        for (const SpuId id : {kA, kB}) {
            nodes_.emplace(id, std::make_unique<Node>(env.executor, config_of(id)));
            wire::internal::SpuAddress address;
            address.id = id;
            address.private_host = "node";
            address.private_port = config_of(id).private_bind.port;
            sc.state.spus.push_back(address);
        }
        sc.state.topics.push_back({"t", kTopicUid});
        sc.terms.cluster_id = Uid{9, 9};
        sc.terms.sc_epoch = ScEpoch(1);
        sc.terms.heartbeat_interval_ms = 250;
    }

    Env& env;
    FakeSc sc;

    spu::Config& config(SpuId id) { return nodes_.at(id)->config; }
    Task<Result<void>> start(SpuId id) {
        if (!sc_started_) {
            WEIR_CO_CHECK(sc.start());
            sc_started_ = true;
        }
        Node& node = *nodes_.at(id);
        node.stop.emplace();
        node.started.emplace(env.executor);
        node.scope.spawn(run(node));
        co_return co_await node.started->registered.wait();
    }
    Task<Result<void>> stop(SpuId id) {
        Node& node = *nodes_.at(id);
        if (node.stop.has_value()) {
            node.stop->cancel();
            co_await node.scope.join();
            node.stop.reset();
        }
        co_return node.result;
    }
    Task<Result<void>> close() {
        const Result<void> a = co_await stop(kA);
        const Result<void> b = co_await stop(kB);
        co_await sc.close();
        co_return a.has_value() ? b : a;
    }

    // What the SC says from now on: `leader` leads `epoch`, and these may lead next.
    void lead(SpuId leader, std::int32_t epoch, SpuSet lrs, std::uint32_t min_live) {
        tell(leader, epoch, std::move(lrs), min_live, true);
    }
    // The same, but only SPUs that register later hear it.
    void lead_quietly(SpuId leader, std::int32_t epoch, SpuSet lrs, std::uint32_t min_live) {
        tell(leader, epoch, std::move(lrs), min_live, false);
    }
    // Of their places in the assignment.
    std::map<SpuId, Uid> uids{{kA, Uid{3, 1}}, {kB, Uid{3, 2}}};

    // Waits for it, at most 20 s.
    Task<Result<void>> until(std::function<bool()> condition, std::string what) {
        for (int i = 0; i < 2'000; ++i) {
            if (condition()) {
                co_return Result<void>();
            }
            WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_ms(10)));
        }
        ADD_FAILURE() << "never: " << what;
        co_return fail(ErrorCode::timed_out, what);
    }
    bool promoted(std::int32_t epoch) const {
        return std::any_of(sc.messages.begin(), sc.messages.end(), [epoch](const auto& entry) {
            const auto* promoted = std::get_if<replication::Promoted>(&entry.message);
            return promoted != nullptr && promoted->epoch == LeaderEpoch(epoch);
        });
    }
    // The leader has reported that the only follower has this much.
    bool follower_has(std::int64_t leo) const {
        const auto found = sc.reports.find({"t", 0});
        return found != sc.reports.end() && found->second.followers.size() == 1 &&
               found->second.followers[0].leo == Offset(leo);
    }

private:
    struct Node {
        Node(Executor& executor, spu::Config config_in)
            : config(std::move(config_in)), scope(executor) {}
        spu::Config config;
        std::optional<CancelSource> stop;
        std::optional<spu::Started> started;
        TaskScope scope;
        Result<void> result;
    };
    Task<void> run(Node& node) {
        node.result = co_await spu::run(env, node.config, node.stop->token(), &*node.started);
    }
    void tell(SpuId leader, std::int32_t epoch, SpuSet lrs, std::uint32_t min_live, bool push) {
        wire::internal::ReplicaAssignment assignment;
        assignment.key = {"t", 0};
        assignment.spec.leader = leader;
        assignment.spec.replicas = {kA, kB};
        PartitionRecord& record = assignment.record;
        record.topic_uid = kTopicUid;
        record.replicas = {{kA, uids.at(kA)}, {kB, uids.at(kB)}};
        record.leader = leader;
        record.leader_boot = sc.boots[leader];
        record.leader_epoch = LeaderEpoch(epoch);
        record.version = RecordVersion(++version_);
        record.lrs = std::move(lrs);
        record.min_live = min_live;
        record.phase = PartitionPhase::online;
        sc.state.replicas = {assignment};
        if (push) {
            wire::internal::Assignments change;
            change.replicas = sc.state.replicas;
            sc.push(std::move(change));
        }
    }

    std::map<SpuId, std::unique_ptr<Node>> nodes_;
    std::uint64_t version_ = 0;
    bool sc_started_ = false;
};

Task<Result<wire::ProducePartitionResponse>> answer_of(RawClient& client) {
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client.next());
    wire::Reader reader(answer.body.span());
    WEIR_CO_TRY(const auto response, wire::decode_produce_response(reader, 25));
    co_return response.topics.at(0).partitions.at(0);
}

// Committed, or only on the leader's disk.
enum class Wanted : std::int16_t { committed = -1, leader = 1 };

Task<Result<wire::ProducePartitionResponse>> produce(Cluster& cluster, SpuId to, std::string value,
                                                     Wanted wanted) {
    WEIR_CO_TRY(const auto client,
                co_await RawClient::connect(cluster.env, cluster.config(to).public_bind));
    auto request = produce_of("t", batch_of({value}), static_cast<std::int16_t>(wanted));
    WEIR_CO_CHECK(co_await client->send(SpuApi::produce, std::move(request), 25));
    co_return co_await answer_of(*client);
}

Task<Result<wire::FetchPartitionResponse>> fetch(Cluster& cluster, SpuId from,
                                                 wire::Isolation isolation) {
    WEIR_CO_TRY(const auto client,
                co_await RawClient::connect(cluster.env, cluster.config(from).public_bind));
    wire::FetchRequest request;
    request.max_bytes = 1 << 20;
    request.isolation = isolation;
    wire::FetchPartition partition;
    wire::FetchTopic topic;
    topic.name = "t";
    topic.partitions.push_back(partition);
    request.topics.push_back(topic);
    WEIR_CO_CHECK(co_await client->send(SpuApi::fetch, std::move(request), 10));
    WEIR_CO_TRY(const RawClient::Answer answer, co_await client->next());
    wire::Reader reader(answer.body.span());
    WEIR_CO_TRY(const auto response, wire::decode_fetch_response(reader, answer.body, 10));
    co_return response.topics.at(0).partitions.at(0);
}

// The values of all records, and the epoch of each batch.
struct Content {
    std::vector<std::string> values;
    std::vector<std::int32_t> epochs;
};

Content content_of(const wire::FetchPartitionResponse& response) {
    Content content;
    BatchWalker walker(response.records.span(), BatchWalker::Check::header_and_crc);
    while (const auto batch = walker.next()) {
        content.epochs.push_back(batch->header.partition_leader_epoch.value());
        auto records = wire::RecordWalker::open(batch->bytes.subspan(kBatchHeaderSize));
        while (records.has_value() && records->more()) {
            const auto record = records->next();
            if (!record.has_value()) {
                break;
            }
            content.values.push_back(std::string(as_text(record->value)));
        }
    }
    return content;
}

using Values = std::vector<std::string>;

void run(sim::Main main, std::uint64_t seeds = 3) {
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const Result<void> result = sim::run_in_sim(seed, main, Duration::from_s(600));
        EXPECT_TRUE(result.has_value()) << "seed " << seed << ": " << to_string(result.error());
    }
}

Task<Result<void>> start_both(Cluster& cluster) {
    WEIR_CO_CHECK(co_await cluster.start(kA));
    WEIR_CO_CHECK(co_await cluster.start(kB));
    co_return Result<void>();
}

TEST(SpuReplication, ACommittedRecordIsOnBothAndSurvivesTheLeader) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await start_both(cluster));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
        for (const char* value : {"a", "b", "c"}) {
            WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, value, Wanted::committed));
            EXPECT_TRUE(done.error.ok()) << to_string(done.error);
        }
        WEIR_CO_TRY(const auto elsewhere, co_await produce(cluster, kB, "x", Wanted::leader));
        EXPECT_EQ(elsewhere.error.tag, ErrorTag::not_leader_for_partition);
        WEIR_CO_CHECK(
            co_await cluster.until([&] { return cluster.follower_has(3); }, "follower has all"));

        WEIR_CO_CHECK(co_await cluster.stop(kA));
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(1); }, "promoted"));
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

TEST(SpuReplication, WhatOnlyTheOldLeaderHasIsCut) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
        for (const char* value : {"r0", "r1", "r2"}) {
            WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, value, Wanted::leader));
            EXPECT_TRUE(done.error.ok()) << to_string(done.error);
        }
        WEIR_CO_TRY(const auto unseen,
                    co_await fetch(cluster, kA, wire::Isolation::read_committed));
        EXPECT_EQ(unseen.high_watermark, 0);
        WEIR_CO_CHECK(co_await cluster.stop(kA));

        WEIR_CO_CHECK(co_await cluster.start(kB));
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(1); }, "promoted"));
        for (const char* value : {"s0", "s1"}) {
            WEIR_CO_TRY(const auto done, co_await produce(cluster, kB, value, Wanted::committed));
            EXPECT_TRUE(done.error.ok());
        }
        WEIR_CO_CHECK(co_await cluster.start(kA));
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.follower_has(2); }, "A follows"));
        WEIR_CO_CHECK(co_await cluster.stop(kB));
        cluster.lead(kA, 2, {kA}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(2); }, "promoted"));
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
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
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
            EXPECT_LT((env.clock.now() - before).ms(), 1'000);
        }
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, TooFewLiveReplicasRefuseACommittedAcknowledgementAlone) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await start_both(cluster));
        cluster.lead(kA, 0, {kA}, 2);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
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

TEST(SpuReplication, WithoutTheScALeaderStopsAtTheEndOfItsLease) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await start_both(cluster));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
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

TEST(SpuReplication, AProbeStopsAppendsAndIsAnswered) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await start_both(cluster));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
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
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.lead(kA, 0, {kA}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
        WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, "a", Wanted::committed));
        EXPECT_TRUE(done.error.ok());
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        cluster.uids[kA] = Uid{4, 1};
        cluster.lead_quietly(kA, 1, {kA}, 1);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        // The scripted SC elects a new process in the epoch of its boot.
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(2); }, "promoted"));
        WEIR_CO_TRY(const auto read, co_await fetch(cluster, kA, wire::Isolation::read_committed));
        EXPECT_TRUE(content_of(read).values.empty());
        EXPECT_EQ(read.high_watermark, 0);
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, ADamagedReplicaStartsEmptyUnderAnotherUid) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await start_both(cluster));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
        for (const char* value : {"a", "b", "c"}) {
            WEIR_CO_TRY(const auto done, co_await produce(cluster, kA, value, Wanted::committed));
            EXPECT_TRUE(done.error.ok()) << to_string(done.error);
        }
        WEIR_CO_CHECK(co_await cluster.stop(kA));
        {
            const std::string path = "data/spu-logs-5001/replicas/t-0." + to_string(kTopicUid) +
                                     "/00000000000000000000.log";
            WEIR_CO_TRY(const auto file, co_await env.disk.open(path, OpenMode::open_or_create));
            const Bytes garbage(16, 0x5a);
            const std::array<ByteSpan, 1> slices = {ByteSpan(garbage)};
            WEIR_CO_CHECK(co_await file->write_at(FilePosition(0), slices));
        }
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(1); }, "promoted"));
        // It says so, and keeps what it has as long as that may be wanted.
        WEIR_CO_CHECK(co_await cluster.start(kA));
        CO_REQUIRE(cluster.sc.registrations.back().replicas.size() == 1);
        EXPECT_FALSE(cluster.sc.registrations.back().replicas[0].is_healthy);
        EXPECT_EQ(cluster.sc.registrations.back().replicas[0].uid, cluster.uids[kA]);
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, Duration::from_s(2)));
        EXPECT_FALSE(cluster.follower_has(3));
        cluster.uids[kA] = Uid{4, 1};
        cluster.lead(kB, 1, {kB}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.follower_has(3); }, "A follows"));
        co_return co_await cluster.close();
    }));
}

TEST(SpuReplication, AnotherClusterIsRefused) {
    run(sim::Main([](Env& env, CancelToken) -> Task<Result<void>> {
        Cluster cluster(env);
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.lead(kA, 0, {kA}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
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
        WEIR_CO_CHECK(co_await start_both(cluster));
        cluster.lead(kA, 0, {kA, kB}, 2);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
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
        WEIR_CO_CHECK(co_await cluster.start(kA));
        cluster.lead(kA, 0, {kA}, 1);
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
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
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(1); }, "promoted"));
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
        WEIR_CO_CHECK(co_await cluster.until([&] { return cluster.promoted(0); }, "promoted"));
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

}  // namespace
}  // namespace weir
