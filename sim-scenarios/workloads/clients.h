// The main of a simulated client machine: sets the cluster up (client 0), runs its share of the
// producers, consumers and pollers, and reads everything back at the end (client 0).
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

Task<Result<void>> client_main(Env& env, RunState* run, std::uint32_t index, CancelToken stop);

// --- shared by the workloads --------------------------------------------------------------------

Task<void> pause(Env& env, Duration duration, CancelToken stop);
// Retries until it works or `stop`.
Task<std::unique_ptr<client::Client>> connect_client(Env& env, CancelToken stop);

// Workers of the churn are counted from here.
inline constexpr std::uint32_t kFirstChurnWorker = 10'000;

struct ProducerPlan {
    // Names the worker in operations and random streams.
    std::uint32_t worker = 0;
    TopicIndex topic = 0;
    // Of records; 0: until the load ends.
    std::uint64_t record_count = 0;
};
Task<void> run_producer(Env& env, client::Client& client, RunState* run, ProducerPlan plan,
                        CancelToken stop);

// Reads all partitions of the topic from the start to the high watermark of now and hands them to
// the oracle. False when it could not (stop, or the topic is gone).
Task<bool> verify_topic(Env& env, client::Client& client, RunState* run, TopicIndex topic,
                        CancelToken stop);

}  // namespace weir::sim
