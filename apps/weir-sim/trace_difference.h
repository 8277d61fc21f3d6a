// Where two runs that should be one part from each other, in words. Pure.
#pragma once

#include "sim-scenarios/runner.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::app {

// The first window of events at whose end the hashes differ; empty: there is none in what both
// have.
std::string first_difference(const std::vector<std::uint64_t>& expected,
                             const std::vector<std::uint64_t>& seen);

// One run with all of its events (RunOptions::events). Refers to both.
struct TracedRun {
    const sim::RunReport& report;
    const std::vector<sim::TraceEvent>& events;
};

// The first event that is another one than in `expected`, and both of them; empty: all are equal.
std::string first_different_event(const TracedRun& expected, const TracedRun& seen);

}  // namespace weir::app
