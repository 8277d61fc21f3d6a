// Reading back what was written, when load and faults are over.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

// Reads all partitions of the topic from the start to the high watermark of now and hands them to
// the oracle. False when it could not (stop, or the topic is gone).
Task<bool> verify_topic(Env& env, client::Client& client, RunState* run, TopicIndex topic,
                        CancelToken stop);

}  // namespace weir::sim
