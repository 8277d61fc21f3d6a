// Sequences of public requests against a running SC and two SPUs in the simulator, with restarts
// and damaged requests between them, are answered as the model of objects and logs says.
//
// 4,000 walks take about a minute; RC_PARAMS="max_success=40000" runs more, "seed=N" others.
#include "tests/compat/cluster.h"
#include "tests/compat/request_walk.h"
#include "tests/support/property.h"

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

RC_GTEST_PROP(PublicRequests, are_answered_as_the_model_says, ()) {
    holds(&requests_are_answered_as_the_model_says, *rc::gen::arbitrary<std::uint64_t>());
}

}  // namespace
}  // namespace weir::test
