// Consumers with an id: they store how far they got, end, come back and go on there.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// One consumer at a time for an id of this worker, until the load ends.
Task<void> run_offset_consumer(Env& env, client::Client& client, RunState* run,
                               std::uint32_t worker, TopicIndex topic, CancelToken stop);

// At the end: what is stored for every id. False when it could not find out.
Task<bool> verify_stored_offsets(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
