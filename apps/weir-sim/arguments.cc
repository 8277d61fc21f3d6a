#include "apps/weir-sim/arguments.h"

#include "apps/weir-sim/exit_status.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <thread>
#include <utility>

namespace weir::app {

namespace {

// Of a replay: lines of other machines are left out.
std::string g_only_node;

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        usage(fmt::format("cannot read '{}'", path));
    }
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

}  // namespace

void print_log(std::int64_t time_ns, std::string_view machine, LogLevel level,
               std::string_view component, std::string_view text) {
    if (!g_only_node.empty() && machine != g_only_node) {
        return;
    }
    fmt::print(stderr, "{:>12.6f} {:<9} {:<5} {}: {}\n", static_cast<double>(time_ns) / 1e9,
               machine, to_string(level), component, text);
}

void usage(const std::string& text) {
    fmt::print(stderr, "weir-sim: {}\n", text);
    std::exit(static_cast<int>(ExitStatus::bad_usage));
}

// A name of the built-in ones, or a file.
sim::Scenario load_scenario(const std::string& name) {
    for (const sim::BuiltinScenario& builtin : sim::builtin_scenarios()) {
        if (builtin.name == name) {
            Result<sim::Scenario> scenario = sim::load_builtin(name);
            if (!scenario.has_value()) {
                usage(to_string(scenario.error()));
            }
            return *std::move(scenario);
        }
    }
    std::ifstream file(name, std::ios::binary);
    if (!file) {
        usage(
            fmt::format("there is no scenario and no file named '{}'; `weir-sim list` shows the "
                        "scenarios",
                        name));
    }
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    Result<sim::Scenario> scenario = sim::parse_scenario(text, name);
    if (!scenario.has_value()) {
        usage(scenario.error().context);
    }
    // The name is what a replay needs.
    scenario->name = name;
    return *std::move(scenario);
}

void choose_mutant(const std::string& name) {
    if (name.empty()) {
        return;
    }
#ifdef WEIR_MUTANTS
    for (const sim::MutantInfo& mutant : sim::mutant_catalogue()) {
        if (mutant.name == name) {
            select_mutant(mutant.mutant);
            return;
        }
    }
    for (const sim::UnplacedMutant& mutant : sim::mutants_without_scenario()) {
        if (mutant.name == name) {
            select_mutant(mutant.mutant);
            return;
        }
    }
    usage(fmt::format("there is no mutant '{}'; `weir-sim list` shows them", name));
#else
    usage("this build has no planted bugs; build the preset `mutants`: ./dev build mutants");
#endif
}

std::int64_t parse_time(const std::string& text) {
    static const std::map<std::string, std::int64_t> units = {
        {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};
    std::size_t digits = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
        ++digits;
    }
    const auto unit = units.find(text.substr(digits));
    if (digits == 0 || digits > 9 || unit == units.end()) {
        usage(fmt::format("--time {}: a number and s, m or h, such as 10s", text));
    }
    return std::stoll(text.substr(0, digits)) * unit->second;
}

// And switches its planted bug on.
Bundle load_bundle(const std::string& path) {
    Result<Bundle> bundle = read_bundle(read_file(path), path);
    if (!bundle.has_value()) {
        usage(bundle.error().context);
    }
    choose_mutant(bundle->mutant);
    return *std::move(bundle);
}

unsigned job_count(const Options& options) {
    return options.jobs != 0 ? options.jobs : std::max(1U, std::thread::hardware_concurrency());
}

sim::RunOptions run_options(const Options& options) {
    static const std::map<std::string, LogLevel> levels = {{"trace", LogLevel::trace},
                                                           {"debug", LogLevel::debug},
                                                           {"info", LogLevel::info},
                                                           {"warn", LogLevel::warn},
                                                           {"error", LogLevel::error}};
    sim::RunOptions run;
    g_only_node = options.node;
    if (!options.log_level.empty()) {
        const auto level = levels.find(options.log_level);
        if (level == levels.end()) {
            usage("--log takes trace, debug, info, warn or error");
        }
        run.log = print_log;
        run.log_level = level->second;
    }
    return run;
}

}  // namespace weir::app
