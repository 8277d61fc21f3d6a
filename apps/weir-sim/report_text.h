// What weir-sim prints: one run, a sweep and the catalogue, for people and as JSON.
//
// Pure functions of their arguments. JSON numbers above 2^53 are hexadecimal strings.
#pragma once

#include "sim-scenarios/runner.h"

#include <nlohmann/json_fwd.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace weir::app {

struct TimedReport {
    sim::RunReport report;
    std::int64_t wall_ns = 0;
    // Of a failure in a sweep: the command that runs it again, and the file with its bundle.
    std::string replay;
    std::string bundle_path;
};

// What tells whether a run was the same on another machine, compiler or day.
struct RunHash {
    std::string scenario;
    std::uint64_t seed = 0;
    std::uint64_t trace_hash = 0;
    std::vector<std::uint64_t> checkpoints;
    friend auto operator<=>(const RunHash&, const RunHash&) = default;
};

struct SweepReport {
    std::uint64_t runs = 0;
    std::uint64_t events = 0;
    std::int64_t simulated_ns = 0;
    // From start to end, all jobs together.
    std::int64_t wall_ns = 0;
    sim::FaultCounts faults{};
    sim::PointCounts points{};
    sim::SituationCounts situations{};
    std::uint64_t acked_records = 0;
    // Acknowledged, and lost where the durability allowed it.
    std::uint64_t lost_records = 0;
    std::uint64_t read_records = 0;
    std::vector<TimedReport> failures;
    // Of all runs, sorted; only when they were asked for.
    std::vector<RunHash> hashes;
};

std::string hex(std::uint64_t value);
// The command that runs it again, the same way.
std::string replay_command(const sim::Scenario& scenario, std::uint64_t seed);

nlohmann::json run_json(const TimedReport& run);
std::string run_text(const TimedReport& run);
// A line for each violation.
std::string violations_text(const sim::RunReport& report);
nlohmann::json sweep_json(const SweepReport& sweep);
std::string sweep_text(const SweepReport& sweep);
nlohmann::json catalogue_json();
std::string catalogue_text();

// One line between the processes of a sweep, and back.
std::string encode_line(const TimedReport& run);
TimedReport decode_line(const std::string& line);

}  // namespace weir::app
