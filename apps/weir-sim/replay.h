// Runs the case of a bundle again and says whether it went as before.
#pragma once

#include "apps/weir-sim/bundle.h"

#include <cstdint>
#include <string>

namespace weir::app {

struct Replayed {
    sim::RunReport report;
    std::int64_t wall_ns = 0;
    // The trace is the expected one, as far as the run went.
    bool same = false;
    // Why it is not: where the traces part, and what became of the decisions on the tape.
    std::string difference;
};

// `options` changes nothing in the run.
Replayed replay(const Bundle& bundle, const sim::RunOptions& options);

// The first window of events in which two traces differ, as text; empty when there is none.
}  // namespace weir::app
