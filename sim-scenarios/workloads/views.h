// Whether what the SC tells about the cluster is true, and reaches those who watch.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// Lists the SPUs now and then until the load ends: one that has been down for longer than the SC
// waits must not be online.
Task<void> run_status_watch(Env& env, client::Client& client, RunState* run, CancelToken stop);

// At the end, when nothing changes any more: what a client has been told by its watches is what
// the SC lists. False when it could not find out.
Task<bool> verify_view(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
