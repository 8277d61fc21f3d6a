// Runs one scenario with one seed, from an empty cluster to a verdict.
//
// Phases: boot and set up; load with faults for `duration`; heal; let everything end and read it
// back within `settle`; stop all processes in order; inspect what is on the disks. One run at a
// time, no state is kept between runs.
#pragma once

#include "runtime/sim/check/oracle.h"
#include "runtime/sim/faults/fault_injector.h"
#include "sim-scenarios/scenario.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::sim {

enum class Verdict : std::uint8_t { passed, safety, liveness, assertion };
std::string_view to_string(Verdict verdict);

struct RunReport {
    std::string scenario;
    std::uint64_t seed = 0;
    Verdict verdict = Verdict::passed;
    std::vector<Violation> violations;
    std::uint64_t trace_hash = 0;
    std::vector<std::uint64_t> checkpoints;
    std::uint64_t events = 0;
    std::int64_t simulated_ns = 0;
    FaultCounts faults{};
    NetCounters network;
    Oracle::Counts records;
    std::uint64_t frames = 0;
    std::uint64_t syncs = 0;
    std::uint64_t sectors_lost = 0;
    std::uint64_t entries_lost = 0;
    std::uint64_t disk_full_errors = 0;
    std::uint64_t topics_created = 0;
    std::uint64_t topics_deleted = 0;
};

struct RunOptions {
    LogWriter log = nullptr;
    LogLevel log_level = LogLevel::info;
};

RunReport run_scenario(const Scenario& scenario, std::uint64_t seed,
                       const RunOptions& options = {});

// The scenario and seed that run now, for an assertion hook.
struct CurrentRun {
    const Scenario* scenario = nullptr;
    std::uint64_t seed = 0;
    World* world = nullptr;
};
const CurrentRun& current_run();

}  // namespace weir::sim
