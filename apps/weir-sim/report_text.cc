#include "apps/weir-sim/report_text.h"

#include "apps/weir-sim/exit_status.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <numeric>
#include <sstream>
#include <string_view>

namespace weir::app {

namespace {

using nlohmann::json;

double seconds(std::int64_t ns) {
    return static_cast<double>(ns) / 1e9;
}

json faults_json(const sim::FaultCounts& counts) {
    json faults = json::object();
    for (std::size_t i = 0; i < counts.size(); ++i) {
        faults[std::string(to_string(static_cast<sim::FaultKind>(i)))] = counts[i];
    }
    return faults;
}

std::uint64_t total(const sim::FaultCounts& counts) {
    std::uint64_t sum = 0;
    for (const std::uint64_t count : counts) {
        sum += count;
    }
    return sum;
}

std::string faults_text(const sim::FaultCounts& counts) {
    std::string text;
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i] > 0) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", counts[i],
                                to_string(static_cast<sim::FaultKind>(i)));
        }
    }
    return text.empty() ? "none" : text;
}

json hashes_json(const std::vector<std::uint64_t>& hashes) {
    json all = json::array();
    for (const std::uint64_t hash : hashes) {
        all.push_back(hex(hash));
    }
    return all;
}

template <typename Names, typename Counts>
json counts_json(const Names& names, const Counts& counts) {
    json all = json::object();
    for (std::size_t i = 0; i < names.size(); ++i) {
        all[std::string(names[i])] = counts[i];
    }
    return all;
}

template <typename Names, typename Counts>
void read_counts(const json& all, const Names& names, Counts& counts) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        counts[i] = all[std::string(names[i])].template get<std::uint64_t>();
    }
}

template <typename Names, typename Counts>
std::string never_text(const Names& names, const Counts& counts) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (counts[i] == 0) {
            text += fmt::format("{}{}", text.empty() ? "" : ", ", names[i]);
        }
    }
    return text.empty() ? "nothing" : text;
}

}  // namespace

std::string violations_text(const sim::RunReport& report) {
    std::string text;
    for (const sim::Violation& violation : report.violations) {
        const sim::InvariantInfo& info = sim::info(violation.invariant);
        text += fmt::format("  {} {} at {:.6f} s, event {}: {}\n", info.id, info.name,
                            seconds(violation.time_ns), violation.event, violation.text);
    }
    return text;
}

std::string hex(std::uint64_t value) {
    return fmt::format("{:016x}", value);
}

std::string replay_command(const sim::Scenario& scenario, std::uint64_t seed) {
    return fmt::format("weir-sim run {} --seed {}{}", scenario.name, seed,
                       scenario.always_tiny ? " --tiny" : "");
}

json run_json(const TimedReport& run) {
    const sim::RunReport& report = run.report;
    json violations = json::array();
    for (const sim::Violation& violation : report.violations) {
        const sim::InvariantInfo& info = sim::info(violation.invariant);
        violations.push_back({{"invariant", info.id},
                              {"name", info.name},
                              {"text", violation.text},
                              {"time_ns", violation.time_ns},
                              {"event", violation.event}});
    }
    return {{"scenario", report.scenario},
            {"seed", report.seed},
            {"verdict", to_string(report.verdict)},
            {"violations", violations},
            {"healed", report.healed},
            {"trace_hash", hex(report.trace_hash)},
            {"checkpoints", hashes_json(report.checkpoints)},
            {"events", report.events},
            {"simulated_ns", report.simulated_ns},
            {"wall_ns", run.wall_ns},
            {"faults", faults_json(report.faults)},
            {"records",
             {{"sent", report.records.sent},
              {"acked", report.records.acked},
              {"failed", report.records.failed},
              {"indeterminate", report.records.indeterminate},
              {"lost", report.records.lost},
              {"read", report.records.consumed}}},
            {"frames", report.frames},
            {"syncs", report.syncs},
            {"sectors_lost", report.sectors_lost},
            {"entries_lost", report.entries_lost},
            {"disk_full_errors", report.disk_full_errors},
            {"topics_created", report.topics_created},
            {"points", counts_json(kFaultPointNames, report.points)},
            {"situations", counts_json(kSometimesNames, report.situations)},
            {"topics_deleted", report.topics_deleted},
            {"topics_updated", report.topics_updated},
            {"modules_created", report.modules_created}};
}

std::string run_text(const TimedReport& run) {
    const sim::RunReport& report = run.report;
    std::string text = fmt::format("{} seed {}: {}\n", report.scenario, report.seed,
                                   report.broken_off ? "broken off" : to_string(report.verdict));
    text += violations_text(report);
    if (report.verdict == sim::Verdict::assertion) {
        // A process that died counts nothing.
        text +=
            fmt::format("  trace      {} in {} events\n", hex(report.trace_hash), report.events);
        return text;
    }
    text += fmt::format("  simulated  {:.1f} s in {:.3f} s ({:.0f} times real time)\n",
                        seconds(report.simulated_ns), seconds(run.wall_ns),
                        seconds(report.simulated_ns) / std::max(seconds(run.wall_ns), 1e-9));
    text += fmt::format("  faults     {}{}\n", faults_text(report.faults),
                        report.healed ? "" : ", and nothing healed");
    text += fmt::format(
        "  records    {} sent, {} acknowledged, {} failed, {} unknown, {} lost, {} reads\n",
        report.records.sent, report.records.acked, report.records.failed,
        report.records.indeterminate, report.records.lost, report.records.consumed);
    text += fmt::format("  disk       {} syncs, {} sectors and {} names lost, {} times full\n",
                        report.syncs, report.sectors_lost, report.entries_lost,
                        report.disk_full_errors);
    if (report.memory_bytes > 0) {
        text +=
            fmt::format("  memory     {} KiB at most in one server\n", report.memory_bytes >> 10);
    }
    text += fmt::format("  trace      {} in {} events\n", hex(report.trace_hash), report.events);
    return text;
}

json sweep_json(const SweepReport& sweep) {
    json failures = json::array();
    for (const TimedReport& failure : sweep.failures) {
        json entry = run_json(failure);
        entry.erase("checkpoints");
        entry["replay"] = failure.replay;
        if (!failure.bundle_path.empty()) {
            entry["bundle"] = failure.bundle_path;
        }
        failures.push_back(std::move(entry));
    }
    json text = {{"seeds", sweep.runs},
                 {"verdict", sweep.failures.empty() ? "passed" : "failed"},
                 {"failures", failures},
                 {"events", sweep.events},
                 {"simulated_ns", sweep.simulated_ns},
                 {"wall_ns", sweep.wall_ns},
                 {"faults", total(sweep.faults)},
                 {"fault_counts", faults_json(sweep.faults)},
                 {"points", counts_json(kFaultPointNames, sweep.points)},
                 {"situations", counts_json(kSometimesNames, sweep.situations)},
                 {"records",
                  {{"acked", sweep.acked_records},
                   {"lost", sweep.lost_records},
                   {"read", sweep.read_records}}}};
    for (const RunHash& run : sweep.hashes) {
        text["hashes"][run.scenario][std::to_string(run.seed)] = {
            {"trace_hash", hex(run.trace_hash)}, {"checkpoints", hashes_json(run.checkpoints)}};
    }
    return text;
}

std::string sweep_text(const SweepReport& sweep) {
    std::string text;
    for (const TimedReport& failure : sweep.failures) {
        text += fmt::format("{} seed {}: {}\n", failure.report.scenario, failure.report.seed,
                            to_string(failure.report.verdict));
        text += violations_text(failure.report);
        text += fmt::format("  again: {}\n", failure.replay);
        if (!failure.bundle_path.empty()) {
            text +=
                fmt::format("  bundle: {0}; smaller: weir-sim shrink {0}\n", failure.bundle_path);
        }
    }
    text += fmt::format("{} runs, {} failed\n", sweep.runs, sweep.failures.size());
    text += fmt::format("  simulated  {:.2f} hours in {:.1f} s ({:.0f} times real time)\n",
                        seconds(sweep.simulated_ns) / 3600, seconds(sweep.wall_ns),
                        seconds(sweep.simulated_ns) / std::max(seconds(sweep.wall_ns), 1e-9));
    text += fmt::format("  events     {} ({:.0f} per second)\n", sweep.events,
                        static_cast<double>(sweep.events) / std::max(seconds(sweep.wall_ns), 1e-9));
    text += fmt::format("  faults     {}\n", faults_text(sweep.faults));
    text += fmt::format("  records    {} acknowledged, {} lost where that was allowed, {} reads\n",
                        sweep.acked_records, sweep.lost_records, sweep.read_records);
    text +=
        fmt::format("  points     {} of {} fired, {} times in all\n",
                    std::count_if(sweep.points.begin(), sweep.points.end(),
                                  [](std::uint64_t count) { return count > 0; }),
                    sweep.points.size(),
                    std::accumulate(sweep.points.begin(), sweep.points.end(), std::uint64_t{0}));
    text += fmt::format("  never reached in this sweep: {}\n",
                        never_text(kSometimesNames, sweep.situations));
    text += fmt::format("  never fired in this sweep: {}\n",
                        never_text(kFaultPointNames, sweep.points));
    return text;
}

json catalogue_json() {
    json scenarios = json::array();
    for (const sim::BuiltinScenario& builtin : sim::builtin_scenarios()) {
        const Result<sim::Scenario> scenario = sim::load_builtin(builtin.name);
        scenarios.push_back({{"name", builtin.name},
                             {"slow", builtin.slow},
                             {"summary", scenario.has_value() ? scenario->summary : ""}});
    }
    json invariants = json::array();
    for (const sim::InvariantInfo& info : sim::invariant_catalogue()) {
        invariants.push_back({{"id", info.id}, {"name", info.name}, {"statement", info.statement}});
    }
    json faults = json::array();
    for (std::size_t i = 0; i < sim::kFaultKindCount; ++i) {
        faults.push_back(to_string(static_cast<sim::FaultKind>(i)));
    }
    json mutants = json::array();
    for (const sim::MutantInfo& mutant : sim::mutant_catalogue()) {
        json caught_by = json::array();
        for (const sim::Invariant invariant : mutant.caught_by) {
            caught_by.push_back(sim::info(invariant).id);
        }
        mutants.push_back({{"name", mutant.name},
                           {"statement", mutant.statement},
                           {"scenario", mutant.scenario},
                           {"caught_by", caught_by}});
    }
    json unplaced = json::array();
    for (const sim::UnplacedMutant& mutant : sim::mutants_without_scenario()) {
        unplaced.push_back({{"name", mutant.name},
                            {"statement", mutant.statement},
                            {"property", mutant.property}});
    }
    return {{"scenarios", scenarios},
            {"invariants", invariants},
            {"faults", faults},
            {"mutants", mutants},
            {"mutants_without_scenario", unplaced}};
}

namespace {

constexpr std::size_t kColumns = 100;

struct Row {
    std::string name;
    std::string text;
};

// A column of names as wide as the longest one, and what they are about beside it.
std::string rows_text(const std::vector<Row>& rows) {
    std::size_t indent = 0;
    for (const Row& row : rows) {
        indent = std::max(indent, row.name.size() + 4);
    }
    std::string text;
    for (const Row& row : rows) {
        std::string line = fmt::format("  {:<{}}", row.name, indent - 2);
        std::istringstream words(row.text);
        for (std::string word; words >> word;) {
            if (line.size() > indent && line.size() + 1 + word.size() > kColumns) {
                text += line + "\n";
                line = std::string(indent, ' ');
            }
            line += (line.size() > indent ? " " : "") + word;
        }
        text += line + "\n";
    }
    return text;
}

}  // namespace

std::string catalogue_text() {
    const json catalogue = catalogue_json();
    const auto rows = [&catalogue](const char* list, const auto& row_of) {
        std::vector<Row> all;
        for (const json& entry : catalogue[list]) {
            all.push_back(row_of(entry));
        }
        return rows_text(all);
    };
    const auto word = [](const json& entry, const char* key) {
        return entry[key].get<std::string>();
    };
    std::string text = "Scenarios\n";
    text += rows("scenarios", [&word](const json& entry) {
        return Row{word(entry, "name"), word(entry, "summary")};
    });
    text += "\nInvariants\n";
    text += rows("invariants", [&word](const json& entry) {
        return Row{fmt::format("{:<6}{}", word(entry, "id"), word(entry, "name")),
                   word(entry, "statement")};
    });
    std::string families;
    for (const json& entry : catalogue["faults"]) {
        families += entry.get<std::string>() + " ";
    }
    text += "\nFault families\n" + rows_text({Row{"", families}});
    text += "\nMutants (planted bugs; builds with -DWEIR_MUTANTS=ON)\n";
    text += rows("mutants", [&word](const json& entry) {
        std::string caught_by;
        for (const json& id : entry["caught_by"]) {
            caught_by += " " + id.get<std::string>();
        }
        return Row{word(entry, "name"), word(entry, "statement") + "; caught by" + caught_by};
    });
    text += "\nMutants that need scenarios of replication (found by property tests)\n";
    text += rows("mutants_without_scenario", [&word](const json& entry) {
        return Row{word(entry, "name"),
                   word(entry, "statement") + "; found by " + word(entry, "property")};
    });
    return text;
}

std::string encode_line(const TimedReport& run) {
    json line = run_json(run);
    line["verdict_number"] = static_cast<int>(run.report.verdict);
    json numbers = json::array();
    for (const sim::Violation& violation : run.report.violations) {
        numbers.push_back(static_cast<int>(violation.invariant));
    }
    line["invariant_numbers"] = numbers;
    return line.dump();
}

TimedReport decode_line(const std::string& text) {
    const json line = json::parse(text);
    TimedReport run;
    sim::RunReport& report = run.report;
    report.scenario = line["scenario"].get<std::string>();
    report.seed = line["seed"].get<std::uint64_t>();
    report.verdict = static_cast<sim::Verdict>(line["verdict_number"].get<int>());
    report.trace_hash = std::stoull(line["trace_hash"].get<std::string>(), nullptr, 16);
    for (const json& checkpoint : line["checkpoints"]) {
        report.checkpoints.push_back(std::stoull(checkpoint.get<std::string>(), nullptr, 16));
    }
    report.events = line["events"].get<std::uint64_t>();
    report.simulated_ns = line["simulated_ns"].get<std::int64_t>();
    run.wall_ns = line["wall_ns"].get<std::int64_t>();
    report.records.acked = line["records"]["acked"].get<std::uint64_t>();
    report.records.lost = line["records"]["lost"].get<std::uint64_t>();
    report.records.consumed = line["records"]["read"].get<std::uint64_t>();
    for (std::size_t i = 0; i < report.faults.size(); ++i) {
        const std::string name(to_string(static_cast<sim::FaultKind>(i)));
        report.faults[i] = line["faults"][name].get<std::uint64_t>();
    }
    read_counts(line["points"], kFaultPointNames, report.points);
    read_counts(line["situations"], kSometimesNames, report.situations);
    for (std::size_t i = 0; i < line["violations"].size(); ++i) {
        const json& entry = line["violations"][i];
        sim::Violation violation;
        violation.invariant = static_cast<sim::Invariant>(line["invariant_numbers"][i].get<int>());
        violation.text = entry["text"].get<std::string>();
        violation.time_ns = entry["time_ns"].get<std::int64_t>();
        violation.event = entry["event"].get<std::uint64_t>();
        report.violations.push_back(std::move(violation));
    }
    return run;
}

}  // namespace weir::app
