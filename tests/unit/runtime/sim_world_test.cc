// The simulated world itself: time, order, crash, power loss, leaks and the trace hash.

#include "core/task/sync.h"
#include "core/task/task_scope.h"
#include "runtime/sim/cluster/run_in_sim.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <vector>

namespace weir::sim {
namespace {

constexpr std::uint16_t kPort = 7000;

Task<void> echo(std::unique_ptr<Connection> connection, CancelToken stop) {
    Bytes buffer(1000);
    while (true) {
        Result<std::size_t> size = co_await connection->read_some(buffer, stop);
        if (!size.has_value() || *size == 0) {
            co_return;
        }
        const ByteSpan slices[1] = {ByteSpan(buffer).first(*size)};
        Result<void> written = co_await connection->write(slices, stop);
        if (!written.has_value()) {
            co_return;
        }
    }
}

// Spawns what serves the connection.
using Serve = std::function<void(TaskScope&, std::unique_ptr<Connection>)>;

Task<Result<void>> serve_all(Env& env, Serve serve, CancelToken stop) {
    const HostPort address{"0.0.0.0", kPort};
    WEIR_CO_TRY(const std::unique_ptr<Listener> listener, env.network.listen(address));
    TaskScope scope(env.executor, stop);
    while (true) {
        Result<std::unique_ptr<Connection>> accepted = co_await listener->accept(stop);
        if (!accepted.has_value()) {
            break;
        }
        serve(scope, *std::move(accepted));
    }
    co_await scope.close();
    co_return Result<void>();
}

Task<Result<void>> echo_server(Env& env, CancelToken stop) {
    const Serve serve = [](TaskScope& scope, std::unique_ptr<Connection> connection) {
        scope.spawn(echo(std::move(connection), scope.token()));
    };
    co_return co_await serve_all(env, serve, stop);
}

Task<Result<void>> echo_client(Env& env, std::uint64_t rounds, CancelToken stop) {
    HostPort address{"server", kPort};
    Result<std::unique_ptr<Connection>> connected = co_await env.network.connect(address, stop);
    if (!connected.has_value()) {
        co_return fail(std::move(connected).error());
    }
    const std::unique_ptr<Connection> connection = *std::move(connected);
    Prng prng = env.random.stream("client");
    for (std::uint64_t round = 0; round < rounds; ++round) {
        Bytes sent(1 + static_cast<std::size_t>(prng.below(5'000)));
        for (auto& byte : sent) {
            byte = static_cast<std::uint8_t>(prng.next());
        }
        const ByteSpan slices[1] = {sent};
        WEIR_CO_CHECK(co_await connection->write(slices, stop));
        Bytes received(sent.size());
        std::size_t at = 0;
        while (at < received.size()) {
            const MutByteSpan rest = MutByteSpan(received).subspan(at);
            WEIR_CO_TRY(const std::size_t size, co_await connection->read_some(rest, stop));
            if (size == 0) {
                co_return fail(ErrorCode::connection_closed, "early end");
            }
            at += size;
        }
        if (received != sent) {
            co_return fail(ErrorCode::corrupt, "echo differs");
        }
    }
    co_return Result<void>();
}

struct EchoRun {
    std::uint64_t hash = 0;
    std::uint64_t events = 0;
    bool ok = false;
};

EchoRun run_echo(std::uint64_t seed, Chooser chooser) {
    WorldOptions options;
    options.chooser = chooser;
    World world(seed, options);
    Machine& server = world.add_machine("server");
    Machine& client = world.add_machine("client");
    server.boot(Main(echo_server));
    client.boot(Main(echo_client, std::uint64_t{50}));
    world.after(Duration::from_s(2), [&server] { server.request_stop(); });
    world.run_until_stopped(Duration::from_s(20));
    EchoRun run;
    run.hash = world.trace().hash();
    run.events = world.trace().events();
    run.ok = client.exit_result().has_value() && client.exit_result()->has_value() &&
             server.exit_result().has_value() && server.exit_result()->has_value() &&
             !client.leaks().any() && !server.leaks().any();
    return run;
}

TEST(SimWorld, EchoGivesTheSameBytesAndTheSameHashTwice) {
    for (const Chooser chooser :
         {Chooser::fifo, Chooser::random, Chooser::priority, Chooser::delay}) {
        const EchoRun first = run_echo(17, chooser);
        const EchoRun second = run_echo(17, chooser);
        EXPECT_TRUE(first.ok);
        EXPECT_EQ(first.hash, second.hash);
        EXPECT_EQ(first.events, second.events);
        EXPECT_NE(first.hash, run_echo(18, chooser).hash);
    }
}

TEST(SimWorld, ResetOfTheLinkFailsTheClientAndLeaksNothing) {
    World world(3);
    Machine& server = world.add_machine("server");
    Machine& client = world.add_machine("client");
    server.boot(Main(echo_server));
    client.boot(Main(echo_client, std::uint64_t{1'000'000}));
    world.run_for(Duration::from_ms(100));
    EXPECT_EQ(world.fabric().reset_streams(client.host(), server.host()), 1U);
    world.run_for(Duration::from_ms(100));
    ASSERT_TRUE(client.exit_result().has_value());
    ASSERT_FALSE(client.exit_result()->has_value());
    EXPECT_EQ(client.exit_result()->error().code, ErrorCode::connection_closed);
    server.request_stop();
    world.run_until_stopped(Duration::from_s(1));
    ASSERT_TRUE(server.exit_result().has_value());
    EXPECT_FALSE(server.leaks().any());
}

Task<void> note_bytes(std::unique_ptr<Connection> connection, std::vector<std::uint8_t>* arrived,
                      CancelToken stop) {
    Bytes buffer(100);
    while (true) {
        const Result<std::size_t> size = co_await connection->read_some(buffer, stop);
        if (!size.has_value() || *size == 0) {
            co_return;
        }
        arrived->insert(arrived->end(), buffer.begin(),
                        buffer.begin() + static_cast<std::ptrdiff_t>(*size));
    }
}

Task<Result<void>> noting_server(Env& env, std::vector<std::uint8_t>* arrived, CancelToken stop) {
    const Serve serve = [arrived](TaskScope& scope, std::unique_ptr<Connection> connection) {
        scope.spawn(note_bytes(std::move(connection), arrived, scope.token()));
    };
    co_return co_await serve_all(env, serve, stop);
}

// 0, 1, 2, ... one each millisecond: even ones on one connection, odd ones on another.
Task<Result<void>> alternating_client(Env& env, std::uint8_t count, CancelToken stop) {
    const HostPort address{"server", kPort};
    WEIR_CO_TRY(const std::unique_ptr<Connection> even,
                co_await env.network.connect(address, stop));
    WEIR_CO_TRY(const std::unique_ptr<Connection> odd, co_await env.network.connect(address, stop));
    for (std::uint8_t number = 0; number < count; ++number) {
        const Bytes byte = {number};
        const ByteSpan slices[1] = {byte};
        Connection& connection = number % 2 == 0 ? *even : *odd;
        WEIR_CO_CHECK(co_await connection.write(slices, stop));
        const Duration pause = Duration::from_ms(1);
        WEIR_CO_CHECK(co_await sleep_for(env.clock, env.executor, pause, stop));
    }
    const Duration arrival = Duration::from_s(1);
    co_return co_await sleep_for(env.clock, env.executor, arrival, stop);
}

std::vector<std::uint8_t> arrivals(std::uint64_t seed, std::uint8_t count, Duration jitter) {
    WorldOptions options;
    options.link.latency_ns = 1'000'000;
    options.link.jitter_ns = jitter.ns();
    World world(seed, options);
    std::vector<std::uint8_t> arrived;
    Machine& server = world.add_machine("server");
    Machine& client = world.add_machine("client");
    server.boot(Main(noting_server, &arrived));
    client.boot(Main(alternating_client, count));
    world.after(Duration::from_s(2), [&server] { server.request_stop(); });
    world.run_until_stopped(Duration::from_s(20));
    return arrived;
}

TEST(SimWorld, MessagesOfDifferentConnectionsOvertakeEachOtherAndOthersDoNot) {
    constexpr std::uint8_t kCount = 20;
    int overtaken_count = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const std::vector<std::uint8_t> in_order = arrivals(seed, kCount, Duration());
        EXPECT_TRUE(std::is_sorted(in_order.begin(), in_order.end())) << seed;
        const std::vector<std::uint8_t> all = arrivals(seed, kCount, Duration::from_ms(5));
        ASSERT_EQ(all.size(), kCount) << seed;
        std::vector<std::uint8_t> even;
        std::vector<std::uint8_t> odd;
        for (const std::uint8_t number : all) {
            (number % 2 == 0 ? even : odd).push_back(number);
        }
        EXPECT_TRUE(std::is_sorted(even.begin(), even.end())) << seed;
        EXPECT_TRUE(std::is_sorted(odd.begin(), odd.end())) << seed;
        overtaken_count += std::is_sorted(all.begin(), all.end()) ? 0 : 1;
    }
    EXPECT_GT(overtaken_count, 10);
}

TEST(SimWorld, BlockedLinkDelaysAndHealingDelivers) {
    World world(4);
    Machine& server = world.add_machine("server");
    Machine& client = world.add_machine("client");
    server.boot(Main(echo_server));
    client.boot(Main(echo_client, std::uint64_t{200}));
    world.run_for(Duration::from_ms(20));
    world.fabric().block(client.host(), server.host());
    world.run_for(Duration::from_s(5));
    EXPECT_TRUE(client.running());
    world.fabric().unblock(client.host(), server.host());
    world.run_for(Duration::from_s(5));
    ASSERT_TRUE(client.exit_result().has_value());
    EXPECT_TRUE(client.exit_result()->has_value());
}

TEST(SimWorld, CrashInTheMiddleDestroysEverythingAndTheServerCanBootAgain) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        World world(seed);
        Machine& server = world.add_machine("server");
        Machine& client = world.add_machine("client");
        server.boot(Main(echo_server));
        client.boot(Main(echo_client, std::uint64_t{1'000'000}));
        world.run_for(Duration::from_us(static_cast<std::int64_t>(seed) * 977 + 1'000));
        if (seed % 2 == 0) {
            server.crash();
        } else {
            server.power_loss(LossMode::sectors);
        }
        world.run_for(Duration::from_s(30));
        ASSERT_TRUE(client.exit_result().has_value()) << seed;
        EXPECT_FALSE(client.exit_result()->has_value());
        server.boot(Main(echo_server));
        client.boot(Main(echo_client, std::uint64_t{10}));
        world.run_for(Duration::from_s(2));
        ASSERT_TRUE(client.exit_result().has_value());
        EXPECT_TRUE(client.exit_result()->has_value());
    }
}

Task<void> sleeper(Env& env, CancelToken stop) {
    static_cast<void>(co_await sleep_for(env.clock, env.executor, Duration::from_s(1), stop));
}

Task<Result<void>> halting(Env& env, CancelToken stop) {
    TaskScope scope(env.executor, stop);
    scope.spawn(sleeper(env, scope.token()));
    co_await env.process.halt("the disk lies");
    co_await scope.close();
    co_return Result<void>();
}

Task<Result<void>> talk_to_itself(Env& env, CancelToken stop) {
    const HostPort any{"0.0.0.0", kPort};
    WEIR_CO_TRY(const std::unique_ptr<Listener> listener, env.network.listen(any));
    const HostPort itself{"server", kPort};
    WEIR_CO_TRY(const auto connection, co_await env.network.connect(itself, stop));
    WEIR_CO_TRY(const auto accepted, co_await listener->accept(stop));
    Event never(env.executor);
    static_cast<void>(co_await never.wait(stop));
    co_return Result<void>();
}

class OpenStreams final : public NetworkTap {
public:
    void opened(std::uint64_t, HostId, HostId, std::uint16_t) override { ++count; }
    void sent(std::uint64_t, int, ByteSpan) override {}
    void forgotten(std::uint64_t) override { --count; }
    int count = 0;
};

TEST(SimWorld, NothingIsLeftOfAConnectionToItselfWhenTheProcessIsKilled) {
    for (const bool power : {false, true}) {
        World world(9);
        OpenStreams streams;
        world.fabric().set_tap(&streams);
        Machine& server = world.add_machine("server");
        server.boot(Main(talk_to_itself));
        world.run_for(Duration::from_ms(100));
        EXPECT_EQ(streams.count, 1);
        if (power) {
            server.power_loss(LossMode::all);
        } else {
            server.crash();
        }
        EXPECT_EQ(streams.count, 0) << power;
        world.fabric().set_tap(nullptr);
    }
}

TEST(SimWorld, HaltEndsTheProcessWithItsReason) {
    World world(5);
    Machine& machine = world.add_machine("node");
    machine.boot(Main(halting));
    world.run_for(Duration::from_ms(1));
    EXPECT_FALSE(machine.running());
    EXPECT_EQ(machine.halt_reason(), "the disk lies");
}

Task<Result<void>> spinning(Env& env, CancelToken stop) {
    while (!stop.cancelled()) {
        co_await yield(env.executor);
    }
    co_return Result<void>();
}

TEST(SimWorld, LivelockRunsIntoTheEventBudget) {
    World world(6);
    world.add_machine("node").boot(Main(spinning));
    EXPECT_EQ(world.run_for(Duration::from_s(1), 10'000), RunEnd::budget);
    EXPECT_GE(world.trace().checkpoints().size(), 10U);
}

Task<Result<void>> turn_order(Env& env, std::vector<int>* order, CancelToken stop) {
    static_cast<void>(stop);
    struct Parts {
        static Task<void> late(Env& e, std::vector<int>* o) {
            co_await turn_end(e.executor);
            o->push_back(2);
        }
        static Task<void> early(Env& e, std::vector<int>* o) {
            for (int i = 0; i < 5; ++i) {
                co_await yield(e.executor);
            }
            o->push_back(1);
        }
    };
    TaskScope scope(env.executor);
    scope.spawn(Parts::late(env, order));
    scope.spawn(Parts::early(env, order));
    co_await scope.join();
    co_return Result<void>();
}

TEST(SimWorld, TurnEndComesAfterEverythingReady) {
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        std::vector<int> order;
        ASSERT_TRUE(run_in_sim(seed, Main(turn_order, &order)).has_value());
        EXPECT_EQ(order, (std::vector<int>{1, 2}));
    }
}

Task<Result<void>> drift(Env& env, std::int64_t* error_ns, CancelToken stop) {
    for (std::int64_t i = 1; i < 50; ++i) {
        const Instant deadline = env.clock.now() + Duration::from_us(i * 1'333);
        WEIR_CO_CHECK(co_await sleep_until(env.clock, env.executor, deadline, stop));
        const std::int64_t late = (env.clock.now() - deadline).ns();
        if (late < 0) {
            *error_ns = late;
        }
        *error_ns = std::max(*error_ns, late);
    }
    co_return Result<void>();
}

TEST(SimClock, TimersNeverFireEarlyUnderDrift) {
    for (const std::int64_t ppm : {-5'000, -100, 0, 77, 20'000}) {
        WorldOptions options;
        World world(9, options);
        MachineOptions machine_options;
        machine_options.clock = ClockOptions{ppm, Duration::from_s(12'345), Duration()};
        Machine& machine = world.add_machine("node", machine_options);
        std::int64_t error_ns = 0;
        machine.boot(Main(drift, &error_ns));
        world.run_for(Duration::from_s(60));
        ASSERT_TRUE(machine.exit_result().has_value());
        EXPECT_GE(error_ns, 0);
        EXPECT_LT(error_ns, 1'000);
    }
}

// Ready again at once.
struct Yield {
    Executor& executor;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> handle) { executor.post(handle); }
    void await_resume() const {}
};

Task<Result<void>> turn_round(Env& env, std::vector<int>* turns, int id, CancelToken stop) {
    while (!stop.cancelled()) {
        turns->push_back(id);
        Yield yield{env.executor};
        co_await yield;
    }
    co_return Result<void>();
}

// How often another one of three machines, which are ready all the time, takes over.
std::size_t turns_taken(std::uint64_t changes) {
    WorldOptions options;
    options.chooser = Chooser::priority;
    World world(7, options);
    constexpr std::int64_t kWithinNs = 1'000'000;
    world.scheduler().bound_changes(changes, kWithinNs);
    std::vector<int> turns;
    for (int id = 0; id < 3; ++id) {
        Machine& machine = world.add_machine("m-" + std::to_string(id));
        machine.boot(Main(turn_round, &turns, id));
    }
    world.run_for(Duration::from_ns(2 * kWithinNs));
    EXPECT_GT(turns.size(), 5'000U);
    std::size_t count = 0;
    for (std::size_t i = 1; i < turns.size(); ++i) {
        count += turns[i] != turns[i - 1] ? 1U : 0U;
    }
    return count;
}

TEST(SimWorld, BoundedChangesOfPriorityAreSoMany) {
    EXPECT_EQ(turns_taken(0), 0U);
    EXPECT_EQ(turns_taken(1), 1U);
    EXPECT_EQ(turns_taken(4), 4U);
}

}  // namespace
}  // namespace weir::sim
