// An operator changes what the topics of the scenario keep, while they are used.
//
// A topic that has no retention in the scenario is only given settings that keep everything this
// run can write: the oracle then allows no record to go. The others get narrow ones, too.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// Under load. Looks each time whether what is listed is what was confirmed.
Task<void> run_updates(Env& env, client::Client& client, RunState* run, CancelToken stop);

// Once all is healed: gives each topic its last settings, and sees the SPUs work by them. False
// when it could not find out.
Task<bool> verify_updates(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
