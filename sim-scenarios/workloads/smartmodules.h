// SmartModules come and go, and are used at once: an SPU that was online must know one whose
// creation was answered (A15).
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// Under load.
Task<void> run_smartmodules(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
