// What an operator does first: registers the SPUs and creates the topics of the scenario.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "core/model/spu.h"
#include "sim-scenarios/workloads/run_state.h"

#include <cstdint>
#include <string>

namespace weir::sim {

// Retries until all partitions are online; false after `stop`. Tells the oracle of the topics and
// the run of the leaders.
Task<bool> set_up(Env& env, client::Client& client, RunState* run, CancelToken stop);

// What SPU number `index` of the scenario is registered as.
struct NamedSpu {
    std::string name;
    CustomSpuSpec spec;
};
NamedSpu spu_of_scenario(const Scenario& scenario, std::uint32_t index);

}  // namespace weir::sim
