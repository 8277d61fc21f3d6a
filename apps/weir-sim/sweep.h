// A sweep: many seeds over some scenarios, in parallel processes.
//
// Each process runs a few seeds and writes a line for each; one that dies (an assertion, a crash)
// costs the seed it was at, which is reported as failed, and the rest of its seeds go to another.
#pragma once

#include "apps/weir-sim/report_text.h"
#include "sim-scenarios/scenario.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::app {

struct SweepOptions {
    std::uint64_t first_seed = 1;
    // Of each scenario; nothing: until the time is over.
    std::optional<std::uint64_t> seed_count;
    std::optional<std::int64_t> time_limit_ns;
    unsigned job_count = 1;
    bool stop_at_first_failure = false;
    // Where each failure leaves a bundle; made when the first does. Empty: none.
    std::string bundle_dir;
    // Of this build, noted in the bundles.
    std::string mutant;
    // SweepReport::hashes: of all runs, so for sweeps of a known length.
    bool keep_hashes = false;
    // For each run; its lines from parallel processes are mixed.
    sim::LogWriter log = nullptr;
    LogLevel log_level = LogLevel::info;
};

// Progress goes to standard error. `scenarios` is not empty.
SweepReport sweep(const std::vector<sim::Scenario>& scenarios, const SweepOptions& options);

// One run in this process.
TimedReport timed_run(const sim::Case& one, const sim::RunOptions& options);

}  // namespace weir::app
