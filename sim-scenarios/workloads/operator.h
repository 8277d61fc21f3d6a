// The person who looks after the cluster: adopts what the SPUs have after the SC came back with
// metadata from a backup, as often as it takes.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// Until `stop`.
Task<void> run_operator(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
