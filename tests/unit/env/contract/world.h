// What a contract suite needs from an environment under test.
//
// A suite is a typed gtest suite over a `World`: a default-constructible class, made afresh for
// each test. The same cases run against every implementation of the seams:
//
//     INSTANTIATE_TYPED_TEST_SUITE_P(Real, NetworkContract, RealWorld);
#pragma once

#include "core/env/env.h"
#include "core/task/task.h"
#include "core/task/task_scope.h"
#include "tests/support/rapidcheck.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir::contract {

class World {
public:
    virtual ~World() = default;
    virtual Env& env() = 0;
    // The host under which env() reaches its own listeners, and one on which it may listen.
    virtual std::string host() const = 0;
    // Runs the task, and everything that it waits for, until it returns.
    virtual void run(Task<void> task) = 0;
    // Runs `body(*this)` as the root task.
    virtual void run_body(Task<void> (*body)(World&)) { run(body(*this)); }
    // So many bytes do not fit into what lies between a writer and a peer that does not read.
    virtual std::size_t size_beyond_buffers() const { return 64U << 20; }
    // Whether names are looked up at all, so that an unknown one is not_found.
    virtual bool resolves_names() const { return true; }
    // Virtual time stands still while something is ready.
    virtual bool time_passes_while_busy() const { return true; }
};

// Ends the coroutine of a test when there is no point in going on.
#define WEIR_CO_ASSERT(condition)              \
    do {                                       \
        const bool weir_holds = (condition);   \
        EXPECT_TRUE(weir_holds) << #condition; \
        if (!weir_holds) {                     \
            co_return;                         \
        }                                      \
    } while (false)

inline void run_body(World& world, Task<void> (*body)(World&)) {
    world.run_body(body);
}

// A pattern in which every position differs from its neighbours and period is long.
inline Bytes pattern(std::size_t size, std::uint64_t seed) {
    Bytes bytes(size);
    std::uint64_t state = seed;
    for (std::uint8_t& byte : bytes) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        byte = static_cast<std::uint8_t>(state >> 56);
    }
    return bytes;
}

}  // namespace weir::contract
