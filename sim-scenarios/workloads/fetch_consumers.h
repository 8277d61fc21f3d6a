// Workers that read with Fetch, question by question, as clients do that hold no stream open.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// One committed session of a partition after another, from somewhere, until the load ends. What it
// reads is told to the oracle. `worker` names it in operations and random streams.
Task<void> run_fetch_consumer(Env& env, client::Client& client, RunState* run, std::uint32_t worker,
                              TopicIndex topic, CancelToken stop);

}  // namespace weir::sim
