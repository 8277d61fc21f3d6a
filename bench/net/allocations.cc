#include "bench/net/allocations.h"

#include "bench/counting_new.h"
#include "bench/net/cluster.h"
#include "bench/net/load.h"
#include "bench/net/requests.h"
#include "core/sc/service.h"
#include "core/spu/service.h"
#include "runtime/real/real_env.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace weir::bench {

namespace {

// What one service thread tells the main thread.
class Signal {
public:
    void set(std::optional<Error> error) {
        const std::lock_guard<std::mutex> lock(mutex_);
        if (!set_) {
            set_ = true;
            error_ = std::move(error);
            changed_.notify_all();
        }
    }
    Result<void> wait() {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return set_; });
        if (error_.has_value()) {
            return fail(*error_);
        }
        return {};
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool set_ = false;
    std::optional<Error> error_;
};

Task<void> wait_event(Event& event, Signal& signal, CancelToken token) {
    const Result<void> waited = co_await event.wait(token);
    if (waited.has_value()) {
        signal.set(std::nullopt);
    }
}

// Polls a flag of another thread: fine for the end of a benchmark, and costs the service nothing.
Task<void> wait_for_flag(Env& env, const std::atomic<bool>& flag, CancelSource& source) {
    while (!flag.load()) {
        const Result<void> slept =
            co_await sleep_for(env.clock, env.executor, Duration::from_ms(20));
        WEIR_MAYBE(slept.has_value());
    }
    source.cancel();
}

Task<Result<void>> serve_sc(Env& env, sc::Config config, Signal& ready,
                            const std::atomic<bool>& stop) {
    CancelSource source;
    sc::Started started(env.executor);
    TaskScope scope(env.executor);
    scope.spawn(wait_event(started.ready, ready, scope.token()));
    scope.spawn(wait_for_flag(env, stop, source));
    Result<void> result = co_await sc::run(env, std::move(config), source.token(), &started);
    ready.set(result.has_value() ? std::optional<Error>() : result.error());
    co_await scope.close();
    co_return result;
}

Task<Result<void>> serve_spu(Env& env, spu::Config config, Signal& ready,
                             const std::atomic<bool>& stop) {
    CancelSource source;
    spu::Started started(env.executor);
    TaskScope scope(env.executor);
    scope.spawn(wait_event(started.registered, ready, scope.token()));
    scope.spawn(wait_for_flag(env, stop, source));
    Result<void> result = co_await spu::run(env, std::move(config), source.token(), &started);
    ready.set(result.has_value() ? std::optional<Error>() : result.error());
    co_await scope.close();
    co_return result;
}

// Makes an environment for the calling thread and lets `serve(real)` have it.
template <typename Serve>
void run_service(const std::string& root, Signal& ready, Serve serve) {
    real::RealOptions options;
    options.disk_root = root;
    options.handle_signals = false;
    options.log_filter = "warn";
    const Result<std::unique_ptr<real::RealEnv>> real = real::RealEnv::create(options);
    if (!real.has_value()) {
        ready.set(real.error());
        return;
    }
    serve(**real);
}

struct Counts {
    std::uint64_t start = 0;
    std::uint64_t end = 0;
};

HostPort local(std::uint16_t port) {
    HostPort address;
    address.host = "127.0.0.1";
    address.port = port;
    return address;
}

Result<AllocationResult> measure(const AllocationOptions& options, const Setup& setup) {
    WEIR_CHECK(create_topics(setup, {"bench-al"}, 1));
    BatchShape shape;
    shape.record_size = options.batch_size;
    shape.batch_size = options.batch_size;
    const Bytes batch = make_bench_batch(shape);
    LoadOptions load;
    load.broker = setup.spu_public;
    load.frame = produce_frame("bench-al", batch, options.durable ? -1 : 1);
    load.warm_up = Duration::from_ms(static_cast<std::int64_t>(options.warm_up_ms));
    load.duration = Duration::from_ms(static_cast<std::int64_t>(options.duration_ms));
    Counts counts;
    LoadHooks hooks;
    hooks.context = &counts;
    hooks.on_start = [](void* context) {
        static_cast<Counts*>(context)->start = allocation_count();
    };
    hooks.on_end = [](void* context) { static_cast<Counts*>(context)->end = allocation_count(); };
    WEIR_TRY(const LoadResult loaded, run_load(load, hooks));
    AllocationResult result;
    result.request_count = loaded.request_count;
    result.allocation_count = counts.end - counts.start;
    return result;
}

}  // namespace

Result<AllocationResult> count_allocations(const AllocationOptions& options) {
    sc::Config sc_config;
    spu::Config spu_config;
    Setup setup;
    WEIR_TRY(const std::uint16_t sc_public, find_free_port());
    WEIR_TRY(const std::uint16_t sc_private, find_free_port());
    WEIR_TRY(const std::uint16_t spu_public, find_free_port());
    WEIR_TRY(const std::uint16_t spu_private, find_free_port());
    sc_config.metadata_dir = "metadata";
    setup.sc = sc_config.public_bind = local(sc_public);
    sc_config.private_bind = spu_config.sc_private = local(sc_private);
    setup.spu_public = spu_config.public_bind = local(spu_public);
    setup.spu_private = spu_config.private_bind = local(spu_private);
    spu_config.log_base_dir = ".";
    sc_config.new_topics.durability = options.durable ? Durability::fsync : Durability::async;
    Signal sc_ready;
    Signal spu_ready;
    std::atomic<bool> stop_sc = false;
    std::atomic<bool> stop_spu = false;
    std::thread sc_thread([&] {
        run_service(options.data_dir, sc_ready, [&](real::RealEnv& real) {
            WEIR_MAYBE(real.run(serve_sc(real.env(), sc_config, sc_ready, stop_sc)).has_value());
        });
    });
    Result<AllocationResult> result = fail(ErrorCode::unavailable, "not run");
    Result<void> started = sc_ready.wait();
    if (started.has_value()) {
        started = register_spu(setup);
    }
    if (started.has_value()) {
        std::thread spu_thread([&] {
            count_allocations_of_this_thread();
            run_service(options.data_dir, spu_ready, [&](real::RealEnv& real) {
                WEIR_MAYBE(
                    real.run(serve_spu(real.env(), spu_config, spu_ready, stop_spu)).has_value());
            });
        });
        started = spu_ready.wait();
        if (started.has_value()) {
            result = measure(options, setup);
        }
        stop_spu = true;
        spu_thread.join();
    }
    stop_sc = true;
    sc_thread.join();
    if (!started.has_value()) {
        return fail(started.error());
    }
    return result;
}

}  // namespace weir::bench
