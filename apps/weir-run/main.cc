// weir-run: the servers. Also under the name fluvio-run, which Fluvio's own tools look for.
#include "apps/weir-run/options.h"
#include "apps/weir-run/repair.h"
#include "apps/weir-run/serve.h"
#include "runtime/record/recorded_env.h"
#include "runtime/record/recorder.h"

#include <fmt/core.h>

#include <cstdio>
#include <utility>

namespace weir::run {
namespace {

void print_line(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

int print_metadata() {
    print_line("{\"title\":\"Weir Runtime\",\"package\":\"weir/weir-run@" WEIR_VERSION
               "\",\"description\":\"Weir cluster servers\",\"version\":\"" WEIR_VERSION "\"}");
    return 0;
}

int report(std::string_view who, const Error& error) {
    fmt::print(stderr, "weir-run {}: {}\n", who, to_string(error));
    return 1;
}

Result<void> run_recorded(real::RealEnv& real, Options options) {
    WEIR_TRY(const std::unique_ptr<record::Recorder> recorder,
             record::Recorder::create(options.recording_dir, options.launch, real.env().executor,
                                      real.env().log));
    const Logger log(real.env().log, "main");
    WEIR_LOG(log, info, "recording to {}", recorder->path());
    record::RecordedEnv recorded(*recorder, real.env(), real.stop_token());
    return real.run(
        recorded.run(serve(recorded.env(), std::move(options), recorded.stop_token(), print_line)));
}

int run(Options options) {
    const std::string_view who = options.command == Command::sc ? "sc" : "spu";
    Result<std::unique_ptr<real::RealEnv>> made = real::RealEnv::create(options.real);
    if (!made.has_value()) {
        return report(who, made.error());
    }
    real::RealEnv& real = **made;
    const Logger log(real.env().log, "main");
    for (const std::string& flag : options.unused) {
        WEIR_LOG(log, warn, "{} has no effect (see --help)", flag);
    }
    const Result<void> result =
        options.recording_dir.empty()
            ? real.run(serve(real.env(), std::move(options), real.stop_token(), print_line))
            : run_recorded(real, std::move(options));
    return result.has_value() ? 0 : report(who, result.error());
}

int run_repair(Options options) {
    Result<std::unique_ptr<real::RealEnv>> made = real::RealEnv::create(options.real);
    if (!made.has_value()) {
        return report("repair", made.error());
    }
    real::RealEnv& real = **made;
    const Result<void> done = real.run(repair(real.env(), std::move(options.repair), print_line));
    return done.has_value() ? 0 : report("repair", done.error());
}

int run_main(int argc, const char* const* argv) {
    Parsed parsed = parse_options(argc, argv);
    if (!parsed.options.has_value()) {
        fmt::print(parsed.exit_status == 0 ? stdout : stderr, "{}", parsed.text);
        return parsed.exit_status;
    }
    switch (parsed.options->command) {
        case Command::metadata: return print_metadata();
        case Command::version: print_line("weir-run " WEIR_VERSION); return 0;
        case Command::repair: return run_repair(*std::move(parsed.options));
        case Command::sc:
        case Command::spu: return run(*std::move(parsed.options));
    }
    return 2;
}

}  // namespace
}  // namespace weir::run

int main(int argc, char** argv) {
    return weir::run::run_main(argc, argv);
}
