// Workers that ask for the offsets of partitions, which must be true and never move back.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"
#include "core/wire/fetch_offsets.h"
#include "sim-scenarios/workloads/run_state.h"

#include <optional>

namespace weir::sim {

// Asks once and tells the oracle; none: no answer, or a refusal.
Task<std::optional<wire::PartitionOffsets>> poll_partition(Env& env, client::Client& client,
                                                           RunState* run, PartitionRef ref,
                                                           CancelToken stop);

// Asks for one partition after another, at random, until the load ends.
Task<void> run_poller(Env& env, client::Client& client, RunState* run, CancelToken stop);

}  // namespace weir::sim
