// What the real environment does beyond the contracts: helpers, signals, budgets, shortages.
#include "runtime/real/loop/helper_pool.h"
#include "runtime/real/net/resolve.h"
#include "runtime/real/ops/real_process.h"
#include "runtime/real/ops/spdlog_sink.h"
#include "tests/unit/runtime/real_world.h"

#include <array>
#include <atomic>
#include <signal.h>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace weir::real {
namespace {

Task<int> sum_on_helpers(HelperPool& helpers, std::thread::id shard_thread) {
    int sum = 0;
    for (int i = 1; i <= 200; ++i) {
        HelperCall call(helpers, [i, shard_thread] {
            EXPECT_NE(std::this_thread::get_id(), shard_thread);
            return i;
        });
        const int value = co_await call;
        EXPECT_EQ(std::this_thread::get_id(), shard_thread);
        sum += value;
    }
    co_return sum;
}

TEST(HelperPool, RunsElsewhereAndResumesHere) {
    RealWorld world;
    EXPECT_EQ(world.real().run(sum_on_helpers(world.real().helpers(), std::this_thread::get_id())),
              20'100);
}

Task<void> count_helper_call(HelperPool& helpers, std::atomic<int>& running, std::atomic<int>& most,
                             int& done) {
    HelperCall call(helpers, [&running, &most] {
        const int now = ++running;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {
        }
        ::usleep(200);
        --running;
        return 0;
    });
    WEIR_MAYBE(co_await call);
    ++done;
}

Task<int> many_helper_calls(RealEnv& real, std::atomic<int>& most) {
    std::atomic<int> running = 0;
    int done = 0;
    TaskScope scope(real.env().executor);
    for (int i = 0; i < 400; ++i) {
        scope.spawn(count_helper_call(real.helpers(), running, most, done));
    }
    co_await scope.join();
    co_return done;
}

TEST(HelperPool, UsesItsThreadsAndNoMore) {
    RealWorld world;
    std::atomic<int> most = 0;
    EXPECT_EQ(world.real().run(many_helper_calls(world.real(), most)), 400);
    EXPECT_GT(most.load(), 1);
    EXPECT_LE(most.load(), 4);
}

Task<bool> cancelled_resolve(RealEnv& real) {
    CancelSource source;
    source.cancel();
    HostPort address;
    address.host = "localhost";
    address.port = 1;
    const Result<std::vector<SocketAddress>> result =
        co_await resolve(real.helpers(), address, source.token());
    co_return !result.has_value() && result.error().code == ErrorCode::cancelled;
}

// The answer comes when nobody waits any more, maybe after the task has ended.
TEST(Resolve, CancelledOneMayFinishLater) {
    RealWorld world;
    for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(world.real().run(cancelled_resolve(world.real())));
    }
}

Task<bool> connect_by_name(Env& env) {
    HostPort any;
    any.host = "localhost";
    Result<std::unique_ptr<Listener>> listener = env.network.listen(any);
    if (!listener.has_value()) {
        co_return false;
    }
    HostPort address = (*listener)->local_address();
    address.host = "localhost";
    const Result<std::unique_ptr<Connection>> connection =
        co_await env.network.connect(std::move(address), CancelToken());
    co_return connection.has_value();
}

TEST(RealNetwork, NamesAreResolved) {
    RealWorld world;
    EXPECT_TRUE(world.real().run(connect_by_name(world.env())));
}

class DescriptorLimit {
public:
    explicit DescriptorLimit(rlim_t count) {
        WEIR_ASSERT(::getrlimit(RLIMIT_NOFILE, &before_) == 0);
        rlimit lower = before_;
        lower.rlim_cur = count;
        WEIR_ASSERT(::setrlimit(RLIMIT_NOFILE, &lower) == 0);
    }
    ~DescriptorLimit() { WEIR_MAYBE(::setrlimit(RLIMIT_NOFILE, &before_) != 0); }

private:
    rlimit before_{};
};

Task<void> accept_all(Listener& listener, CancelToken token,
                      std::vector<std::unique_ptr<Connection>>& accepted) {
    while (true) {
        Result<std::unique_ptr<Connection>> one = co_await listener.accept(token);
        if (!one.has_value()) {
            EXPECT_EQ(one.error().code, ErrorCode::cancelled);
            co_return;
        }
        accepted.push_back(*std::move(one));
    }
}

// Out of descriptors, accepting pauses; once there are some again, it takes up what waited.
Task<bool> accept_during_shortage(RealEnv& real) {
    Env& env = real.env();
    HostPort any;
    any.host = "127.0.0.1";
    Result<std::unique_ptr<Listener>> listener = env.network.listen(any);
    if (!listener.has_value()) {
        co_return false;
    }
    std::vector<std::unique_ptr<Connection>> accepted;
    std::vector<std::unique_ptr<Connection>> clients;
    constexpr std::size_t kCount = 4;
    TaskScope scope(env.executor);
    for (std::size_t i = 0; i < kCount; ++i) {
        Result<std::unique_ptr<Connection>> client =
            co_await env.network.connect((*listener)->local_address(), CancelToken());
        EXPECT_TRUE(client.has_value());
        clients.push_back(*std::move(client));
    }
    // UBSan looks at a type for the first time with descriptors of its own: let it do so now.
    const Result<void> warm = co_await sleep_for(env.clock, env.executor, Duration::from_us(1));
    EXPECT_TRUE(warm.has_value());
    WEIR_MAYBE(env.log.enabled(LogLevel::error));
    {
        const int lowest_free = ::dup(0);
        ::close(lowest_free);
        const DescriptorLimit limit(static_cast<rlim_t>(lowest_free) + 1);
        scope.spawn(accept_all(**listener, scope.token(), accepted));
        const std::uint64_t turn_before = real.shard().turn();
        const Result<void> slept =
            co_await sleep_for(env.clock, env.executor, Duration::from_ms(20));
        EXPECT_TRUE(slept.has_value());
        EXPECT_EQ(accepted.size(), 1U);
        // It pauses, and does not try in every turn.
        EXPECT_LT(real.shard().turn() - turn_before, 50U);
    }
    const Result<void> slept = co_await sleep_for(env.clock, env.executor, Duration::from_ms(120));
    EXPECT_TRUE(slept.has_value());
    EXPECT_EQ(accepted.size(), kCount);
    co_await scope.close();
    co_return true;
}

TEST(RealNetwork, AcceptSurvivesAShortageOfDescriptors) {
    RealWorld world;
    EXPECT_TRUE(world.real().run(accept_during_shortage(world.real())));
}

Task<void> spin(Executor& executor, const bool& stop) {
    while (!stop) {
        co_await yield(executor);
    }
}

Task<bool> echo_beside_spinner(Env& env) {
    HostPort any;
    any.host = "127.0.0.1";
    Result<std::unique_ptr<Listener>> listener = env.network.listen(any);
    if (!listener.has_value()) {
        co_return false;
    }
    bool stop = false;
    TaskScope scope(env.executor);
    scope.spawn(spin(env.executor, stop));
    const Result<std::unique_ptr<Connection>> client =
        co_await env.network.connect((*listener)->local_address(), CancelToken());
    const Result<std::unique_ptr<Connection>> server = co_await (*listener)->accept(CancelToken());
    bool good = client.has_value() && server.has_value();
    for (int i = 0; i < 100 && good; ++i) {
        const Bytes bytes(1, 7);
        const std::array<ByteSpan, 1> slices{ByteSpan(bytes)};
        const Result<void> written = co_await (*client)->write(slices, CancelToken());
        Bytes into(1);
        const Result<std::size_t> got = co_await (*server)->read_some(into, CancelToken());
        good = written.has_value() && got.has_value() && into == bytes;
    }
    stop = true;
    co_await scope.join();
    co_return good;
}

TEST(Shard, ASpinnerDoesNotStopSockets) {
    RealWorld world;
    EXPECT_TRUE(world.real().run(echo_beside_spinner(world.env())));
}

Task<bool> wait_for_stop(Env& env, CancelToken stop) {
    const Result<void> slept =
        co_await sleep_for(env.clock, env.executor, Duration::from_s(60), stop);
    co_return !slept.has_value();
}

TEST(StopSignals, FirstOneCancels) {
    RealOptions options;
    options.disk_root = "/tmp";
    options.log_filter = "off";
    Result<std::unique_ptr<RealEnv>> real = RealEnv::create(options);
    ASSERT_TRUE(real.has_value());
    // Already there when the loop starts: must not be missed.
    ASSERT_EQ(::raise(SIGTERM), 0);
    EXPECT_TRUE((*real)->run(wait_for_stop((*real)->env(), (*real)->stop_token())));
}

TEST(StopSignalsDeathTest, SecondOneEndsAtOnce) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            RealOptions options;
            options.disk_root = "/tmp";
            const Result<std::unique_ptr<RealEnv>> real = RealEnv::create(options);
            ::raise(SIGINT);
            ::raise(SIGINT);
        },
        ::testing::ExitedWithCode(128 + SIGINT), "");
}

TEST(RealProcessDeathTest, HaltTellsWhyAndEnds) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    EXPECT_EXIT(
        {
            RealOptions options;
            options.disk_root = "/tmp";
            const Result<std::unique_ptr<RealEnv>> real = RealEnv::create(options);
            const auto halt = [](Env& env) -> Task<bool> {
                co_await env.process.halt("the disk lies");
                co_return true;
            };
            WEIR_MAYBE((*real)->run(halt((*real)->env())));
        },
        ::testing::ExitedWithCode(RealProcess::kHaltStatus), "the disk lies");
}

TEST(LogFilter, LongestComponentWins) {
    const Result<LogFilter> filter = parse_log_filter("warn,spu=info,spu.produce=off");
    ASSERT_TRUE(filter.has_value());
    EXPECT_EQ(filter->level_of("sc"), static_cast<int>(LogLevel::warn));
    EXPECT_EQ(filter->level_of("spu.fetch"), static_cast<int>(LogLevel::info));
    EXPECT_GT(filter->level_of("spu.produce"), static_cast<int>(LogLevel::error));
    EXPECT_EQ(filter->lowest_level(), static_cast<int>(LogLevel::info));
    EXPECT_EQ(parse_log_filter("")->default_level, static_cast<int>(LogLevel::info));
    EXPECT_FALSE(parse_log_filter("loud").has_value());
    EXPECT_FALSE(parse_log_filter("spu=").has_value());
}

TEST(RealRandom, StreamsDiffer) {
    RealWorld world;
    Prng first = world.env().random.stream("a");
    Prng second = world.env().random.stream("a");
    Prng third = world.env().random.stream("b");
    const std::uint64_t one = first.next();
    const std::uint64_t two = second.next();
    const std::uint64_t three = third.next();
    EXPECT_NE(one, two);
    EXPECT_NE(one, three);
    EXPECT_NE(two, three);
}

}  // namespace
}  // namespace weir::real
