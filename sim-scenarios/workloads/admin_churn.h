// Topics that come and go beside the load: created, filled, deleted, and created again under the
// same name, which must never show the old records.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

Task<void> run_admin_churn(Env& env, client::Client& client, RunState* run, CancelToken stop);

// At the end: topics that were created for certain are there and hold what was acknowledged, topics
// that were deleted for certain are not. False when it could not find out.
Task<bool> verify_churn(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
