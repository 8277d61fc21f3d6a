// Producers and consumers against the real SC and SPU on the simulated network, quiet and with
// connections cut and servers killed under way.
#include "core/client/admin.h"
#include "core/client/consumer.h"
#include "core/client/producer.h"
#include "core/sc/service.h"
#include "core/spu/service.h"
#include "runtime/sim/cluster/world.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

namespace weir::client {
namespace {

constexpr std::uint32_t kPartitions = 3;

// What the application saw; outlives its coroutines.
struct Seen {
    // (partition, offset) of each acknowledged record to its value.
    std::map<std::pair<std::uint32_t, std::int64_t>, std::string> acked;
    std::size_t unacked = 0;
    std::size_t retried = 0;
    // As consumed.
    std::map<std::pair<std::uint32_t, std::int64_t>, std::string> consumed;
    bool out_of_order = false;
    // First offset of a second run of the same consumer id.
    std::optional<std::int64_t> resumed_at;
    // From the first record to the last acknowledgement.
    Duration produced_in;
    // From the request to delete all records of a partition until a watch shows where it begins.
    Duration deleted_in;
};

struct Plan {
    std::uint32_t record_count = 400;
    Duration pause = Duration::from_ms(5);
    std::optional<Codec> codec;
    std::uint32_t replication_factor = 1;
    Duration response_timeout = Duration::from_s(3);
    bool delete_records = false;
    Seen* seen = nullptr;
};

Task<Result<void>> run_sc(Env& env, CancelToken stop) {
    sc::Config config;
    co_return co_await sc::run(env, std::move(config), stop);
}

Task<Result<void>> run_spu(Env& env, std::int32_t id, CancelToken stop) {
    spu::Config config;
    config.id = SpuId(id);
    config.sc_private = HostPort{"sc", 9004};
    co_return co_await spu::run(env, std::move(config), stop);
}

Task<Result<void>> register_spu(Client& client, std::int32_t id, CancelToken stop) {
    CustomSpuSpec spec;
    spec.id = SpuId(id);
    IngressAddress ingress;
    ingress.hostname = "spu-" + std::to_string(id);
    spec.public_endpoint.ingress.push_back(ingress);
    spec.public_endpoint.port = 9005;
    spec.private_endpoint.host = *ingress.hostname;
    spec.private_endpoint.port = 9006;
    Admin admin(client);
    std::string name = "custom-spu-" + std::to_string(id);
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.register_spu(std::move(name), std::move(spec), stop));
    if (!status.error.ok()) {
        co_return fail(ErrorCode::unavailable, describe(status));
    }
    co_return Result<void>();
}

Task<Result<void>> set_up(Client& client, Plan plan, CancelToken stop) {
    WEIR_CO_CHECK(co_await register_spu(client, 1, stop));
    WEIR_CO_CHECK(co_await register_spu(client, 2, stop));
    ComputedReplicas replicas;
    replicas.partition_count = kPartitions;
    replicas.replication_factor = plan.replication_factor;
    TopicSpec spec;
    spec.replicas = replicas;
    Admin admin(client);
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.create_topic("hello", std::move(spec), stop));
    if (!status.error.ok()) {
        co_return fail(ErrorCode::unavailable, describe(status));
    }
    co_return Result<void>();
}

Task<Result<void>> produce(Client& client, Plan plan, CancelToken stop) {
    ProducerConfig config;
    config.topic = "hello";
    config.codec = plan.codec;
    config.response_timeout = plan.response_timeout;
    WEIR_CO_TRY(const std::unique_ptr<Producer> producer,
                co_await Producer::open(client, std::move(config), stop));
    const Instant start = client.env().clock.now();
    std::vector<std::pair<RecordHandle, std::string>> handles;
    for (std::uint32_t i = 0; i < plan.record_count; ++i) {
        const std::string text = "value " + std::to_string(i);
        Record record;
        if (i % 2 == 0) {
            record.key = Bytes(text.begin(), text.end());
        }
        record.value = Bytes(text.begin(), text.end());
        WEIR_CO_TRY(RecordHandle handle, co_await producer->send(std::move(record), stop));
        handles.emplace_back(std::move(handle), text);
        WEIR_CO_CHECK(
            co_await sleep_for(client.env().clock, client.env().executor, plan.pause, stop));
    }
    for (const auto& [handle, text] : handles) {
        WEIR_CO_TRY(const RecordOutcome outcome, co_await handle.wait(stop));
        plan.seen->retried += outcome.attempt_count > 1 ? 1U : 0U;
        if (outcome.kind == RecordOutcome::Kind::acked) {
            plan.seen->acked[{outcome.partition, outcome.offset->value()}] = text;
        } else {
            ++plan.seen->unacked;
        }
    }
    plan.seen->produced_in = client.env().clock.now() - start;
    co_return co_await producer->close(stop);
}

void take(Seen& seen, std::map<std::uint32_t, std::int64_t>& next, const ConsumedChunk& chunk) {
    for (const ConsumedRecord& record : chunk.records) {
        const std::int64_t offset = record.offset.value();
        seen.out_of_order = seen.out_of_order || next[chunk.partition] != offset;
        next[chunk.partition] = offset + 1;
        seen.consumed[{chunk.partition, offset}] = std::string(as_text(record.value));
    }
}

// Reads to the end, with a consumer id whose offset is stored at the close.
Task<Result<void>> consume(Client& client, Seen* seen, CancelToken stop) {
    ConsumerConfig config;
    config.topic = "hello";
    config.start.from = StartOffset::From::beginning;
    config.end_of_log = EndOfLog::stop;
    config.consumer_id = "reader";
    config.offset_strategy = OffsetStrategy::automatic;
    // Many answers, not one.
    config.max_bytes = 500;
    WEIR_CO_TRY(const std::unique_ptr<Consumer> consumer,
                co_await Consumer::open(client, std::move(config), stop));
    std::map<std::uint32_t, std::int64_t> next;
    while (true) {
        WEIR_CO_TRY(const std::optional<ConsumedChunk> chunk, co_await consumer->next(stop));
        if (!chunk.has_value()) {
            break;
        }
        take(*seen, next, *chunk);
    }
    co_return co_await consumer->close(stop);
}

// Where the same consumer id would go on in partition 0.
Task<Result<void>> resume(Client& client, Seen* seen, CancelToken stop) {
    ConsumerConfig config;
    config.topic = "hello";
    config.partitions = {0};
    config.start.from = StartOffset::From::beginning;
    config.end_of_log = EndOfLog::stop;
    config.consumer_id = "reader";
    WEIR_CO_TRY(const std::unique_ptr<Consumer> consumer,
                co_await Consumer::open(client, std::move(config), stop));
    WEIR_CO_TRY(const std::optional<ConsumedChunk> chunk, co_await consumer->next(stop));
    if (!chunk.has_value()) {
        seen->resumed_at = consumer->positions().at(0).value();
    }
    co_return co_await consumer->close(stop);
}

// All of partition 0, when nothing has been reported for a while.
Task<Result<void>> delete_all(Client& client, Seen* seen, CancelToken stop) {
    Clock& clock = client.env().clock;
    WEIR_CO_CHECK(co_await sleep_for(clock, client.env().executor, Duration::from_s(3), stop));
    wire::Operate request;
    request.verb = wire::OperatorVerb::delete_records;
    request.key = ReplicaKey{"hello", 0};
    request.offset = client.metadata().partitions().at(request.key).status.leader.hw;
    const ReplicaKey key = request.key;
    const Offset wanted = request.offset;
    const Instant start = clock.now();
    Admin admin(client);
    WEIR_CO_TRY(const wire::Operated answer, co_await admin.operate(std::move(request), stop));
    if (!answer.accepted) {
        co_return fail(ErrorCode::invalid_argument, answer.message);
    }
    while (client.metadata().partitions().at(key).status.base_offset < wanted) {
        WEIR_CO_CHECK(co_await client.metadata().wait_for_change(stop));
    }
    seen->deleted_in = clock.now() - start;
    co_return Result<void>();
}

Task<Result<void>> work(Client& client, Plan plan, CancelToken stop) {
    WEIR_CO_CHECK(co_await set_up(client, plan, stop));
    WEIR_CO_CHECK(co_await produce(client, plan, stop));
    WEIR_CO_CHECK(co_await consume(client, plan.seen, stop));
    WEIR_CO_CHECK(co_await resume(client, plan.seen, stop));
    if (plan.delete_records) {
        WEIR_CO_CHECK(co_await delete_all(client, plan.seen, stop));
    }
    co_return Result<void>();
}

Task<Result<void>> run_application(Env& env, Plan plan, CancelToken stop) {
    // The SC may not listen yet.
    Backoff backoff(env, Duration::from_ms(10), Duration::from_ms(200));
    const Instant give_up = env.clock.now() + Duration::from_s(30);
    while (true) {
        ClientConfig config;
        config.sc = HostPort{"sc", 9003};
        config.connect_timeout = Duration::from_s(2);
        config.request_timeout = Duration::from_s(20);
        Result<std::unique_ptr<Client>> connected =
            co_await Client::connect(env, std::move(config), stop);
        if (connected.has_value()) {
            const std::unique_ptr<Client> client = *std::move(connected);
            Result<void> worked = co_await work(*client, plan, stop);
            co_await client->close();
            co_return worked;
        }
        if (env.clock.now() >= give_up) {
            co_return fail(connected.error());
        }
        WEIR_CO_CHECK(co_await backoff.wait(give_up, stop));
    }
}

class ClusterSim {
public:
    explicit ClusterSim(std::uint64_t seed) : world_(seed) {
        for (const char* name : {"sc", "spu-1", "spu-2", "app"}) {
            machines_[name] = &world_.add_machine(name);
        }
        for (const char* name : {"sc", "spu-1", "spu-2"}) {
            boot(name);
        }
    }

    void boot(const std::string& name) {
        sim::Machine& machine = *machines_[name];
        if (name == "sc") {
            machine.boot(sim::Main(&run_sc));
        } else {
            machine.boot(sim::Main(&run_spu, name == "spu-1" ? 1 : 2));
        }
    }
    // Kills the process after `at` and starts it again a second later.
    void kill(const std::string& name, Duration at) {
        world_.after(at, [this, name] { machines_[name]->crash(); });
        world_.after(at + Duration::from_s(1), [this, name] { boot(name); });
    }
    void pause(const std::string& name, Duration at, Duration length) {
        world_.after(at, [this, name] { machines_[name]->pause(); });
        world_.after(at + length, [this, name] { machines_[name]->resume(); });
    }
    void cut_all(Duration at) {
        world_.after(at, [this] {
            for (const char* name : {"sc", "spu-1", "spu-2"}) {
                cuts_ += world_.fabric().reset_streams(machines_["app"]->host(),
                                                       machines_[name]->host());
            }
        });
    }
    std::size_t cuts() const { return cuts_; }

    void run(Plan plan) {
        plan.seen = &seen_;
        sim::Machine& app = *machines_["app"];
        app.boot(sim::Main(&run_application, plan));
        for (int i = 0; i < 600 && app.running(); ++i) {
            world_.run_for(Duration::from_s(1));
        }
        ASSERT_TRUE(app.exit_result().has_value()) << "still running";
        ASSERT_TRUE(app.exit_result()->has_value()) << to_string(app.exit_result()->error());
        EXPECT_FALSE(app.leaks().any());
        check(plan);
    }
    const Seen& seen() const { return seen_; }

private:
    void check(const Plan& plan) const {
        EXPECT_EQ(seen_.unacked, 0U);
        EXPECT_EQ(seen_.acked.size(), plan.record_count);
        for (const auto& [place, text] : seen_.acked) {
            const auto found = seen_.consumed.find(place);
            ASSERT_NE(found, seen_.consumed.end())
                << "partition " << place.first << " offset " << place.second;
            EXPECT_EQ(found->second, text);
        }
        EXPECT_FALSE(seen_.out_of_order);
        std::int64_t end = 0;
        for (const auto& [place, text] : seen_.consumed) {
            end = place.first == 0 ? std::max(end, place.second + 1) : end;
        }
        EXPECT_EQ(seen_.resumed_at, end);
    }

    sim::World world_;
    std::map<std::string, sim::Machine*> machines_;
    std::size_t cuts_ = 0;
    Seen seen_;
};

TEST(ClientCluster, WritesAndReadsInPeace) {
    ClusterSim cluster(1);
    cluster.run(Plan());
    // Nothing was sent twice, so nothing is there twice.
    EXPECT_EQ(cluster.seen().retried, 0U);
    EXPECT_EQ(cluster.seen().consumed.size(), cluster.seen().acked.size());
}

TEST(ClientCluster, WatchesTellAtOnceWhereALogBegins) {
    ClusterSim cluster(4);
    Plan plan;
    plan.delete_records = true;
    cluster.run(plan);
    EXPECT_GT(cluster.seen().deleted_in, Duration());
    // An SPU reports every 100 ms; offsets that nobody waits for are told every 400.
    EXPECT_LT(cluster.seen().deleted_in, Duration::from_ms(200));
}

TEST(ClientCluster, WritesAndReadsEveryCodec) {
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        ClusterSim cluster(2);
        Plan plan;
        plan.record_count = 60;
        plan.codec = codec;
        cluster.run(plan);
    }
}

TEST(ClientCluster, SurvivesCutConnections) {
    std::size_t retried = 0;
    for (std::uint64_t seed = 10; seed < 40; ++seed) {
        ClusterSim cluster(seed);
        // While it writes, and while it reads.
        for (std::int64_t i = 10; i < 60; ++i) {
            cluster.cut_all(Duration::from_ms(71 * i));
        }
        cluster.run(Plan());
        EXPECT_GT(cluster.cuts(), 20U);
        retried += cluster.seen().retried;
    }
    EXPECT_GT(retried, 0U);
}

TEST(ClientCluster, SurvivesKilledServers) {
    std::size_t retried = 0;
    for (std::uint64_t seed = 20; seed < 40; ++seed) {
        ClusterSim cluster(seed);
        cluster.kill("spu-1", Duration::from_ms(1'700));
        cluster.kill("sc", Duration::from_ms(2'000));
        cluster.kill("spu-2", Duration::from_ms(3'100));
        cluster.run(Plan());
        retried += cluster.seen().retried;
    }
    // Otherwise the kills hit nothing.
    EXPECT_GT(retried, 0U);
}

// A paused process takes connections and requests and answers none.
TEST(ClientCluster, GoesOnWithTheNextLeaderWhileTheOneBeforeStandsStill) {
    for (std::uint64_t seed = 20; seed < 30; ++seed) {
        ClusterSim cluster(seed);
        cluster.pause("spu-1", Duration::from_ms(1'700), Duration::from_s(20));
        Plan plan;
        plan.replication_factor = 2;
        plan.response_timeout = Duration::from_s(60);
        cluster.run(plan);
        EXPECT_GT(cluster.seen().retried, 0U);
        // 2 s without a pause, and a session.
        EXPECT_LT(cluster.seen().produced_in, Duration::from_s(7));
    }
}

}  // namespace
}  // namespace weir::client
