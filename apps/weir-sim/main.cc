// weir-sim: runs simulated clusters under faults, and says yes or names the seed.

#include "apps/weir-sim/arguments.h"
#include "apps/weir-sim/command_line.h"
#include "apps/weir-sim/exit_status.h"
#include "apps/weir-sim/explain/explain.h"
#include "apps/weir-sim/explore.h"
#include "apps/weir-sim/replay.h"
#include "apps/weir-sim/replay_recording.h"
#include "apps/weir-sim/report_text.h"
#include "apps/weir-sim/shrink.h"
#include "apps/weir-sim/sweep.h"
#include "apps/weir-sim/trace_difference.h"
#include "core/base/assert.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace weir::app {
namespace {

void print_where(const char*, const char*, int) {
    const sim::CurrentRun& run = sim::current_run();
    if (run.one != nullptr) {
        const sim::Scenario& scenario = run.one->scenario;
        fmt::print(stderr, "in scenario {} seed {}, event {}; again: {}\n", scenario.name,
                   run.one->seed, run.world->trace().events(),
                   replay_command(scenario, run.one->seed));
    }
}

sim::Scenario sized_scenario(const std::string& name, const Options& options) {
    sim::Scenario scenario = load_scenario(name);
    scenario.always_tiny = options.tiny;
    return scenario;
}

ExitStatus run(const Options& options) {
    choose_mutant(options.mutant);
    sim::Case one;
    one.scenario = sized_scenario(options.scenario, options);
    one.seed = options.seed;
    sim::RunOptions how = run_options(options);
    std::vector<sim::TraceEvent> first_events;
    how.events = options.repeat > 1 ? &first_events : nullptr;
    const TimedReport first = timed_run(one, how);
    if (options.json) {
        fmt::print("{}\n", run_json(first).dump(2));
    } else {
        fmt::print("{}", run_text(first));
    }
    for (std::uint64_t i = 1; i < options.repeat; ++i) {
        std::vector<sim::TraceEvent> events;
        how.events = &events;
        const TimedReport again = timed_run(one, how);
        const std::string parted =
            first_different_event({first.report, first_events}, {again.report, events});
        if (!parted.empty()) {
            fmt::print(stderr, "run {} of seed {} differs: trace {} instead of {}; {}\n", i + 1,
                       options.seed, hex(again.report.trace_hash), hex(first.report.trace_hash),
                       parted);
            return ExitStatus::replay_mismatch;
        }
    }
    return exit_status(first.report.verdict);
}

void write_story(const Story& story, const std::string& output, bool text) {
    if (!output.empty()) {
        std::ofstream file(output, std::ios::binary | std::ios::trunc);
        file << to_html(story);
        file.close();
        if (!file) {
            usage(fmt::format("cannot write {}", output));
        }
        fmt::print(stderr, "{} seed {}: {}; written to {}\n", story.scenario, story.seed,
                   story.verdict, output);
    }
    if (text || output.empty()) {
        fmt::print("{}", to_text(story));
    }
}

// A story is what was asked for: how the run ended is told by the story, not by the status.
ExitStatus explain_run(const Options& options) {
    sim::Case one;
    const bool is_bundle = options.scenario.ends_with(".json");
    if (is_bundle) {
        one = load_bundle(options.scenario).one;
    } else {
        choose_mutant(options.mutant);
        one.scenario = sized_scenario(options.scenario, options);
        one.seed = options.seed;
    }
    const auto write = [&options, is_bundle](Story story) {
        if (is_bundle) {
            story.command = "weir-sim replay " + options.scenario;
        } else if (!options.mutant.empty()) {
            story.command += " --mutant " + options.mutant;
        }
        write_story(story, options.output, options.text);
    };
    write(explain(one, write));
    return ExitStatus::passed;
}

ExitStatus run_sweep(const Options& options) {
    choose_mutant(options.mutant);
    std::vector<sim::Scenario> scenarios;
    scenarios.reserve(options.scenarios.size());
    for (const std::string& name : options.scenarios) {
        scenarios.push_back(sized_scenario(name, options));
    }
    if (scenarios.empty()) {
        for (const sim::BuiltinScenario& builtin : sim::builtin_scenarios()) {
            if (!builtin.slow) {
                scenarios.push_back(sized_scenario(std::string(builtin.name), options));
            }
        }
    }
    SweepOptions how;
    how.first_seed = options.seed;
    how.stop_at_first_failure = options.first_failure;
    how.job_count = job_count(options);
    how.bundle_dir = options.bundle_dir;
    how.mutant = options.mutant;
    how.keep_hashes = options.hashes;
    const sim::RunOptions logged = run_options(options);
    how.log = logged.log;
    how.log_level = logged.log_level;
    if (!options.time.empty()) {
        how.time_limit_ns = parse_time(options.time);
    }
    if (options.seed_count > 0) {
        how.seed_count = options.seed_count;
    } else if (options.time.empty()) {
        how.seed_count = 100;
    }
    const SweepReport report = sweep(scenarios, how);
    if (options.json) {
        fmt::print("{}\n", sweep_json(report).dump(2));
    } else {
        fmt::print("{}", sweep_text(report));
    }
    ExitStatus status = ExitStatus::passed;
    for (const TimedReport& failure : report.failures) {
        const ExitStatus own = exit_status(failure.report.verdict);
        if (status == ExitStatus::passed || static_cast<int>(own) < static_cast<int>(status)) {
            status = own;
        }
    }
    return status;
}

// All starts of a recorded node, in order; the first that differs ends it.
ExitStatus run_replay_recordings(const Options& options) {
    if (options.until != 0 || !options.node.empty()) {
        usage("--until and --node are for bundles; a recording is of one node");
    }
    choose_mutant(options.mutant);
    const Result<std::vector<std::string>> paths = record::list_recordings(options.bundle);
    if (!paths.has_value()) {
        usage(paths.error().context);
    }
    const sim::RunOptions how = run_options(options);
    RecordingLogOptions log;
    log.print = options.log_level.empty() ? nullptr : print_log;
    log.level = how.log_level;
    nlohmann::json all = nlohmann::json::array();
    ExitStatus status = ExitStatus::passed;
    for (const std::string& path : *paths) {
        const ReplayedRecording replayed = replay_recording(path, log);
        if (options.json) {
            all.push_back(recording_json(replayed));
        } else {
            fmt::print("{}", recording_text(replayed));
        }
        if (!replayed.difference.empty()) {
            status = ExitStatus::replay_mismatch;
            break;
        }
    }
    if (options.json) {
        fmt::print("{}\n", all.dump(2));
    }
    return status;
}

ExitStatus run_replay(const Options& options) {
    if (std::filesystem::is_directory(options.bundle)) {
        return run_replay_recordings(options);
    }
    if (!options.mutant.empty()) {
        usage("--mutant is for recordings; a bundle names its own planted bug");
    }
    const Bundle bundle = load_bundle(options.bundle);
    sim::RunOptions how = run_options(options);
    if (options.until != 0) {
        how.events_max = options.until;
    }
    const Replayed replayed = replay(bundle, how);
    const TimedReport run{replayed.report, replayed.wall_ns, {}, {}};
    if (options.json) {
        nlohmann::json text = run_json(run);
        text["same"] = replayed.same;
        text["difference"] = replayed.difference;
        text["broken_off"] = replayed.report.broken_off;
        fmt::print("{}\n", text.dump(2));
    } else {
        fmt::print("{}", run_text(run));
        if (replayed.report.broken_off) {
            fmt::print("  broken off after {} of {} events\n", replayed.report.events,
                       bundle.expected.events);
        }
        fmt::print("  replay     {}\n",
                   replayed.same ? "the same, event for event" : "DIFFERS: " + replayed.difference);
    }
    if (!replayed.same) {
        return ExitStatus::replay_mismatch;
    }
    return exit_status(replayed.report.verdict);
}

ExitStatus run_shrink(const Options& options) {
    const Bundle bundle = load_bundle(options.bundle);
    ShrinkOptions how;
    how.job_count = job_count(options);
    if (!options.time.empty()) {
        how.time_limit_ns = parse_time(options.time);
    }
    const Result<Shrunk> shrunk = shrink(bundle, how);
    if (!shrunk.has_value()) {
        fmt::print(stderr, "weir-sim: {}\n", shrunk.error().context);
        return ExitStatus::replay_mismatch;
    }
    std::string path = options.output;
    if (path.empty()) {
        path = options.bundle.substr(0, options.bundle.rfind(".json")) + ".small.json";
    }
    std::ofstream file(path, std::ios::binary);
    file << write_bundle(shrunk->bundle);
    file.close();
    if (!file) {
        usage(fmt::format("cannot write '{}'; -o names another file", path));
    }
    if (options.json) {
        fmt::print("{}\n", shrunk_json(*shrunk, path).dump(2));
    } else {
        fmt::print("{}", shrunk_text(*shrunk, path));
    }
    return ExitStatus::passed;
}

ExitStatus run_explore(const Options& options) {
    choose_mutant(options.mutant);
    ExploreOptions how;
    how.seed = options.seed;
    how.bound = options.bound;
    how.job_count = job_count(options);
    how.power_loss = options.power_loss;
    how.load_only = options.load_only;
    how.bundle_dir = options.bundle_dir;
    how.mutant = options.mutant;
    if (!options.time.empty()) {
        how.time_limit_ns = parse_time(options.time);
    }
    const Result<ExploreReport> report = explore_schedules(load_scenario(options.scenario), how);
    if (!report.has_value()) {
        usage(report.error().context);
    }
    if (options.json) {
        fmt::print("{}\n", explore_json(*report).dump(2));
    } else {
        fmt::print("{}", explore_text(*report));
    }
    return report->failure.has_value() ? exit_status(report->failure->report.verdict)
                                       : ExitStatus::passed;
}

ExitStatus print_catalogue(const Options& options) {
    if (options.json) {
        fmt::print("{}\n", catalogue_json().dump(2));
    } else {
        fmt::print("{}", catalogue_text());
    }
    return ExitStatus::passed;
}

int main(int argc, char** argv) {
    set_assert_hook(print_where);
    int status = 0;
    const std::optional<Options> options = parse_command_line(argc, argv, status);
    if (!options.has_value()) {
        return status;
    }
    static const std::map<std::string, std::function<ExitStatus(const Options&)>> verbs = {
        {"run", run},
        {"sweep", run_sweep},
        {"explore", run_explore},
        {"replay", run_replay},
        {"shrink", run_shrink},
        {"explain", explain_run},
        {"list", print_catalogue}};
    return static_cast<int>(verbs.at(options->verb)(*options));
}

}  // namespace
}  // namespace weir::app

int main(int argc, char** argv) {
    return weir::app::main(argc, argv);
}
