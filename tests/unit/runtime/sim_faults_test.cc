// What the faults of the simulator do to a process that watches: each must happen, and end.

#include "core/task/sync.h"
#include "core/task/task_scope.h"
#include "runtime/sim/cluster/world.h"
#include "runtime/sim/faults/fault_plan.h"

#include <gtest/gtest.h>

#include <optional>
#include <set>

namespace weir::sim {
namespace {

constexpr std::uint16_t kPort = 7000;

// --- links --------------------------------------------------------------------------------------

// What one side of a connection saw, with global times.
struct Seen {
    std::int64_t connected_ns = -1;
    std::uint64_t bytes = 0;
    // Each byte is one more than the one before it.
    bool has_gap = false;
    std::optional<Error> error;
    std::int64_t end_ns = -1;
};

Task<void> watch(Connection& connection, World* world, Seen* seen, CancelToken stop) {
    Bytes buffer(512);
    while (true) {
        const Result<std::size_t> size = co_await connection.read_some(buffer, stop);
        if (!size.has_value() || *size == 0) {
            if (!size.has_value()) {
                seen->error = size.error();
            }
            seen->end_ns = world->scheduler().now_ns();
            co_return;
        }
        for (const std::uint8_t byte : ByteSpan(buffer).first(*size)) {
            seen->has_gap = seen->has_gap || byte != static_cast<std::uint8_t>(seen->bytes);
            ++seen->bytes;
        }
    }
}

Task<Result<void>> listening(Env& env, World* world, Seen* seen, CancelToken stop) {
    const HostPort address{"0.0.0.0", kPort};
    WEIR_CO_TRY(const std::unique_ptr<Listener> listener, env.network.listen(address));
    WEIR_CO_TRY(const std::unique_ptr<Connection> connection, co_await listener->accept(stop));
    co_await watch(*connection, world, seen, stop);
    co_return Result<void>();
}

// Connects, then sends `rate` bytes each 10 ms, if any, while it watches.
Task<Result<void>> sending(Env& env, World* world, Seen* seen, std::size_t rate, CancelToken stop) {
    HostPort address{"server", kPort};
    Result<std::unique_ptr<Connection>> made = co_await env.network.connect(address, stop);
    if (!made.has_value()) {
        seen->error = made.error();
        seen->end_ns = world->scheduler().now_ns();
        co_return Result<void>();
    }
    const std::unique_ptr<Connection> connection = *std::move(made);
    seen->connected_ns = world->scheduler().now_ns();
    TaskScope scope(env.executor, stop);
    scope.spawn(watch(*connection, world, seen, stop));
    Bytes bytes(rate);
    std::uint8_t next = 0;
    while (rate != 0 && seen->end_ns < 0) {
        for (std::uint8_t& byte : bytes) {
            byte = next++;
        }
        const ByteSpan slices[1] = {bytes};
        const Result<void> written = co_await connection->write(slices, stop);
        if (!written.has_value()) {
            break;
        }
        const Result<void> slept =
            co_await sleep_for(env.clock, env.executor, Duration::from_ms(10), stop);
        if (!slept.has_value()) {
            break;
        }
    }
    co_await scope.join();
    co_return Result<void>();
}

struct Pair {
    explicit Pair(std::uint64_t seed, const WorldOptions& options = {})
        : world(seed, options),
          server(world.add_machine("server")),
          client(world.add_machine("client")) {}
    void start(std::size_t rate) {
        server.boot(Main(listening, &world, &at_server));
        world.run_for(Duration::from_ms(1));
        client.boot(Main(sending, &world, &at_client, rate));
    }
    World world;
    Machine& server;
    Machine& client;
    Seen at_server;
    Seen at_client;
};

TEST(SimFaults, AForgottenConnectionLosesWhatIsSentAndBothSidesFindOutLater) {
    Pair pair(1);
    pair.start(100);
    pair.world.run_for(Duration::from_ms(100));
    const std::uint64_t before = pair.at_server.bytes;
    EXPECT_GT(before, 0U);
    const std::int64_t at_ns = pair.world.scheduler().now_ns();
    EXPECT_EQ(pair.world.fabric().forget_streams(pair.client.host(), pair.server.host()), 1U);
    pair.world.run_for(Duration::from_ms(400));
    EXPECT_EQ(pair.at_server.bytes, before);
    EXPECT_LT(pair.at_server.end_ns, 0);
    EXPECT_LT(pair.at_client.end_ns, 0);
    pair.world.run_for(Duration::from_s(20));
    EXPECT_GE(pair.at_server.end_ns, at_ns + 500'000'000);
    EXPECT_GE(pair.at_client.end_ns, at_ns + 500'000'000);
    EXPECT_TRUE(pair.at_server.error.has_value());
}

TEST(SimFaults, AOneSidedResetIsSeenByTheOtherSideWhenItSends) {
    for (const std::size_t rate : {std::size_t{0}, std::size_t{100}}) {
        Pair pair(2);
        pair.start(rate);
        pair.world.run_for(Duration::from_ms(100));
        const std::int64_t at_ns = pair.world.scheduler().now_ns();
        EXPECT_EQ(pair.world.fabric().reset_one_side(pair.server.host(), pair.client.host()), 1U);
        pair.world.run_for(Duration::from_ms(300));
        EXPECT_TRUE(pair.at_server.error.has_value());
        // A sender gets a reset as its answer; who only reads hears nothing for long.
        EXPECT_EQ(pair.at_client.end_ns >= 0, rate != 0);
        pair.world.run_for(Duration::from_s(20));
        EXPECT_GE(pair.at_client.end_ns, at_ns);
    }
}

// Part of what is on its way is lost; what is sent until the sender hears of it is not what
// follows.
TEST(SimFaults, NothingArrivesBehindAGap) {
    WorldOptions options;
    options.link.latency_ns = 30'000'000;
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Pair pair(seed, options);
        pair.start(100);
        pair.world.run_for(Duration::from_ms(200));
        for (int i = 0; i < 3; ++i) {
            pair.world.fabric().reset_streams(pair.client.host(), pair.server.host());
            pair.world.run_for(Duration::from_ms(15));
        }
        pair.world.run_for(Duration::from_ms(200));
        EXPECT_GT(pair.at_server.bytes, 0U);
        EXPECT_FALSE(pair.at_server.has_gap) << seed;
        EXPECT_TRUE(pair.at_server.error.has_value());
    }
}

TEST(SimFaults, AHungConnectGetsNoAnswerAndWhatIsConnectedGoesOn) {
    Pair pair(3);
    pair.world.fabric().hang_connects(pair.client.host(), pair.server.host());
    pair.start(100);
    pair.world.run_for(Duration::from_ms(1'500));
    EXPECT_LT(pair.at_client.connected_ns, 0);
    EXPECT_FALSE(pair.at_client.error.has_value());
    pair.world.fabric().unhang_connects(pair.client.host(), pair.server.host());
    pair.world.run_for(Duration::from_s(4));
    EXPECT_GE(pair.at_client.connected_ns, 0);
    pair.world.fabric().hang_connects(pair.client.host(), pair.server.host());
    const std::uint64_t before = pair.at_server.bytes;
    pair.world.run_for(Duration::from_s(1));
    EXPECT_GT(pair.at_server.bytes, before);
}

TEST(SimFaults, NamesAreNotResolvedWhileTheyFail) {
    Pair pair(4);
    pair.world.fabric().fail_names(pair.client.host());
    pair.start(100);
    pair.world.run_for(Duration::from_ms(100));
    ASSERT_TRUE(pair.at_client.error.has_value());
    EXPECT_EQ(pair.at_client.error->code, ErrorCode::not_found);
    EXPECT_EQ(pair.world.fabric().counters().name_failures, 1U);
    pair.world.fabric().unfail_names(pair.client.host());
    Seen again;
    pair.client.boot(Main(sending, &pair.world, &again, std::size_t{100}));
    pair.world.run_for(Duration::from_ms(100));
    EXPECT_GE(again.connected_ns, 0);
}

TEST(SimFaults, ASlowLinkDelaysAndThrottlesOneDirectionUntilItIsTakenBack) {
    Pair pair(5);
    pair.start(100);
    pair.world.run_for(Duration::from_ms(100));
    pair.world.fabric().slow_down(pair.client.host(), pair.server.host(), 500'000'000, 0);
    pair.world.run_for(Duration::from_ms(5));
    const std::uint64_t before = pair.at_server.bytes;
    pair.world.run_for(Duration::from_ms(400));
    EXPECT_EQ(pair.at_server.bytes, before);
    pair.world.run_for(Duration::from_ms(400));
    EXPECT_GT(pair.at_server.bytes, before);
    pair.world.fabric().slow_down(pair.client.host(), pair.server.host(), -500'000'000, 0);
    // 100 bytes each 10 ms at 1 KiB per second: most of it waits.
    pair.world.run_for(Duration::from_s(1));
    pair.world.fabric().slow_down(pair.client.host(), pair.server.host(), 0, 1'000'000'000);
    pair.world.run_for(Duration::from_ms(10));
    const std::uint64_t at_once = pair.at_server.bytes;
    pair.world.run_for(Duration::from_s(2));
    EXPECT_GT(pair.at_server.bytes, at_once + 1'000);
    EXPECT_LT(pair.at_server.bytes, at_once + 4'000);
}

TEST(SimFaults, TheTailOfDelaysIsHeavyAndRare) {
    WorldOptions options;
    options.link.tail_ns = 1'000'000'000;
    World world(6, options);
    Machine& server = world.add_machine("server");
    Machine& client = world.add_machine("client");
    Seen at_server;
    Seen at_client;
    server.boot(Main(listening, &world, &at_server));
    world.run_for(Duration::from_ms(1));
    client.boot(Main(sending, &world, &at_client, std::size_t{10}));
    world.run_for(Duration::from_s(60));
    EXPECT_GT(world.fabric().counters().late, 30U);
    EXPECT_LT(world.fabric().counters().late, 90U);
}

// --- processes ----------------------------------------------------------------------------------

Task<Result<void>> ticking(Env& env, std::uint64_t* ticks, CancelToken stop) {
    while (!stop.cancelled()) {
        const Result<void> slept =
            co_await sleep_for(env.clock, env.executor, Duration::from_ms(1), stop);
        if (slept.has_value()) {
            ++*ticks;
        }
    }
    co_return Result<void>();
}

TEST(SimFaults, APausedProcessStandsStillWhileTheNetworkGoesOn) {
    Pair pair(7);
    pair.start(100);
    pair.world.run_for(Duration::from_ms(100));
    pair.server.pause();
    pair.world.run_for(Duration::from_ms(5));
    const std::uint64_t before = pair.at_server.bytes;
    const std::uint64_t sent = pair.world.fabric().counters().bytes;
    pair.world.run_for(Duration::from_s(2));
    EXPECT_EQ(pair.at_server.bytes, before);
    EXPECT_GT(pair.world.fabric().counters().bytes, sent + 10'000);
    pair.server.resume();
    pair.world.run_for(Duration::from_ms(20));
    EXPECT_GT(pair.at_server.bytes, before + 10'000);
}

TEST(SimFaults, PausesNestAndEndWithTheProcess) {
    World world(8);
    Machine& machine = world.add_machine("node");
    std::uint64_t ticks = 0;
    machine.boot(Main(ticking, &ticks));
    world.run_for(Duration::from_ms(50));
    EXPECT_GE(ticks, 40U);
    machine.pause();
    machine.pause();
    machine.resume();
    const std::uint64_t paused = ticks;
    world.run_for(Duration::from_ms(50));
    EXPECT_EQ(ticks, paused);
    // Asked to stop while it stands still: it does once it goes on.
    machine.request_stop();
    world.run_for(Duration::from_ms(50));
    EXPECT_TRUE(machine.running());
    machine.resume();
    world.run_for(Duration::from_ms(50));
    EXPECT_FALSE(machine.running());
    EXPECT_FALSE(machine.leaks().any());
    machine.boot(Main(ticking, &ticks));
    machine.pause();
    machine.crash();
    machine.boot(Main(ticking, &ticks));
    const std::uint64_t fresh = ticks;
    world.run_for(Duration::from_ms(50));
    EXPECT_GE(ticks, fresh + 40);
}

Task<Result<void>> working(Env& env, std::uint64_t* steps, CancelToken stop) {
    while (!stop.cancelled()) {
        co_await yield(env.executor);
        ++*steps;
    }
    co_return Result<void>();
}

TEST(SimFaults, ASlowCpuSlowsItsOwnMachineOnly) {
    World world(9);
    Machine& slow = world.add_machine("slow");
    Machine& quick = world.add_machine("quick");
    std::uint64_t slow_steps = 0;
    std::uint64_t ticks = 0;
    slow.set_cpu_factor(1'000);
    slow.boot(Main(working, &slow_steps));
    quick.boot(Main(ticking, &ticks));
    world.run_for(Duration::from_ms(100));
    // 20 to 83 us a step.
    EXPECT_GT(slow_steps, 1'000U);
    EXPECT_LT(slow_steps, 4'000U);
    EXPECT_GT(ticks, 80U);
    slow.set_cpu_factor(1);
    slow_steps = 0;
    world.run_for(Duration::from_ms(10));
    EXPECT_GT(slow_steps, 50'000U);
}

// --- clocks -------------------------------------------------------------------------------------

Task<Result<void>> early(Env& env, std::int64_t* worst_ns, CancelToken stop) {
    Instant last = env.clock.now();
    while (!stop.cancelled()) {
        const Instant deadline = env.clock.now() + Duration::from_ms(70);
        WEIR_CO_CHECK(co_await sleep_until(env.clock, env.executor, deadline, stop));
        *worst_ns = std::min(*worst_ns, (env.clock.now() - deadline).ns());
        *worst_ns = std::min(*worst_ns, (env.clock.now() - last).ns());
        last = env.clock.now();
    }
    co_return Result<void>();
}

TEST(SimFaults, AChangedRateNeverMakesATimerEarlyOrTimeGoBack) {
    World world(10);
    Machine& machine = world.add_machine("node");
    std::int64_t worst_ns = 0;
    machine.boot(Main(early, &worst_ns));
    Prng prng(1);
    const Instant begin = machine.env().clock.now();
    for (int i = 0; i < 100; ++i) {
        machine.set_drift(i % 2 == 0 ? -20'000 : 20'000);
        world.run_for(Duration::from_us(prng.between(1'000, 60'000)));
    }
    EXPECT_EQ(worst_ns, 0);
    const Instant now = machine.env().clock.now();
    machine.set_drift(20'000);
    world.run_for(Duration::from_s(1));
    EXPECT_EQ((machine.env().clock.now() - now).ns(), 1'020'000'000);
    EXPECT_GT(now, begin);
}

TEST(SimFaults, AFrozenWallClockStandsStillAndGoesOnEitherWay) {
    for (const bool catch_up : {true, false}) {
        World world(11);
        Machine& machine = world.add_machine("node");
        std::uint64_t ticks = 0;
        machine.boot(Main(ticking, &ticks));
        world.run_for(Duration::from_ms(10));
        machine.freeze_wall();
        const WallTime frozen = machine.env().clock.wall_now();
        world.run_for(Duration::from_s(1));
        EXPECT_EQ(machine.env().clock.wall_now().ns(), frozen.ns());
        machine.crash();
        machine.boot(Main(ticking, &ticks));
        EXPECT_EQ(machine.env().clock.wall_now().ns(), frozen.ns());
        machine.thaw_wall(catch_up);
        const std::int64_t lag_ns = machine.env().clock.wall_now().ns() - frozen.ns();
        EXPECT_EQ(lag_ns, catch_up ? 1'000'000'000 : 0);
    }
}

// --- disks --------------------------------------------------------------------------------------

struct Io {
    bool done = false;
    bool failed = false;
    std::int64_t took_ns = 0;
};

Task<Result<void>> write_and_sync(Env& env, World* world, Io* io, CancelToken stop) {
    static_cast<void>(stop);
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await env.disk.open("f", OpenMode::open_or_create));
    WEIR_CO_CHECK(co_await env.disk.sync_directory(""));
    const Bytes bytes(2'000, 5);
    const ByteSpan slices[1] = {bytes};
    WEIR_CO_CHECK(co_await file->write_at(FilePosition(0), slices));
    const std::int64_t begin_ns = world->scheduler().now_ns();
    const Result<void> synced = co_await file->sync_data();
    io->took_ns = world->scheduler().now_ns() - begin_ns;
    io->failed = !synced.has_value();
    io->done = true;
    co_return Result<void>();
}

TEST(SimFaults, ALyingSyncSucceedsAndSavesNothing) {
    for (const bool lies : {true, false}) {
        World world(12);
        Machine& machine = world.add_machine("node");
        machine.disk_faults().lies = false;
        Io first;
        machine.boot(Main(write_and_sync, &world, &first));
        world.run_for(Duration::from_ms(100));
        machine.disk_image().truncate(*machine.disk_image().find("f"), 0);
        machine.disk_image().file_synced(*machine.disk_image().find("f"),
                                         machine.disk_image().sequence());
        machine.disk_faults().lies = lies;
        Io io;
        machine.boot(Main(write_and_sync, &world, &io));
        world.run_for(Duration::from_ms(100));
        EXPECT_TRUE(io.done);
        EXPECT_FALSE(io.failed);
        machine.power_loss(LossMode::all);
        EXPECT_EQ(machine.disk_image().find("f")->size(), lies ? 0U : 2'000U);
    }
}

TEST(SimFaults, AHungDiskAnswersWhenTheFaultEnds) {
    World world(13);
    Machine& machine = world.add_machine("node");
    Io io;
    machine.disk_faults().hung_until_ns = 3'000'000'000;
    machine.boot(Main(write_and_sync, &world, &io));
    world.run_for(Duration::from_ms(2'900));
    EXPECT_FALSE(io.done);
    world.run_for(Duration::from_s(1));
    EXPECT_TRUE(io.done);
}

Task<Result<void>> reading(Env& env, std::vector<bool>* readable, CancelToken stop) {
    static_cast<void>(stop);
    WEIR_CO_TRY(const std::unique_ptr<File> file, co_await env.disk.open("f", OpenMode::read_only));
    Bytes buffer(100);
    for (std::uint64_t at = 0; at + 100 <= 2'000; at += 100) {
        const auto read = co_await file->read_at(FilePosition(at), buffer);
        readable->push_back(read.has_value());
    }
    co_return Result<void>();
}

TEST(SimFaults, ALostSectorFailsReadsOfItUntilItIsWritten) {
    World world(14);
    Machine& machine = world.add_machine("node");
    Io io;
    machine.boot(Main(write_and_sync, &world, &io));
    world.run_for(Duration::from_ms(100));
    machine.disk_image().find("f")->lose_sector(1);
    std::vector<bool> readable;
    machine.boot(Main(reading, &readable));
    world.run_for(Duration::from_ms(100));
    ASSERT_EQ(readable.size(), 20U);
    for (std::size_t i = 0; i < readable.size(); ++i) {
        const bool touches = i * 100 < 1'024 && i * 100 + 100 > 512;
        EXPECT_EQ(readable[i], !touches) << i;
    }
    EXPECT_EQ(machine.disk_faults().read_errors, 6U);
    machine.boot(Main(write_and_sync, &world, &io));
    world.run_for(Duration::from_ms(100));
    readable.clear();
    machine.boot(Main(reading, &readable));
    world.run_for(Duration::from_ms(100));
    EXPECT_EQ(readable, std::vector<bool>(20, true));
}

TEST(SimFaults, BytesLostByAFailedSyncAreSavedByWritingThemAgain) {
    std::set<std::size_t> survivors;
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        DiskImage image(1U << 20);
        Draws draws{Prng(seed)};
        const DiskNodePtr file = *image.open("f", OpenMode::open_or_create);
        ASSERT_TRUE(image.directory_synced("").has_value());
        ASSERT_TRUE(image.write(*file, 0, Bytes(3'000, 1)).has_value());
        DiskImage::file_sync_failed(*file, image.sequence());
        ASSERT_TRUE(image.write(*file, 600, Bytes(1'000, 1)).has_value());
        image.file_synced(*file, image.sequence());
        image.power_loss(draws, static_cast<LossMode>(seed % 4));
        // What was written again is there; around it anything may have been lost.
        ASSERT_GE(file->size(), 1'600U);
        for (std::size_t i = 600; i < 1'600; ++i) {
            ASSERT_EQ(file->content()[i], 1) << i;
        }
        survivors.insert(static_cast<std::size_t>(
            std::count(file->content().begin(), file->content().end(), 1)));
    }
    EXPECT_EQ(*survivors.begin(), 1'000U);
    EXPECT_EQ(*survivors.rbegin(), 3'000U);
}

TEST(SimFaults, ASizeThatIsDurableIsNotUndoneByAnOlderFailedSync) {
    for (std::uint64_t seed = 0; seed < 100; ++seed) {
        DiskImage image(1U << 20);
        Draws draws{Prng(seed)};
        const DiskNodePtr file = *image.open("f", OpenMode::open_or_create);
        ASSERT_TRUE(image.directory_synced("").has_value());
        ASSERT_TRUE(image.write(*file, 0, Bytes(400, 1)).has_value());
        image.file_synced(*file, image.sequence());
        // Space ahead, a write into it, and a cut: all lost; then written and synced once more.
        ASSERT_TRUE(image.allocate(*file, 4'096).has_value());
        ASSERT_TRUE(image.write(*file, 400, Bytes(500, 1)).has_value());
        image.truncate(*file, 900);
        DiskImage::file_sync_failed(*file, image.sequence());
        ASSERT_TRUE(image.write(*file, 400, Bytes(500, 1)).has_value());
        image.file_synced(*file, image.sequence());
        image.power_loss(draws, static_cast<LossMode>(seed % 4));
        ASSERT_EQ(file->size(), 900U);
        ASSERT_EQ(std::count(file->content().begin(), file->content().end(), 1), 900);
    }
}

TEST(SimFaults, AMisdirectedWriteLandsBeforeItsPlaceOnce) {
    DiskImage image(1U << 20);
    const DiskNodePtr file = *image.open("f", OpenMode::open_or_create);
    ASSERT_TRUE(image.write(*file, 0, Bytes(2'000, 1)).has_value());
    file->misdirect_next(512);
    ASSERT_TRUE(image.write(*file, 1'024, Bytes(100, 2)).has_value());
    ASSERT_TRUE(image.write(*file, 1'800, Bytes(100, 3)).has_value());
    EXPECT_EQ(file->content()[512], 2);
    EXPECT_EQ(file->content()[1'024], 1);
    EXPECT_EQ(file->content()[1'800], 3);
}

// --- plans --------------------------------------------------------------------------------------

TEST(FaultPlan, ASwarmLeavesOutHalfOfTheKinds) {
    std::vector<FaultSpec> specs;
    for (std::size_t kind = 0; kind < kFaultKindCount; ++kind) {
        FaultSpec spec;
        spec.kind = static_cast<FaultKind>(kind);
        spec.count = {1, 1};
        specs.push_back(spec);
        EXPECT_EQ(fault_kind_from(to_string(spec.kind)), spec.kind);
    }
    std::array<std::size_t, kFaultKindCount> seen{};
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        for (const Fault& fault : draw_faults(specs, Duration::from_s(1), Prng(seed), true)) {
            ++seen[static_cast<std::size_t>(fault.kind)];
        }
        EXPECT_EQ(draw_faults(specs, Duration::from_s(1), Prng(seed)).size(), kFaultKindCount);
    }
    for (const std::size_t count : seen) {
        EXPECT_GT(count, 150U);
        EXPECT_LT(count, 250U);
    }
}

}  // namespace
}  // namespace weir::sim
