// weir-run: the servers. Also under the name fluvio-run, which Fluvio's own tools look for.
#include "apps/weir-run/options.h"

#include <fmt/core.h>

#include <cstdio>
#include <utility>

namespace weir::run {
namespace {

// What the servers say on standard output; scripts wait for the first of these lines.
constexpr const char* kScStarted = "Streaming Controller started successfully";

void print_line(const std::string& line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
}

Task<void> announce_sc(sc::Started& started, CancelToken token) {
    const Result<void> ready = co_await started.ready.wait(token);
    if (ready.has_value()) {
        print_line(fmt::format("public {}, private {}", to_string(started.public_address),
                               to_string(started.private_address)));
        print_line(kScStarted);
    }
}

Task<void> announce_spu(spu::Started& started, SpuId id, CancelToken token) {
    const Result<void> ready = co_await started.ready.wait(token);
    if (!ready.has_value()) {
        co_return;
    }
    print_line(fmt::format("SPU {}: public {}, private {}", id.value(),
                           to_string(started.public_address), to_string(started.private_address)));
    const Result<void> registered = co_await started.registered.wait(token);
    if (registered.has_value()) {
        print_line(fmt::format("SPU {} registered", id.value()));
    }
}

Task<Result<void>> serve_sc(Env& env, sc::Config config, CancelToken stop) {
    sc::Started started(env.executor);
    TaskScope scope(env.executor);
    scope.spawn(announce_sc(started, scope.token()));
    Result<void> result = co_await sc::run(env, std::move(config), stop, &started);
    co_await scope.close();
    co_return result;
}

Task<Result<void>> serve_spu(Env& env, spu::Config config, CancelToken stop) {
    spu::Started started(env.executor);
    TaskScope scope(env.executor);
    scope.spawn(announce_spu(started, config.id, scope.token()));
    Result<void> result = co_await spu::run(env, std::move(config), stop, &started);
    co_await scope.close();
    co_return result;
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
        options.command == Command::sc
            ? real.run(serve_sc(real.env(), std::move(options.sc), real.stop_token()))
            : real.run(serve_spu(real.env(), std::move(options.spu), real.stop_token()));
    return result.has_value() ? 0 : report(who, result.error());
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
