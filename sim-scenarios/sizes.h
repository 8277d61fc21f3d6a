// What one seed draws from the ranges of its scenario, once, before anything runs.
//
// Pure: the same scenario and seed give the same sizes.
#pragma once

#include "core/log/config.h"
#include "runtime/sim/cluster/world.h"
#include "sim-scenarios/scenario.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir::sim {

struct DrawnSizes {
    Chooser chooser = Chooser::random;
    // The faults end with the load.
    bool heals = true;
    // Exact changes of Chooser::priority; nothing: they grow in number with the run.
    std::optional<std::uint64_t> priority_changes;
    LinkOptions link;
    // As Scenario::links and Scenario::disks.
    std::vector<LinkOptions> links;
    std::vector<DiskOptions> disks;
    // Of the machines of SC and SPUs that have no other disk.
    MachineOptions server;
    log::LogConfig log;
    // Of batches in one message to a follower.
    std::size_t chunk_bytes = 0;
};

DrawnSizes draw_sizes(const Scenario& scenario, std::uint64_t seed);

}  // namespace weir::sim
