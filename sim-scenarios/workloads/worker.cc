#include "sim-scenarios/workloads/worker.h"

#include "sim-scenarios/workloads/run_state.h"

#include <utility>

namespace weir::sim {

using client::Client;

Task<void> pause(Env& env, Duration duration, CancelToken stop) {
    static_cast<void>(co_await sleep_for(env.clock, env.executor, duration, stop));
}

Task<std::unique_ptr<Client>> connect_client(Env& env, CancelToken stop) {
    client::ClientConfig config;
    config.sc = HostPort{"sc", kScPublicPort};
    config.client_id = "sim";
    config.connect_timeout = Duration::from_s(3);
    config.request_timeout = Duration::from_s(8);
    config.metadata_timeout = Duration::from_s(15);
    config.backoff_max = Duration::from_s(1);
    while (!stop.cancelled()) {
        Result<std::unique_ptr<Client>> connected = co_await Client::connect(env, config, stop);
        if (connected.has_value()) {
            co_return *std::move(connected);
        }
        co_await pause(env, Duration::from_ms(100), stop);
    }
    co_return nullptr;
}

PartitionRef some_partition(Prng& prng, const RunState& run) {
    const TopicIndex topic = run.topics[static_cast<std::size_t>(prng.below(run.topics.size()))];
    const auto partition =
        static_cast<std::uint32_t>(prng.below(run.oracle.partition_count(topic)));
    return {topic, partition};
}

Duration about(Prng& prng, Duration interval) {
    return Duration::from_ns(prng.between(interval.ns() / 2, interval.ns() * 3 / 2));
}

}  // namespace weir::sim
