#include "apps/weir-sim/command_line.h"

#include "apps/weir-sim/exit_status.h"

#include <CLI/CLI.hpp>

namespace weir::app {

namespace {

void add_tiny(CLI::App& verb, Options& options) {
    verb.add_flag("--tiny", options.tiny,
                  "segments, distances of index and checkpoints, caches, buffers and messages to "
                  "followers are as small as can be");
}

void add_run(CLI::App& app, Options& options) {
    CLI::App* one = app.add_subcommand("run", "Run one scenario with one seed");
    one->add_option("scenario", options.scenario, "a name from `weir-sim list`, or a TOML file")
        ->required();
    one->add_option("--seed", options.seed, "the seed (1)");
    one->add_option("--repeat", options.repeat, "run so often, and compare the traces (1)");
    one->add_option("--log", options.log_level, "log lines of all machines, from this level on");
    add_tiny(*one, options);
    one->add_flag("--json", options.json, "print JSON");
    one->add_option("--mutant", options.mutant, "switch a planted bug on");
    one->footer("Example:\n  weir-sim run torn-writes --seed 42 --log info");
}

void add_sweep(CLI::App& app, Options& options) {
    CLI::App* many = app.add_subcommand("sweep", "Run many seeds, in parallel processes");
    many->add_option("scenarios", options.scenarios, "names or files; none: all that are built in");
    many->add_option("--seeds", options.seed_count, "seeds of each scenario (100 without --time)");
    many->add_option("--first-seed", options.seed, "the first seed (1)");
    add_tiny(*many, options);
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
}

void add_explore(CLI::App& app, Options& options) {
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
}

void add_replay(CLI::App& app, Options& options) {
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
}

void add_shrink(CLI::App& app, Options& options) {
    CLI::App* smaller = app.add_subcommand("shrink", "Make the failure of a bundle small");
    smaller->add_option("bundle", options.bundle, "a bundle that a sweep has left")->required();
    smaller->add_option("-o,--output", options.output, "the smaller bundle (BUNDLE.small.json)");
    smaller->add_option("--time", options.time, "end after this time (60s)");
    smaller->add_option("-j,--jobs", options.jobs, "processes (one per processor)");
    smaller->add_flag("--json", options.json, "print JSON");
    smaller->footer("Example:\n  weir-sim shrink weir-sim-failures/torn-writes-42.json");
}

void add_explain(CLI::App& app, Options& options) {
    CLI::App* why = app.add_subcommand("explain", "Tell how a run came to fail");
    why->add_option("what", options.scenario,
                    "a bundle; or a name from `weir-sim list` or a TOML file, with a seed")
        ->required();
    why->add_option("--seed", options.seed, "the seed (1)");
    add_tiny(*why, options);
    why->add_option("-o,--output", options.output, "write a page for a browser to this file");
    why->add_flag("--text", options.text, "print the story (the default without -o)");
    why->add_option("--mutant", options.mutant, "switch a planted bug on");
    why->footer(
        "Exit status 0 when the story was told, whatever the run came to.\n\n"
        "Example:\n  weir-sim explain weir-sim-failures/torn-writes-42.json -o report.html");
}

void add_list(CLI::App& app, Options& options) {
    CLI::App* list = app.add_subcommand("list", "Scenarios, invariants, fault families, mutants");
    list->add_flag("--json", options.json, "print JSON");
    list->footer("Example:\n  weir-sim list");
}

}  // namespace

std::optional<Options> parse_command_line(int argc, char** argv, int& status) {
    Options options;
    CLI::App app(
        "Runs simulated clusters under faults: the production code, virtual time, one seed",
        "weir-sim");
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 passed, 2 bad usage, 10 safety violated, 11 liveness violated,\n"
        "12 assertion failed or the process died, 13 a replay differed.\n\n"
        "Example:\n  weir-sim run single-spu-power-loss --seed 7\n"
        "  weir-sim sweep --time 10s");
    add_run(app, options);
    add_sweep(app, options);
    add_explore(app, options);
    add_replay(app, options);
    add_shrink(app, options);
    add_explain(app, options);
    add_list(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int code = app.exit(error);
        status = code == 0 ? 0 : static_cast<int>(ExitStatus::bad_usage);
        return std::nullopt;
    }
    options.verb = app.get_subcommands().front()->get_name();
    return options;
}

}  // namespace weir::app
