#include "core/client/partition_stream.h"

#include "core/base/mutant.h"
#include "core/client/errors.h"
#include "core/client/partition_offsets.h"
#include "core/env/dawdle.h"
#include "core/wire/consumer_offsets.h"
#include "core/wire/update_offsets.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::client {
namespace {

constexpr std::uint16_t key_of(wire::SpuApi api) {
    return static_cast<std::uint16_t>(api);
}

// Without a filter nothing is left out. The checksum of a batch does not cover its base offset, so
// that damage to it shows here only.
Result<void> check_dense(const ConsumedChunk& chunk, Offset from) {
    Offset expected = from;
    for (const ConsumedRecord& record : chunk.records) {
        if (record.offset != expected) {
            return fail(ErrorCode::corrupt,
                        fmt::format("offset {} comes where {} should: a damaged batch",
                                    record.offset.value(), expected.value()));
        }
        expected += 1;
    }
    return {};
}

}  // namespace

Consumer::PartitionStream::PartitionStream(Consumer& consumer, std::uint32_t partition,
                                           CancelToken token)
    : consumer_(consumer),
      client_(consumer.client_),
      config_(consumer.config_),
      token_(token),
      backoff_(client_.env(), client_.config().backoff_min, client_.config().backoff_max),
      acknowledge_changed_(client_.env().executor) {
    key_.topic = config_.topic;
    key_.partition = partition;
}

bool Consumer::PartitionStream::at_end() const {
    if (!next_.has_value()) {
        return false;
    }
    if (config_.last_offset.has_value() && next_->value() > *config_.last_offset) {
        return true;
    }
    return stop_.has_value() && *next_ >= *stop_;
}

bool Consumer::PartitionStream::worth_another_try(const Error& error) {
    if (error.code == ErrorCode::not_found || error.code == ErrorCode::corrupt ||
        error.code == ErrorCode::message_too_large || error.code == ErrorCode::not_supported ||
        error.code == ErrorCode::permission_denied) {
        return false;
    }
    ++failure_count_;
    return config_.reconnect_count_max == 0 || failure_count_ <= config_.reconnect_count_max;
}

Task<void> Consumer::PartitionStream::run() {
    const Instant never = Instant::from_ns(std::numeric_limits<std::int64_t>::max());
    Item last;
    last.partition = key_.partition;
    while (!token_.cancelled()) {
        PartitionWatch watch(client_.metadata(), key_, token_);
        Result<void> ended = co_await session(watch.leader_token());
        if (ended.has_value()) {
            break;
        }
        if (token_.cancelled()) {
            co_return;
        }
        if (watch.leader_changed()) {
            continue;
        }
        if (!worth_another_try(ended.error())) {
            last.error = std::move(ended).error();
            break;
        }
        const Result<void> waited = co_await backoff_.wait(never, watch.state_token());
        if (!waited.has_value() && token_.cancelled()) {
            co_return;
        }
    }
    const Result<void> sent = co_await consumer_.items_.send(std::move(last), token_);
    WEIR_MAYBE(sent.has_value());
}

Task<Result<void>> Consumer::PartitionStream::session(CancelToken token) {
    WEIR_CO_TRY(const std::shared_ptr<ServerConnection> connection,
                co_await client_.leader_connection(key_, Purpose::consume, token));
    if (!next_.has_value()) {
        WEIR_CO_CHECK(co_await resolve_start(connection, token));
    }
    if (at_end()) {
        co_return Result<void>();
    }
    session_error_ = std::nullopt;
    to_acknowledge_ = std::nullopt;
    stream_id_ = std::nullopt;
    connection_ = connection;
    const wire::Version version =
        connection->version_for(wire::spu_client_range(wire::SpuApi::stream_fetch));
    wire::StreamFetchRequest request;
    request.topic = key_.topic;
    request.partition = key_.partition;
    request.fetch_offset = next_->value();
    request.max_bytes = config_.max_bytes;
    request.isolation = config_.isolation;
    request.smartmodules = config_.smartmodules;
    request.consumer_id = config_.consumer_id;
    WEIR_CO_TRY(AnswerStream answers,
                connection->open_stream(key_of(wire::SpuApi::stream_fetch), version, request));
    CancelSource stop(token);
    TaskScope acknowledging(client_.env().executor, token_);
    acknowledging.spawn(acknowledge(connection, &stop));
    Result<void> received = co_await receive(std::move(answers), version, stop.token());
    // The acknowledger waits with this token, not with its scope's.
    stop.cancel();
    co_await acknowledging.close();
    if (session_error_.has_value()) {
        co_return fail(*std::exchange(session_error_, std::nullopt));
    }
    co_return received;
}

Task<Result<std::optional<Offset>>> Consumer::PartitionStream::stored_offset() {
    wire::ConsumerOffsetFilter filter;
    filter.replica = key_;
    filter.consumer_id = config_.consumer_id;
    std::optional<wire::ConsumerOffsetFilter> wanted = std::move(filter);
    Result<std::vector<wire::ConsumerOffset>> stored =
        co_await client_.consumer_offsets(std::move(wanted), token_);
    if (!stored.has_value()) {
        Error error = std::move(stored).error();
        if (error.code == ErrorCode::not_found) {
            // The SC creates the topic that holds them a moment after it starts.
            error.code = ErrorCode::unavailable;
        }
        co_return fail(std::move(error));
    }
    for (const wire::ConsumerOffset& entry : *stored) {
        if (entry.replica == key_ && entry.consumer_id == *config_.consumer_id) {
            co_return std::optional<Offset>(Offset(entry.offset + 1));
        }
    }
    co_return std::optional<Offset>();
}

Task<Result<void>> Consumer::PartitionStream::resolve_start(
    std::shared_ptr<ServerConnection> connection, CancelToken token) {
    std::optional<Offset> resume;
    if (config_.consumer_id.has_value()) {
        WEIR_CO_TRY(resume, co_await stored_offset());
    }
    WEIR_CO_TRY(const OffsetRange range, co_await offset_range(client_, connection, key_, token));
    const Offset log_start = range.start;
    const Offset log_end = range.end;
    Offset start;
    switch (config_.start.from) {
        case StartOffset::From::absolute: start = Offset(config_.start.count); break;
        case StartOffset::From::beginning:
            start =
                std::clamp(resume.value_or(log_start) + config_.start.count, log_start, log_end);
            break;
        case StartOffset::From::end:
            start = std::clamp(resume.value_or(log_end) - config_.start.count, log_start, log_end);
            break;
        case StartOffset::From::time: {
            WEIR_CO_TRY(start, co_await offset_at(client_, connection, key_, range,
                                                  config_.start.count, token));
            break;
        }
    }
    next_ = std::max(start, Offset(0));
    // The start alone is nothing to store.
    flushed_ = next_;
    consumer_.positions_.emplace(key_.partition, *next_);
    if (config_.end_of_log == EndOfLog::stop) {
        stop_ = log_end;
    }
    co_return Result<void>();
}

Task<Result<void>> Consumer::PartitionStream::receive(AnswerStream answers, wire::Version version,
                                                      CancelToken token) {
    while (true) {
        WEIR_CO_TRY(BufferSlice frame, co_await answers.next(token));
        WEIR_CO_TRY(const Progress progress, co_await take_answer(std::move(frame), version));
        if (progress == Progress::end) {
            co_return Result<void>();
        }
        if (client_.env().probe.fault(FaultPoint::client_session_restarted)) {
            co_return fail(ErrorCode::unavailable, "opened anew");
        }
    }
}

Task<Result<Consumer::PartitionStream::Progress>> Consumer::PartitionStream::take_answer(
    BufferSlice frame, wire::Version version) {
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    WEIR_CO_TRY(const wire::StreamFetchResponse response,
                wire::decode_stream_fetch_response(reader, frame, version));
    stream_id_ = response.stream_id;
    Offset next = *next_;
    const Offset from = next;
    WEIR_CO_TRY(ConsumedChunk chunk,
                decode_chunk(response.partition, *next_, config_.inflated_size_bytes_max, &next));
    if (config_.smartmodules.empty() && !mutant(Mutant::base_offset_believed)) {
        WEIR_CO_CHECK(check_dense(chunk, from));
    }
    if (response.partition.next_filter_offset > 0) {
        next = std::max(next, Offset(response.partition.next_filter_offset));
    }
    if (next > *next_) {
        next_ = next;
        to_acknowledge_ = next;
        acknowledge_changed_.notify_all();
        if (mutant(Mutant::offset_stored_early)) {
            commit(next);
        }
    }
    cut_after_last(chunk);
    if (!chunk.records.empty()) {
        failure_count_ = 0;
        backoff_.reset();
        Item item;
        item.partition = key_.partition;
        item.chunk = std::move(chunk);
        // Not the session's token: what counts as received must reach the application.
        WEIR_CO_CHECK(co_await consumer_.items_.send(std::move(item), token_));
    }
    if (!response.partition.error.ok()) {
        note_error(response.partition.error);
        co_return fail(to_error(response.partition.error, "stream of " + to_string(key_)));
    }
    co_return at_end() ? Progress::end : Progress::more;
}

void Consumer::PartitionStream::note_error(const wire::ApiError& error) {
    if (const auto* evicted = std::get_if<wire::ErrorEvicted>(&error.payload)) {
        next_ = std::max(*next_, Offset(evicted->next_available));
        client_.env().probe.reached(Sometimes::client_evicted_skipped);
    }
}

void Consumer::PartitionStream::cut_after_last(ConsumedChunk& chunk) const {
    if (config_.last_offset.has_value()) {
        std::erase_if(chunk.records, [this](const ConsumedRecord& record) {
            return record.offset.value() > *config_.last_offset;
        });
    }
}

// One acknowledgement at a time; those that become due meanwhile are overtaken by the newest.
Task<void> Consumer::PartitionStream::acknowledge(std::shared_ptr<ServerConnection> connection,
                                                  CancelSource* session) {
    const CancelToken token = session->token();
    std::optional<Offset> acknowledged;
    while (true) {
        while (to_acknowledge_ == acknowledged) {
            const Result<void> changed = co_await acknowledge_changed_.wait(token);
            if (!changed.has_value()) {
                co_return;
            }
        }
        if (client_.env().probe.fault(FaultPoint::client_acknowledge_late)) {
            co_await dawdle(client_.env(), token);
        }
        const Offset offset = *to_acknowledge_;
        const Result<void> sent = co_await acknowledge_once(connection, offset, token);
        if (!sent.has_value()) {
            if (!token.cancelled()) {
                session_error_ = sent.error();
                session->cancel();
            }
            co_return;
        }
        acknowledged = offset;
    }
}

Task<Result<void>> Consumer::PartitionStream::acknowledge_once(
    std::shared_ptr<ServerConnection> connection, Offset offset, CancelToken token) {
    const wire::Version version =
        connection->version_for(wire::spu_client_range(wire::SpuApi::update_offsets));
    wire::OffsetUpdate update;
    update.offset = offset.value();
    update.session_id = stream_id_.value_or(0);
    wire::UpdateOffsetsRequest request;
    request.offsets.push_back(update);
    const Instant deadline = client_.env().clock.now() + client_.config().request_timeout;
    Result<BufferSlice> frame = co_await connection->call(key_of(wire::SpuApi::update_offsets),
                                                          version, request, deadline, token);
    if (!frame.has_value()) {
        if (frame.error().code == ErrorCode::timed_out) {
            connection->abandon(frame.error());
        }
        co_return fail(std::move(frame).error());
    }
    WEIR_CO_TRY(wire::Reader reader, open_answer(*frame));
    WEIR_CO_TRY(const wire::UpdateOffsetsResponse response,
                wire::decode_update_offsets_response(reader, version));
    for (const wire::OffsetUpdateStatus& status : response.status) {
        if (!status.error.ok()) {
            co_return fail(ErrorCode::unavailable, "acknowledgement: " + describe(status.error));
        }
    }
    co_return Result<void>();
}

void Consumer::PartitionStream::commit(Offset position) {
    if (!committed_.has_value() || position > *committed_) {
        committed_ = position;
    }
}

Task<Result<void>> Consumer::PartitionStream::flush_offset(CancelToken token) {
    if (!committed_.has_value() || !flushed_.has_value() || *committed_ <= *flushed_) {
        co_return Result<void>();
    }
    if (connection_ == nullptr || !stream_id_.has_value()) {
        co_return fail(ErrorCode::unavailable, "the stream of " + to_string(key_) + " is not open");
    }
    const std::shared_ptr<ServerConnection> connection = connection_;
    const Offset position = *committed_;
    const wire::Version version =
        connection->version_for(wire::spu_client_range(wire::SpuApi::update_consumer_offset));
    wire::UpdateConsumerOffsetRequest request;
    request.offset = position.value() - 1;
    request.session_id = *stream_id_;
    const Instant deadline = client_.env().clock.now() + client_.config().request_timeout;
    WEIR_CO_TRY(const BufferSlice frame,
                co_await connection->call(key_of(wire::SpuApi::update_consumer_offset), version,
                                          request, deadline, token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    WEIR_CO_TRY(const wire::UpdateConsumerOffsetResponse response,
                wire::decode_update_consumer_offset_response(reader, version));
    if (!response.error.ok()) {
        co_return fail(to_error(response.error, "store the offset of " + to_string(key_)));
    }
    flushed_ = std::max(*flushed_, position);
    co_return Result<void>();
}

}  // namespace weir::client
