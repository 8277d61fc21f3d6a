// weir-sim: runs simulated clusters under faults, and says yes or names the seed.

#include "apps/weir-sim/exit_status.h"
#include "apps/weir-sim/explain/explain.h"
#include "apps/weir-sim/explore.h"
#include "apps/weir-sim/replay.h"
#include "apps/weir-sim/replay_recording.h"
#include "apps/weir-sim/report_text.h"
#include "apps/weir-sim/shrink.h"
#include "apps/weir-sim/sweep.h"
#include "core/base/assert.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace weir::app {
namespace {

struct Options {
    std::string scenario;
    std::vector<std::string> scenarios;
    std::uint64_t seed = 1;
    std::uint64_t seed_count = 0;
    std::string time;
    unsigned jobs = 0;
    std::uint64_t repeat = 1;
    bool first_failure = false;
    bool json = false;
    bool hashes = false;
    std::string log_level;
    std::string mutant;
    std::string node;
    std::uint64_t until = 0;
    std::string bundle;
    std::string output;
    std::string bundle_dir = "weir-sim-failures";
    bool text = false;
    std::uint64_t bound = 2;
    std::string power_loss;
    bool load_only = false;
};

// Of a replay: lines of other machines are left out.
std::string g_only_node;

void print_log(std::int64_t time_ns, std::string_view machine, LogLevel level,
               std::string_view component, std::string_view text) {
    if (!g_only_node.empty() && machine != g_only_node) {
        return;
    }
    fmt::print(stderr, "{:>12.6f} {:<9} {:<5} {}: {}\n", static_cast<double>(time_ns) / 1e9,
               machine, to_string(level), component, text);
}

void print_where(const char*, const char*, int) {
    const sim::CurrentRun& run = sim::current_run();
    if (run.one != nullptr) {
        const std::string& name = run.one->scenario.name;
        fmt::print(stderr, "in scenario {} seed {}, event {}; again: {}\n", name, run.one->seed,
                   run.world->trace().events(), replay_command(name, run.one->seed));
    }
}

[[noreturn]] void usage(const std::string& text) {
    fmt::print(stderr, "weir-sim: {}\n", text);
    std::exit(static_cast<int>(ExitStatus::bad_usage));
}

// A name of the built-in ones, or a file.
sim::Scenario load(const std::string& name) {
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

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        usage(fmt::format("cannot read '{}'", path));
    }
    return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
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

ExitStatus run(const Options& options) {
    choose_mutant(options.mutant);
    sim::Case one;
    one.scenario = load(options.scenario);
    one.seed = options.seed;
    const sim::RunOptions how = run_options(options);
    const TimedReport first = timed_run(one, how);
    if (options.json) {
        fmt::print("{}\n", run_json(first).dump(2));
    } else {
        fmt::print("{}", run_text(first));
    }
    for (std::uint64_t i = 1; i < options.repeat; ++i) {
        const TimedReport again = timed_run(one, how);
        if (again.report.trace_hash != first.report.trace_hash) {
            fmt::print(stderr, "run {} of seed {} differs: trace {} instead of {}\n", i + 1,
                       options.seed, hex(again.report.trace_hash), hex(first.report.trace_hash));
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
        one.scenario = load(options.scenario);
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
        scenarios.push_back(load(name));
    }
    if (scenarios.empty()) {
        for (const sim::BuiltinScenario& builtin : sim::builtin_scenarios()) {
            scenarios.push_back(load(std::string(builtin.name)));
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
    g_only_node = options.node;
    if (options.until != 0) {
        how.events_max = options.until;
    }
    const Replayed replayed = replay(bundle, how);
    const TimedReport run{replayed.report, replayed.wall_ns, {}};
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
    const Result<ExploreReport> report = explore_schedules(load(options.scenario), how);
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

int main(int argc, char** argv) {
    set_assert_hook(print_where);
    Options options;
    CLI::App app(
        "Runs simulated clusters under faults: the production code, virtual time, one seed",
        "weir-sim");
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 passed, 2 bad usage, 10 safety violated, 11 liveness violated,\n"
        "12 assertion failed, 13 a replay differed.\n\n"
        "Example:\n  weir-sim run single-spu-power-loss --seed 7\n"
        "  weir-sim sweep --time 10s");

    CLI::App* one = app.add_subcommand("run", "Run one scenario with one seed");
    one->add_option("scenario", options.scenario, "a name from `weir-sim list`, or a TOML file")
        ->required();
    one->add_option("--seed", options.seed, "the seed (1)");
    one->add_option("--repeat", options.repeat, "run so often, and compare the traces (1)");
    one->add_option("--log", options.log_level, "log lines of all machines, from this level on");
    one->add_flag("--json", options.json, "print JSON");
    one->add_option("--mutant", options.mutant, "switch a planted bug on");
    one->footer("Example:\n  weir-sim run torn-writes --seed 42 --log info");

    CLI::App* many = app.add_subcommand("sweep", "Run many seeds, in parallel processes");
    many->add_option("scenarios", options.scenarios, "names or files; none: all that are built in");
    many->add_option("--seeds", options.seed_count, "seeds of each scenario (100 without --time)");
    many->add_option("--first-seed", options.seed, "the first seed (1)");
    many->add_option("--time", options.time, "end after this time, such as 10s or 5m");
    many->add_option("-j,--jobs", options.jobs, "processes (one per processor)");
    many->add_option("--bundles", options.bundle_dir,
                     "folder for a bundle of each failure (weir-sim-failures)");
    many->add_flag("--first-failure", options.first_failure, "end at the first failure");
    CLI::Option* json = many->add_flag("--json", options.json, "print JSON");
    many->add_flag("--hashes", options.hashes, "with the trace hash of every run")->needs(json);
    many->add_option("--log", options.log_level, "log lines of all machines, from this level on");
    many->add_option("--mutant", options.mutant, "switch a planted bug on");
    many->footer("Example:\n  weir-sim sweep sc-restart --seeds 500");

    CLI::App* all = app.add_subcommand("explore", "Try all schedules of a small scenario");
    all->add_option("scenario", options.scenario, "a name from `weir-sim list`, or a TOML file")
        ->required();
    all->add_option("--bound", options.bound, "deviations of a schedule, at most (2)");
    all->add_option("--power-loss", options.power_loss,
                    "one deviation may be that this machine loses power; such as spu-0");
    all->add_flag("--load-only", options.load_only,
                  "no deviations in the set-up and when all is read back");
    all->add_option("--time", options.time, "end after this time, such as 10s or 5m");
    all->add_option("--seed", options.seed, "the seed of the load (1)");
    all->add_option("-j,--jobs", options.jobs, "processes (one per processor)");
    all->add_option("--bundles", options.bundle_dir,
                    "folder for the bundle of a failure (weir-sim-failures)");
    all->add_flag("--json", options.json, "print JSON");
    all->add_option("--mutant", options.mutant, "switch a planted bug on");
    all->footer(
        "At most 3 machines, SC and clients counted, and the first 8 operations of the clients.\n"
        "Nothing goes wrong but what is named here, and messages and disks take as long as the\n"
        "seed says. A machine takes what is ready first in, first out; a deviation is another\n"
        "choice. All schedules without any are run, then those with one, and so on; it ends with\n"
        "the first that violates an invariant.\n\n"
        "Example:\n  weir-sim explore eight-operations --power-loss spu-0 --time 1m");

    CLI::App* again = app.add_subcommand("replay", "Run a failure or a recorded node again");
    again
        ->add_option("bundle", options.bundle,
                     "a bundle that a sweep or a shrink has left, or the directory of `weir-run "
                     "--record`")
        ->required();
    again->add_option("--until", options.until, "break off after this event");
    again->add_option("--log", options.log_level, "log lines of all machines, from this level on");
    again->add_option("--node", options.node, "log lines of this machine only, such as spu-0");
    again->add_flag("--json", options.json, "print JSON");
    again->add_option("--mutant", options.mutant, "of a recorded node: switch a planted bug on");
    again->footer(
        "Examples:\n  weir-sim replay weir-sim-failures/torn-writes-42.json --log debug "
        "--node spu-0\n  weir-sim replay recorded-spu --log info");

    CLI::App* smaller = app.add_subcommand("shrink", "Make the failure of a bundle small");
    smaller->add_option("bundle", options.bundle, "a bundle that a sweep has left")->required();
    smaller->add_option("-o,--output", options.output, "the smaller bundle (BUNDLE.small.json)");
    smaller->add_option("--time", options.time, "end after this time (60s)");
    smaller->add_option("-j,--jobs", options.jobs, "processes (one per processor)");
    smaller->add_flag("--json", options.json, "print JSON");
    smaller->footer("Example:\n  weir-sim shrink weir-sim-failures/torn-writes-42.json");

    CLI::App* why = app.add_subcommand("explain", "Tell how a run came to fail");
    why->add_option("what", options.scenario,
                    "a bundle; or a name from `weir-sim list` or a TOML file, with a seed")
        ->required();
    why->add_option("--seed", options.seed, "the seed (1)");
    why->add_option("-o,--output", options.output, "write a page for a browser to this file");
    why->add_flag("--text", options.text, "print the story (the default without -o)");
    why->add_option("--mutant", options.mutant, "switch a planted bug on");
    why->footer(
        "Exit status 0 when the story was told, whatever the run came to.\n\n"
        "Example:\n  weir-sim explain weir-sim-failures/torn-writes-42.json -o report.html");

    CLI::App* list = app.add_subcommand("list", "Scenarios, invariants, fault families, mutants");
    list->add_flag("--json", options.json, "print JSON");
    list->footer("Example:\n  weir-sim list");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        return code == 0 ? 0 : static_cast<int>(ExitStatus::bad_usage);
    }
    if (one->parsed()) {
        return static_cast<int>(run(options));
    }
    if (why->parsed()) {
        return static_cast<int>(explain_run(options));
    }
    if (many->parsed()) {
        return static_cast<int>(run_sweep(options));
    }
    if (all->parsed()) {
        return static_cast<int>(run_explore(options));
    }
    if (again->parsed()) {
        return static_cast<int>(run_replay(options));
    }
    if (smaller->parsed()) {
        return static_cast<int>(run_shrink(options));
    }
    if (options.json) {
        fmt::print("{}\n", catalogue_json().dump(2));
    } else {
        fmt::print("{}", catalogue_text());
    }
    return 0;
}

}  // namespace
}  // namespace weir::app

int main(int argc, char** argv) {
    return weir::app::main(argc, argv);
}
