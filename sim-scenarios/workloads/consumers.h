// Workers that read a topic in sessions and tell the oracle every record that they got.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "sim-scenarios/workloads/run_state.h"

namespace weir::sim {

struct SessionPlan {
    // Names the worker in operations and random streams.
    std::uint32_t worker = 0;
    TopicIndex topic = 0;
    bool committed = true;
};

// One session after another, from somewhere, until the load ends.
Task<void> run_consumer(Env& env, client::Client& client, RunState* run, SessionPlan plan,
                        CancelToken stop);

// A reader of the topic was told of an error: damage must not be served where none was done.
void note_consumer_error(RunState* run, TopicIndex topic, const Error& error);

}  // namespace weir::sim
