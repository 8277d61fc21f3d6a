// What all workers of a client machine use.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

#include <cstdint>
#include <memory>

namespace weir::sim {

Task<void> pause(Env& env, Duration duration, CancelToken stop);
// Retries until it works or `stop`; null after `stop`.
Task<std::unique_ptr<client::Client>> connect_client(Env& env, CancelToken stop);

// Workers of the churn are counted from here.
inline constexpr std::uint32_t kFirstChurnWorker = 10'000;

// One of the partitions of the scenario's topics.
PartitionRef some_partition(Prng& prng, const RunState& run);
// Half as long to half as long again.
Duration about(Prng& prng, Duration interval);

}  // namespace weir::sim
