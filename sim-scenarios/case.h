// A case: what exactly runs. A scenario and a seed; and, once something is being looked into, a
// list of faults instead of those that the seed draws, the operations that are kept, and the
// decisions of the simulator on a tape.
//
// A plain value. The bundle of a failure is a case as JSON; shrinking makes smaller cases of one.
#pragma once

#include "runtime/sim/faults/fault_plan.h"
#include "runtime/sim/tape/tape.h"
#include "sim-scenarios/scenario.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::sim {

// One thing that a client does: a record sent, a consumer session, a topic created or deleted. The
// upper half names the worker, the lower half counts its operations from 0, so that leaving one out
// renames no other.
using OperationId = std::uint64_t;

constexpr OperationId operation_id(std::uint32_t worker, std::uint32_t number) {
    return (static_cast<std::uint64_t>(worker) << 32) | number;
}

struct Case {
    Scenario scenario;
    std::uint64_t seed = 1;
    // Sorted by time; nothing: drawn from the seed.
    std::optional<std::vector<Fault>> faults;
    // Ascending. Only these operations take place; nothing: all.
    std::optional<std::vector<OperationId>> kept;
    // Nothing: all decisions are drawn from the seed.
    std::optional<Tape> tape;
};

}  // namespace weir::sim
