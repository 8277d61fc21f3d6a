// What somebody who runs a case wants of the run besides its verdict. None of it changes the run.
//
// A value; all that it points to belongs to the caller and outlives the run.
#pragma once

#include "runtime/sim/cluster/world.h"
#include "runtime/sim/tape/tape.h"
#include "sim-scenarios/run_watch.h"

#include <cstdint>
#include <vector>

namespace weir::sim {

struct RunOptions {
    LogWriter log = nullptr;
    LogLevel log_level = LogLevel::info;
    // Gets the decisions of a case that has no tape itself.
    Tape* record = nullptr;
    // Gets what there was to choose at each step of Chooser::machine.
    std::vector<Choice>* choices = nullptr;
    // Gets every event.
    std::vector<TraceEvent>* events = nullptr;
    // The run is broken off after so many events; the report is then of what happened until then.
    std::uint64_t events_max = UINT64_MAX;
    RunWatch* watch = nullptr;
};

}  // namespace weir::sim
