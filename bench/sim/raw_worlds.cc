#include "bench/sim/raw_worlds.h"

#include "bench/counting_new.h"
#include "core/env/clock.h"
#include "core/task/task_scope.h"
#include "runtime/sim/cluster/world.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

namespace weir::bench {

namespace {

// Until everything has grown to its size.
constexpr std::uint64_t kWarmUpEvents = 100'000;
constexpr int kConnections = 100;
constexpr std::uint16_t kPort = 7;

Task<void> sleeper(Env& env, std::uint64_t seed, CancelToken stop) {
    Prng prng(seed);
    while (!stop.cancelled()) {
        const Duration pause = Duration::from_ns(prng.between(1, 1'000'000));
        const Result<void> slept = co_await sleep_for(env.clock, env.executor, pause, stop);
        if (!slept.has_value()) {
            co_return;
        }
    }
}

Task<Result<void>> sleepers(Env& env, CancelToken stop) {
    TaskScope scope(env.executor, stop);
    for (int i = 0; i < kSleepers; ++i) {
        scope.spawn(sleeper(env, static_cast<std::uint64_t>(i), scope.token()));
    }
    co_await scope.join();
    co_return Result<void>();
}

using Message = std::array<std::uint8_t, 100>;

Task<Result<void>> write_message(Connection& connection, const Message& message, CancelToken stop) {
    const std::array<ByteSpan, 1> slices{ByteSpan(message)};
    co_return co_await connection.write(slices, stop);
}

Task<Result<void>> read_message(Connection& connection, Message& message, CancelToken stop) {
    MutByteSpan rest(message);
    while (!rest.empty()) {
        WEIR_CO_TRY(const std::size_t size, co_await connection.read_some(rest, stop));
        if (size == 0) {
            co_return fail(ErrorCode::connection_closed, "the echo has ended");
        }
        rest = rest.subspan(size);
    }
    co_return Result<void>();
}

Task<void> answer(std::unique_ptr<Connection> connection, CancelToken stop) {
    Message message{};
    while (true) {
        const Result<void> got = co_await read_message(*connection, message, stop);
        if (!got.has_value()) {
            co_return;
        }
        const Result<void> sent = co_await write_message(*connection, message, stop);
        if (!sent.has_value()) {
            co_return;
        }
    }
}

Task<void> ask(Env& env, CancelToken stop) {
    HostPort address;
    address.host = "server";
    address.port = kPort;
    Result<std::unique_ptr<Connection>> connection = co_await env.network.connect(address, stop);
    if (!connection.has_value()) {
        co_return;
    }
    Message message{};
    while (true) {
        const Result<void> sent = co_await write_message(**connection, message, stop);
        if (!sent.has_value()) {
            co_return;
        }
        const Result<void> got = co_await read_message(**connection, message, stop);
        if (!got.has_value()) {
            co_return;
        }
    }
}

Task<Result<void>> serve(Env& env, CancelToken stop) {
    HostPort address;
    address.host = "0.0.0.0";
    address.port = kPort;
    WEIR_CO_TRY(const std::unique_ptr<Listener> listener, env.network.listen(address));
    TaskScope scope(env.executor, stop);
    while (true) {
        Result<std::unique_ptr<Connection>> accepted = co_await listener->accept(stop);
        if (!accepted.has_value()) {
            break;
        }
        scope.spawn(answer(*std::move(accepted), scope.token()));
    }
    co_await scope.close();
    co_return Result<void>();
}

Task<Result<void>> ask_often(Env& env, CancelToken stop) {
    TaskScope scope(env.executor, stop);
    for (int i = 0; i < kConnections; ++i) {
        scope.spawn(ask(env, scope.token()));
    }
    co_await scope.join();
    co_return Result<void>();
}

RawRun measure(sim::World& world, std::uint64_t event_count) {
    count_allocations_of_this_thread();
    const Duration limit = Duration::from_s(24 * 3'600);
    world.run_for(limit, kWarmUpEvents);
    const std::uint64_t events_before = world.trace().events();
    const std::uint64_t allocations_before = allocation_count();
    const double elapsed = cpu_seconds_of([&] { world.run_for(limit, event_count); });
    const auto events = static_cast<double>(world.trace().events() - events_before);
    RawRun run;
    run.events_per_s = events / elapsed;
    run.allocations_per_event =
        static_cast<double>(allocation_count() - allocations_before) / events;
    return run;
}

}  // namespace

RawRun run_sleepers(std::uint64_t event_count) {
    sim::World world(1);
    world.add_machine("sleepers").boot(sim::Main(sleepers));
    return measure(world, event_count);
}

RawRun run_echoes(std::uint64_t event_count) {
    sim::World world(1);
    world.add_machine("server").boot(sim::Main(serve));
    world.add_machine("client").boot(sim::Main(ask_often));
    return measure(world, event_count);
}

double cpu_seconds_of(const std::function<void()>& work) {
    const std::clock_t start = std::clock();
    work();
    const double elapsed = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    return std::max(elapsed, 1e-6);
}

}  // namespace weir::bench
