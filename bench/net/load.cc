#include "bench/net/load.h"

#include "bench/net/requests.h"
#include "core/rpc/frame.h"
#include "core/task/task_scope.h"
#include "runtime/real/real_env.h"

#include <fmt/core.h>

#include <optional>
#include <vector>

namespace weir::bench {

namespace {

// Shared by the connections of one run.
struct Run {
    const LoadOptions& options;
    Env& env;
    BufferSlice body;
    Instant measure_start;
    Instant measure_end;
    LoadResult result;
    std::optional<Error> failed;
};

// Sends the next request; its correlation id is its place in the ring of send times.
rpc::OutFrame next_frame(const Run& run, std::uint32_t id) {
    rpc::OutFrame frame;
    frame.head.assign(run.options.frame.begin(),
                      run.options.frame.begin() + static_cast<std::ptrdiff_t>(kFramePrefixSize));
    set_correlation_id(frame.head, id);
    frame.body.push_back(run.body);
    return frame;
}

Task<Result<void>> drive(Run& run) {
    WEIR_CO_TRY(const std::unique_ptr<Connection> connection,
                co_await run.env.network.connect(run.options.broker, CancelToken()));
    rpc::FrameReader reader(*connection, rpc::FrameLimits());
    rpc::FrameWriter writer(*connection, run.env.executor);
    std::vector<Instant> sent(run.options.in_flight);
    std::size_t outstanding = 0;
    for (std::size_t i = 0; i < run.options.in_flight; ++i) {
        sent[i] = run.env.clock.now();
        writer.enqueue(next_frame(run, static_cast<std::uint32_t>(i)));
        ++outstanding;
    }
    WEIR_CO_CHECK(co_await writer.flush(CancelToken()));
    while (outstanding > 0) {
        WEIR_CO_TRY(const std::optional<BufferSlice> answer, co_await reader.next(CancelToken()));
        if (!answer.has_value()) {
            co_return fail(ErrorCode::connection_closed, "the broker hung up");
        }
        WEIR_CO_TRY(const std::uint32_t id, check_produce_answer(answer->span()));
        if (id >= sent.size()) {
            co_return fail(ErrorCode::malformed, fmt::format("an answer to request {}", id));
        }
        const Instant now = run.env.clock.now();
        --outstanding;
        if (now >= run.measure_start && now < run.measure_end) {
            run.result.latency.add((now - sent[id]).ns());
            ++run.result.request_count;
        }
        if (now < run.measure_end && !run.failed.has_value()) {
            sent[id] = now;
            writer.enqueue(next_frame(run, id));
            ++outstanding;
        }
        // Also after the end: requests may be left from the answers before this one.
        if (!reader.has_buffered_frame() && writer.queued_size_bytes() > 0) {
            WEIR_CO_CHECK(co_await writer.flush(CancelToken()));
        }
    }
    co_return Result<void>();
}

Task<void> drive_noting_failure(Run& run) {
    Result<void> driven = co_await drive(run);
    if (!driven.has_value() && !run.failed.has_value()) {
        run.failed = std::move(driven).error();
    }
}

Task<Result<LoadResult>> run_all(Env& env, const LoadOptions& options, const LoadHooks& hooks) {
    Run run{options, env, BufferSlice(), Instant(), Instant(), LoadResult(), std::nullopt};
    run.body = BufferSlice(Buffer::copy_of(ByteSpan(options.frame).subspan(kFramePrefixSize)));
    run.measure_start = env.clock.now() + options.warm_up;
    run.measure_end = run.measure_start + options.duration;
    TaskScope scope(env.executor);
    for (std::size_t i = 0; i < options.connection_count; ++i) {
        scope.spawn(drive_noting_failure(run));
    }
    const Result<void> warm = co_await sleep_until(env.clock, env.executor, run.measure_start);
    WEIR_MAYBE(warm.has_value());
    if (hooks.on_start != nullptr) {
        hooks.on_start(hooks.context);
    }
    const Result<void> done = co_await sleep_until(env.clock, env.executor, run.measure_end);
    WEIR_MAYBE(done.has_value());
    if (hooks.on_end != nullptr) {
        hooks.on_end(hooks.context);
    }
    co_await scope.join();
    if (run.failed.has_value()) {
        co_return fail(*std::move(run.failed));
    }
    run.result.elapsed_s = static_cast<double>(options.duration.ns()) / 1e9;
    co_return std::move(run.result);
}

}  // namespace

Result<LoadResult> run_load(const LoadOptions& options, const LoadHooks& hooks) {
    real::RealOptions real_options;
    real_options.handle_signals = false;
    WEIR_TRY(const std::unique_ptr<real::RealEnv> real, real::RealEnv::create(real_options));
    return real->run(run_all(real->env(), options, hooks));
}

}  // namespace weir::bench
