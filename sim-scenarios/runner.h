// Runs one case, from an empty cluster to a verdict.
//
// Phases: boot and set up; load with faults for `duration`; heal; let everything end and read it
// back within `settle`; stop all processes in order; inspect what is on the disks. Or, without
// healing: load with faults; power loss of all SPUs; inspect what is on the disks. One run at a
// time, no state is kept between runs.
#pragma once

#include "sim-scenarios/case.h"
#include "sim-scenarios/run_options.h"
#include "sim-scenarios/run_report.h"

namespace weir::sim {

RunReport run_case(const Case& one, const RunOptions& options = {});

// What runs now, for an assertion hook.
struct CurrentRun {
    const Case* one = nullptr;
    World* world = nullptr;
};
const CurrentRun& current_run();

}  // namespace weir::sim
