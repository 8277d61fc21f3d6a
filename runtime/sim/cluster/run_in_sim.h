// For tests: run one coroutine on one simulated machine, to its end.
#pragma once

#include "core/base/assert.h"
#include "runtime/sim/cluster/world.h"

namespace weir::sim {

// Boots `main` on a fresh machine of a fresh world and runs it for at most `limit` of virtual time.
// Asserts that it ended and left nothing behind.
inline Result<void> run_in_sim(std::uint64_t seed, Main main,
                               Duration limit = Duration::from_s(3'600)) {
    World world(seed);
    Machine& machine = world.add_machine("node");
    machine.boot(std::move(main));
    world.run_until_stopped(limit);
    WEIR_ASSERT(machine.exit_result().has_value());
    WEIR_ASSERT(!machine.leaks().any());
    return *machine.exit_result();
}

}  // namespace weir::sim
