// Workers that send records, each with an id of its own, and tell the oracle how that ended.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

struct ProducerPlan {
    // Names the worker in operations and random streams.
    std::uint32_t worker = 0;
    TopicIndex topic = 0;
    // Of records; 0: until the load ends.
    std::uint64_t record_count = 0;
};
Task<void> run_producer(Env& env, client::Client& client, RunState* run, ProducerPlan plan,
                        CancelToken stop);

}  // namespace weir::sim
