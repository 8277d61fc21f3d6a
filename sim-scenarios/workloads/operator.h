// The person who looks after the cluster. After the SC came back with metadata from a backup:
// adopts what the SPUs have, as often as it takes. After an SPU lost its disk: admits it with a new
// one. Under load: moves leaders and replicas.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// Until `stop`.
Task<void> run_operator(Env& env, client::Client& client, RunState* run, CancelToken stop);

// At random, as long as there is load: preferred leaders take over, partitions are given other
// replicas, SPUs are drained. Then every SPU takes part again.
Task<void> run_moves(Env& env, client::Client& client, RunState* run, CancelToken stop);

// After each wipe: makes the SC forget the SPU's old storage, as `weir spu unregister` and `weir
// spu register` do, so that it comes back with an empty one.
Task<void> run_admissions(Env& env, client::Client& client, RunState* run, CancelToken stop);

// Once the load is over: partitions that stayed offline because of the policy never may come back.
Task<void> run_allowance(Env& env, client::Client& client, RunState* run, CancelToken stop);

// Deletes what is committed now, or was some time ago, until the load ends: offsets where a batch
// begins.
Task<void> run_deletions(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
