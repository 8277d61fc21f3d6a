// Whether clients are told the truth about partitions: sizes, offsets, who is live (A21).
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "runtime/sim/check/statistics.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// Looks at what the client's watches have told it. Costs no event of the run.
void check_told(const client::Client& client, RunState* run, StatisticsView* view);

// At the end, when nothing changes any more: what the SC lists, and what the client was told by its
// watches, is what the replicas have. False when it could not find out.
Task<bool> verify_statistics(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
