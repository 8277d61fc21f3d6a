#include "bench/net/consume.h"

#include "bench/net/requests.h"
#include "core/model/batch.h"
#include "core/rpc/frame.h"
#include "core/task/task_scope.h"
#include "runtime/real/real_env.h"

#include <optional>
#include <vector>

namespace weir::bench {

namespace {

constexpr std::uint32_t kStreamId = 1;
constexpr std::uint32_t kUpdateId = 2;

// One stream on one connection, acknowledging each answer as it comes.
class Stream {
public:
    Stream(Env& env, Connection& connection)
        : reader_(connection, rpc::FrameLimits()), writer_(connection, env.executor) {}

    Task<Result<void>> open(StreamShape shape) {
        Bytes frame = stream_fetch_frame(shape, kStreamId);
        co_return co_await send(std::move(frame));
    }

    // The next answer with records, or one that only opens the stream.
    Task<Result<StreamAnswer>> next(CancelToken token) {
        while (true) {
            WEIR_CO_TRY(const std::optional<BufferSlice> payload, co_await reader_.next(token));
            if (!payload.has_value()) {
                co_return fail(ErrorCode::connection_closed, "the broker ended the stream");
            }
            WEIR_CO_TRY(const std::optional<StreamAnswer> answer,
                        read_stream_answer(*payload, kStreamId));
            if (!answer.has_value()) {
                continue;
            }
            if (answer->next_offset >= 0) {
                Bytes frame =
                    update_offsets_frame(answer->stream_id, answer->next_offset, kUpdateId);
                WEIR_CO_CHECK(co_await send(std::move(frame)));
            }
            co_return *answer;
        }
    }

private:
    Task<Result<void>> send(Bytes frame) {
        rpc::OutFrame out;
        out.head = std::move(frame);
        co_return co_await writer_.send(std::move(out), CancelToken());
    }
    rpc::FrameReader reader_;
    rpc::FrameWriter writer_;
};

struct Tail {
    const TailOptions& options;
    Env& env;
    // Intended time of each record, by its place after the first.
    std::vector<Instant> intended;
    Histogram latency;
    std::optional<Error> failed;
};

Task<Result<void>> consume_tail(Tail& tail, Stream& stream, CancelToken token) {
    while (tail.latency.count() < tail.intended.size()) {
        Result<StreamAnswer> answer = co_await stream.next(token);
        if (!answer.has_value()) {
            co_return fail(std::move(answer).error());
        }
        const Instant now = tail.env.clock.now();
        BatchWalker walker(answer->records.span(), BatchWalker::Check::header_and_crc);
        while (const std::optional<BatchView> batch = walker.next()) {
            const std::int64_t offset = batch->header.base_offset.value();
            const auto place = static_cast<std::size_t>(offset - tail.options.start_offset);
            if (place >= tail.intended.size() || place != tail.latency.count()) {
                co_return fail(ErrorCode::malformed, "a record came twice or out of order");
            }
            tail.latency.add((now - tail.intended[place]).ns());
        }
    }
    co_return Result<void>();
}

Task<void> consume_noting_failure(Tail& tail, Stream& stream, CancelToken token) {
    Result<void> consumed = co_await consume_tail(tail, stream, token);
    if (!consumed.has_value()) {
        tail.failed = std::move(consumed).error();
    }
}

Task<void> drain_answers(rpc::FrameReader& reader, CancelToken token) {
    while (true) {
        const Result<std::optional<BufferSlice>> answer = co_await reader.next(token);
        if (!answer.has_value() || !answer->has_value()) {
            co_return;
        }
    }
}

Task<Result<Histogram>> tail_main(Env& env, const TailOptions& options) {
    WEIR_CO_TRY(const std::unique_ptr<Connection> consuming,
                co_await env.network.connect(options.broker, CancelToken()));
    WEIR_CO_TRY(const std::unique_ptr<Connection> producing,
                co_await env.network.connect(options.broker, CancelToken()));
    BatchShape batch_shape;
    batch_shape.record_size = options.record_size;
    batch_shape.batch_size = 1;
    const Bytes frame = produce_frame(options.topic, make_bench_batch(batch_shape), 1);
    Stream stream(env, *consuming);
    StreamShape shape;
    shape.topic = options.topic;
    shape.offset = options.start_offset;
    WEIR_CO_CHECK(co_await stream.open(std::move(shape)));
    rpc::FrameReader answers(*producing, rpc::FrameLimits());
    Tail tail{options, env, {}, Histogram(), std::nullopt};
    const Instant start = env.clock.now() + Duration::from_ms(50);
    for (Instant at = start; at < start + options.duration; at = at + options.interval) {
        tail.intended.push_back(at);
    }
    TaskScope scope(env.executor);
    TaskScope draining(env.executor);
    scope.spawn(consume_noting_failure(tail, stream, scope.token()));
    draining.spawn(drain_answers(answers, draining.token()));
    Result<void> sent;
    for (std::size_t i = 0; i < tail.intended.size() && sent.has_value(); ++i) {
        const Result<void> slept = co_await sleep_until(env.clock, env.executor, tail.intended[i]);
        WEIR_MAYBE(slept.has_value());
        const std::array<ByteSpan, 1> slices{ByteSpan(frame)};
        sent = co_await producing->write(slices, CancelToken());
    }
    Deadline deadline(env.clock, env.clock.now() + Duration::from_s(5));
    CancelCallback on_deadline(
        deadline.token(), [](void* self) { static_cast<TaskScope*>(self)->cancel(); }, &scope);
    co_await scope.join();
    co_await draining.close();
    WEIR_CO_CHECK(sent);
    if (tail.failed.has_value()) {
        co_return fail(*std::move(tail.failed));
    }
    co_return tail.latency;
}

Task<Result<CatchUpResult>> catch_up_main(Env& env, const CatchUpOptions& options) {
    WEIR_CO_TRY(const std::unique_ptr<Connection> connection,
                co_await env.network.connect(options.broker, CancelToken()));
    Stream stream(env, *connection);
    StreamShape shape;
    shape.topic = options.topic;
    shape.max_bytes = options.max_bytes;
    CatchUpResult result;
    const Instant start = env.clock.now();
    WEIR_CO_CHECK(co_await stream.open(std::move(shape)));
    std::int64_t next = 0;
    while (true) {
        WEIR_CO_TRY(const StreamAnswer answer, co_await stream.next(CancelToken()));
        result.size_bytes += answer.records.size();
        ++result.answer_count;
        if (answer.next_offset >= 0) {
            next = answer.next_offset;
        }
        if (next >= answer.high_watermark) {
            break;
        }
    }
    result.elapsed_s = static_cast<double>((env.clock.now() - start).ns()) / 1e9;
    co_return result;
}

Result<std::unique_ptr<real::RealEnv>> make_env() {
    real::RealOptions options;
    options.handle_signals = false;
    return real::RealEnv::create(options);
}

}  // namespace

Result<Histogram> run_tail(const TailOptions& options) {
    WEIR_TRY(const std::unique_ptr<real::RealEnv> real, make_env());
    return real->run(tail_main(real->env(), options));
}

Result<CatchUpResult> run_catch_up(const CatchUpOptions& options) {
    WEIR_TRY(const std::unique_ptr<real::RealEnv> real, make_env());
    return real->run(catch_up_main(real->env(), options));
}

}  // namespace weir::bench
