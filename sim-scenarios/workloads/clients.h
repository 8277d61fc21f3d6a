// The main of a simulated client machine: sets the cluster up (client 0), runs its share of the
// producers, consumers and pollers, and reads everything back at the end (client 0).
#pragma once

#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

Task<Result<void>> client_main(Env& env, RunState* run, std::uint32_t index, CancelToken stop);

}  // namespace weir::sim
