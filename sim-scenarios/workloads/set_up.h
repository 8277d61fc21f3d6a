// What an operator does first: registers the SPUs and creates the topics of the scenario.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// Retries until all partitions are online; false after `stop`. Tells the oracle of the topics and
// the run of the leaders.
Task<bool> set_up(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
