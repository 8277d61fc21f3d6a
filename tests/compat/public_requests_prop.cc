// Sequences of public requests against a running SC and two SPUs in the simulator, with restarts
// and damaged requests between them, are answered as the model of objects and logs says.
//
// Runs for a minute, or for WEIR_WALK_SECONDS. WEIR_WALK_SEED=N repeats one walk.
#include "tests/compat/cluster.h"
#include "tests/compat/request_walk.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>

namespace weir::test {
namespace {

Task<Result<void>> walk(Env& env, WalkOptions options, CancelToken) {
    RequestWalk requests(env, options);
    const Result<void> done = co_await requests.run();
    if (!done.has_value() && options.wrong->empty()) {
        *options.wrong = to_string(done.error());
    }
    co_return Result<void>();
}

std::string requests_are_answered_as_the_model_says(std::uint64_t seed) {
    sc::Config config;
    // A damaged request may ask for more than there can be.
    config.topic_wait = Duration::from_s(1);
    config.partitions_per_topic_max = 64;
    CompatCluster cluster(seed, {5001, 5002}, config);
    std::string wrong;
    WalkOptions options;
    options.seed = seed;
    options.wrong = &wrong;
    options.restart = [&](std::int32_t server) {
        cluster.world().after(Duration::from_ms(1),
                              [&cluster, server] { cluster.restart(server); });
    };
    cluster.run(sim::Main(&walk, options), Duration::from_s(20'000));
    return wrong;
}

std::optional<std::uint64_t> number_from(const char* variable) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? std::nullopt : std::optional(std::strtoull(text, nullptr, 10));
}

TEST(PublicRequests, AreAnsweredAsTheModelSays) {
    using Clock = std::chrono::steady_clock;
    const auto only = number_from("WEIR_WALK_SEED");
    const auto end =
        Clock::now() + std::chrono::seconds(number_from("WEIR_WALK_SECONDS").value_or(60));
    std::uint64_t seed = only.value_or(std::random_device()());
    std::uint64_t count = 0;
    do {
        const std::string wrong = requests_are_answered_as_the_model_says(seed);
        ASSERT_EQ(wrong, "") << "WEIR_WALK_SEED=" << seed << ", after " << count << " walks";
        ASSERT_FALSE(HasFailure()) << "WEIR_WALK_SEED=" << seed;
        ++count;
        ++seed;
    } while (!only.has_value() && Clock::now() < end);
    std::cout << count << " walks\n";
}

}  // namespace
}  // namespace weir::test
