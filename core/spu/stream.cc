#include "core/spu/stream.h"

#include "core/base/mutant.h"
#include "core/env/dawdle.h"
#include "core/spu/api_errors.h"
#include "core/spu/fetch.h"
#include "core/wire/header.h"

#include <algorithm>

namespace weir::spu {

using wire::ApiError;
using wire::ErrorTag;

namespace {

// A frame's length is an i32; clients ask for up to u32.
constexpr std::uint64_t kSliceSizeMax = 1U << 30;

}  // namespace

wire::StreamFetchResponse refuse_stream(const wire::StreamFetchRequest& request,
                                        std::uint32_t stream_id, ApiError error) {
    wire::StreamFetchResponse response;
    response.topic = request.topic;
    response.stream_id = stream_id;
    response.partition.partition = request.partition;
    response.partition.error = std::move(error);
    return response;
}

rpc::OutFrame stream_frame(CorrelationId correlation_id, wire::Version version,
                           const wire::StreamFetchResponse& response, log::LogSlice slice,
                           Bytes into) {
    wire::Writer writer(std::move(into));
    wire::begin_response(writer, correlation_id);
    encode_head(writer, response, slice.size_bytes, version);
    wire::finish_frame(writer, slice.size_bytes);
    rpc::OutFrame frame;
    frame.head = std::move(writer).take();
    frame.body = std::move(slice.body);
    if (slice.file != nullptr) {
        frame.file = std::move(slice.file);
        frame.file_position = slice.file_position;
        frame.file_size_bytes = slice.size_bytes;
    }
    return frame;
}

Stream::Stream(Context& context, rpc::FrameWriter& writer, std::shared_ptr<Replica> replica,
               StreamStart start)
    : context_(context),
      writer_(writer),
      replica_(std::move(replica)),
      start_(std::move(start)),
      wanted_(Offset(start_.request.fetch_offset)) {
    replica_->watch(*this);
}

void Stream::wake() {
    if (interrupt_ != nullptr) {
        interrupt_->cancel();
    }
}

void Stream::acknowledge(std::int64_t offset) {
    if (offset < 0) {
        return;
    }
    acknowledged_ = Offset(offset);
    wake();
}

Task<void> Stream::run(CancelToken token) {
    const Result<void> result = co_await serve(token);
    WEIR_MAYBE(result.has_value());  // a failed writer is the connection's matter
    // No wake-ups any more, and the replica may go.
    unlink();
}

// The loop of spec 4.5 in one state: `wanted_`. A consumer that has everything up to the limit
// waits with an offset; one that was sent something waits without, for its acknowledgement. An
// acknowledgement always names the next offset to read, further on or further back.
Task<Result<void>> Stream::serve(CancelToken token) {
    if (!start_.request.smartmodules.empty()) {
        co_return co_await send_error(
            smartmodule_refusal(start_.request.smartmodules, context_.cluster), token);
    }
    const Result<std::shared_ptr<log::Log>> opened = co_await replica_->open_log();
    if (!opened.has_value()) {
        co_return co_await send_error(open_error(opened.error(), *replica_), token);
    }
    const std::shared_ptr<log::Log>& log = *opened;
    // A new leader may not know yet what the one before had committed. Not for long: what it knows
    // is read on all the same.
    const bool is_known =
        co_await replica_->wait_committed_end(context_.config.committed_end_timeout, token);
    WEIR_MAYBE(is_known);
    if (*wanted_ > log->leo()) {
        const Error error(ErrorCode::offset_out_of_range, "start offset above the log end");
        co_return co_await send_error(read_error(error, *wanted_, *replica_, *log), token);
    }
    while (!token.cancelled()) {
        if (acknowledged_.has_value()) {
            wanted_ = std::exchange(acknowledged_, std::nullopt);
        }
        if (replica_->deleted()) {
            co_return co_await send_error(ApiError(ErrorTag::topic_deleted), token);
        }
        if (!replica_->may_read(to_rules(start_.request.isolation))) {
            co_return co_await send_error(ApiError(ErrorTag::not_leader_for_partition), token);
        }
        const Offset limit = read_limit(*log, start_.request.isolation);
        if (!wanted_.has_value() || *wanted_ >= limit) {
            WEIR_CO_CHECK(co_await wait(wanted_.has_value() ? log.get() : nullptr, token));
            continue;
        }
        if (context_.env.probe.fault(FaultPoint::spu_stream_pauses)) {
            co_await dawdle(context_.env, token);
            continue;
        }
        log::ReadRequest request;
        request.offset = *wanted_;
        request.limit = limit;
        request.size_bytes_max = std::min<std::uint64_t>(start_.request.max_bytes, kSliceSizeMax);
        if (context_.env.probe.fault(FaultPoint::spu_slice_small)) {
            request.size_bytes_max = 1;
        }
        Result<log::LogSlice> slice = co_await log->read(request);
        if (!slice.has_value() && slice.error().code == ErrorCode::offset_evicted) {
            context_.env.probe.reached(Sometimes::spu_evicted_read);
            if (mutant(Mutant::evicted_read_crashes)) {
                volatile int* nowhere = nullptr;
                *nowhere = 0;
            }
        }
        if (!slice.has_value() && mutant(Mutant::evicted_read_waits) &&
            slice.error().code == ErrorCode::offset_evicted) {
            WEIR_CO_CHECK(co_await wait(nullptr, token));
            continue;
        }
        if (!slice.has_value()) {
            replica_->read_failed(slice.error());
            co_return co_await send_error(
                read_error(slice.error(), request.offset, *replica_, *log), token);
        }
        if (slice->empty()) {
            // The batch that contains the offset ends above the limit: wait for the limit.
            WEIR_CO_CHECK(co_await wait(log.get(), token));
            continue;
        }
        if (!replica_->may_read(to_rules(start_.request.isolation))) {
            continue;  // not any more: reading took its time
        }
        wanted_.reset();
        // Read after the slice: never below what is in it.
        const Offset high_watermark = log->committed_end();
        const Offset log_start = log->log_start();
        replica_->note_served();
        WEIR_CO_CHECK(co_await send_slice(*std::move(slice), high_watermark, log_start, token));
    }
    co_return fail(ErrorCode::cancelled, "the connection is closing");
}

// Until something is to be looked at: an acknowledgement, the replica, or, with a log, the log.
Task<Result<void>> Stream::wait(log::Log* log, CancelToken token) {
    CancelSource interrupt(token);
    interrupt_ = &interrupt;
    Result<void> waited;
    if (log != nullptr) {
        waited = co_await log->changed().wait(interrupt.token());
    } else {
        Event never(context_.env.executor);
        waited = co_await never.wait(interrupt.token());
    }
    interrupt_ = nullptr;
    WEIR_MAYBE(waited.has_value());
    if (token.cancelled()) {
        co_return fail(ErrorCode::cancelled, "the connection is closing");
    }
    co_return Result<void>();
}

wire::StreamFetchResponse Stream::empty_response() const {
    wire::StreamFetchResponse response;
    response.topic = start_.request.topic;
    response.stream_id = start_.stream_id;
    response.partition.partition = start_.request.partition;
    return response;
}

Task<Result<void>> Stream::send_slice(log::LogSlice slice, Offset high_watermark, Offset log_start,
                                      CancelToken token) {
    wire::StreamFetchResponse response = empty_response();
    response.partition.high_watermark = high_watermark.value();
    response.partition.log_start_offset = log_start.value();
    rpc::OutFrame frame = stream_frame(start_.correlation_id, start_.version, response,
                                       std::move(slice), writer_.take_spare());
    co_return co_await writer_.send(std::move(frame), token);
}

Task<Result<void>> Stream::send_error(ApiError error, CancelToken token) {
    wire::StreamFetchResponse response = empty_response();
    response.partition.error = std::move(error);
    rpc::OutFrame frame = stream_frame(start_.correlation_id, start_.version, response,
                                       log::LogSlice(), writer_.take_spare());
    co_return co_await writer_.send(std::move(frame), token);
}

}  // namespace weir::spu
