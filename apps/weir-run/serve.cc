#include "apps/weir-run/serve.h"

#include <fmt/core.h>

#include <utility>

namespace weir::run {

namespace {

constexpr const char* kScStarted = "Streaming Controller started successfully";

Task<void> announce_sc(sc::Started& started, PrintLine print, CancelToken token) {
    const Result<void> ready = co_await started.ready.wait(token);
    if (ready.has_value()) {
        print(fmt::format("public {}, private {}", to_string(started.public_address),
                          to_string(started.private_address)));
        print(kScStarted);
    }
}

Task<void> announce_spu(spu::Started& started, SpuId id, PrintLine print, CancelToken token) {
    const Result<void> ready = co_await started.ready.wait(token);
    if (!ready.has_value()) {
        co_return;
    }
    print(fmt::format("SPU {}: public {}, private {}", id.value(),
                      to_string(started.public_address), to_string(started.private_address)));
    const Result<void> registered = co_await started.registered.wait(token);
    if (registered.has_value()) {
        print(fmt::format("SPU {} registered", id.value()));
    }
}

Task<Result<void>> serve_sc(Env& env, sc::Config config, CancelToken stop, PrintLine print) {
    sc::Started started(env.executor);
    TaskScope scope(env.executor);
    scope.spawn(announce_sc(started, print, scope.token()));
    Result<void> result = co_await sc::run(env, std::move(config), stop, &started);
    co_await scope.close();
    co_return result;
}

Task<Result<void>> serve_spu(Env& env, spu::Config config, CancelToken stop, PrintLine print) {
    spu::Started started(env.executor);
    TaskScope scope(env.executor);
    scope.spawn(announce_spu(started, config.id, print, scope.token()));
    Result<void> result = co_await spu::run(env, std::move(config), stop, &started);
    co_await scope.close();
    co_return result;
}

}  // namespace

Task<Result<void>> serve(Env& env, Options options, CancelToken stop, PrintLine print) {
    if (options.command == Command::sc) {
        co_return co_await serve_sc(env, std::move(options.sc), stop, print);
    }
    co_return co_await serve_spu(env, std::move(options.spu), stop, print);
}

}  // namespace weir::run
