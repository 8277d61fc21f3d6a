// Tries all schedules of a small case: first none, then one, then two deviations from the mildest
// run (schedule.h), and says how far it came.
//
// What is not tried: other times of messages and disks than the seed gives them without deviations,
// the faults and fault points of the scenario, and in which order different machines run within one
// instant: what one does then reaches another only later.
#pragma once

#include "apps/weir-sim/report_text.h"
#include "sim-scenarios/scenario.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::app {

inline constexpr std::uint32_t kExploredMachinesMax = 3;
inline constexpr std::size_t kExploredOperationsMax = 8;

struct ExploreOptions {
    std::uint64_t seed = 1;
    // Deviations, at most.
    std::uint64_t bound = 2;
    std::optional<std::int64_t> time_limit_ns;
    unsigned job_count = 1;
    // "sc", "spu-0": once in a run this machine may lose power, with all that is not synced,
    // between any two of its steps under load. Empty: none does.
    std::string power_loss;
    // No deviations but while the load lasts: not in the set-up, nor when all is read back.
    bool load_only = false;
    std::string bundle_dir;
    std::string mutant;
};

struct ExploreReport {
    std::string scenario;
    std::uint64_t seed = 0;
    std::uint32_t machine_count = 0;
    // Of so many operations in the run without deviations the first few were kept.
    std::size_t operation_count = 0;
    std::size_t operations_before = 0;
    std::string power_loss;
    bool load_only = false;
    // With 0, 1, 2, ... deviations: how many schedules there are, and how many ran.
    struct Level {
        std::uint64_t schedule_count = 0;
        std::uint64_t run_count = 0;
    };
    std::vector<Level> levels;
    // How far that is from all schedules: what the options of the run without deviations come to
    // when they are multiplied, as a power of ten. Nothing: the bound is 0, nobody has counted.
    std::optional<double> orders_log10;
    std::int64_t wall_ns = 0;
    // The first in the order of the search; its bundle says how it came about.
    std::optional<TimedReport> failure;
    // Of the failure.
    std::size_t deviation_count = 0;
};

// Progress goes to standard error. Errors: invalid_argument, with a text for people.
Result<ExploreReport> explore_schedules(const sim::Scenario& scenario,
                                        const ExploreOptions& options);

nlohmann::json explore_json(const ExploreReport& report);
std::string explore_text(const ExploreReport& report);

}  // namespace weir::app
