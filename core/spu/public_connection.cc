#include "core/spu/public_connection.h"

#include "core/base/mutant.h"
#include "core/spu/api_errors.h"
#include "core/wire/api_key.h"
#include "core/wire/api_versions.h"
#include "core/wire/consumer_offsets.h"
#include "core/wire/update_offsets.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

namespace weir::spu {

using wire::ApiError;
using wire::ErrorTag;
using wire::SpuApi;

namespace {

// Clients look at it only on SC connections; the reference's SPU says the same.
constexpr const char* kPlatformVersion = "0.0.0";
// For a client that does not say who it is, as the reference does.
constexpr wire::Version kStreamFetchMaxForUnknown = 15;
constexpr std::size_t kOffsetRequestsMax = 256;
constexpr std::size_t kSpareProducesMax = 32;

}  // namespace

Task<void> serve_client(const ClientServices& services, std::unique_ptr<Connection> connection,
                        CancelToken stop) {
    ClientConnection client(services, *connection);
    co_await client.run(stop);
}

ClientConnection::ClientConnection(const ClientServices& services, Connection& connection)
    : services_(services),
      config_(services.context.config),
      connection_(connection),
      logger_(services.context.logger("spu.client")),
      reader_(connection, rpc::FrameLimits{static_cast<std::uint32_t>(wire::kRequestHeaderSizeMin),
                                           services.context.config.frame_size_max}),
      writer_(connection, services.context.env.executor),
      scope_(services.context.env.executor),
      fetch_services_{services.context, services.replicas, services.offsets},
      produce_services_{services.context, services.replicas},
      queues_changed_(services.context.env.executor) {}

Task<void> ClientConnection::run(CancelToken stop) {
    scope_.spawn(answer_produces());
    scope_.spawn(answer_offset_requests());
    const Result<void> result = co_await read_requests(stop);
    if (!result.has_value() && result.error().code != ErrorCode::cancelled &&
        result.error().code != ErrorCode::connection_closed) {
        WEIR_LOG(logger_, warn, "closing the connection of {}: {}", connection_.peer(),
                 to_string(result.error()));
    }
    if (result.has_value() || result.error().code == ErrorCode::cancelled) {
        co_await drain();
    }
    co_await scope_.close();
    if (!broken_.cancelled()) {
        connection_.shutdown_send();
    }
}

// What was accepted is answered, in bounded time.
Task<void> ClientConnection::drain() {
    Clock& clock = services_.context.env.clock;
    Deadline deadline(clock, clock.now() + config_.drain_timeout, broken_.token());
    while (!produces_.empty() || !offset_requests_.empty()) {
        const Result<void> waited = co_await queues_changed_.wait(deadline.token());
        if (!waited.has_value()) {
            co_return;
        }
    }
    const Result<void> flushed = co_await writer_.flush(deadline.token());
    WEIR_MAYBE(flushed.has_value());
}

void ClientConnection::break_off(const Error& error) {
    if (error.code != ErrorCode::cancelled && error.code != ErrorCode::connection_closed) {
        WEIR_LOG(logger_, warn, "closing the connection of {}: {}", connection_.peer(),
                 to_string(error));
    }
    broken_.cancel();
}

Task<Result<void>> ClientConnection::read_requests(CancelToken stop) {
    // Ends with the stop as well as with a failed writer.
    CancelSource end(stop);
    CancelCallback on_broken(
        broken_.token(), [](void* source) { static_cast<CancelSource*>(source)->cancel(); }, &end);
    while (true) {
        WEIR_CO_CHECK(co_await wait_for_room(end.token()));
        if (services_.context.env.probe.fault(FaultPoint::spu_connection_ended)) {
            co_return Result<void>();
        }
        // Answers of pipelined requests go out in one write.
        if (!reader_.has_buffered_frame() && writer_.queued_size_bytes() > 0) {
            WEIR_CO_CHECK(co_await writer_.flush(scope_.token()));
        }
        WEIR_CO_TRY(std::optional<BufferSlice> frame, co_await reader_.next(end.token()));
        if (!frame.has_value()) {
            co_return Result<void>();
        }
        WEIR_CO_CHECK(co_await handle(*std::move(frame), end.token()));
    }
}

Task<Result<void>> ClientConnection::wait_for_room(CancelToken stop) {
    while (produces_.size() >= config_.produces_in_flight_max ||
           produce_bytes_ >= config_.produce_bytes_in_flight_max ||
           offset_requests_.size() >= kOffsetRequestsMax) {
        WEIR_CO_CHECK(co_await queues_changed_.wait(stop));
    }
    co_return Result<void>();
}

ClientConnection::Layout ClientConnection::layout_of(const wire::RequestHeader& header) {
    Layout layout;
    layout.version = std::clamp<wire::Version>(header.api_version, 0, wire::kVersionMax);
    layout.refused = layout.version != header.api_version;
    return layout;
}

template <typename T>
void ClientConnection::enqueue(CorrelationId correlation_id, const T& response,
                               wire::Version version) {
    wire::Writer writer(writer_.take_spare());
    wire::begin_response(writer, correlation_id);
    encode(writer, response, version);
    wire::finish_frame(writer);
    rpc::OutFrame frame;
    frame.head = std::move(writer).take();
    writer_.enqueue(std::move(frame));
}

Task<Result<void>> ClientConnection::handle(BufferSlice frame, CancelToken stop) {
    wire::Reader reader(frame.span());
    WEIR_CO_TRY(wire::RequestHeader header, wire::decode_request_header(reader));
    BufferSlice body = frame.sub(reader.position(), reader.remaining());
    const std::optional<SpuApi> api = wire::spu_api_from_key(header.api_key);
    if (!api.has_value()) {
        co_return fail(ErrorCode::malformed, fmt::format("unknown api key {}", header.api_key));
    }
    if (*api != SpuApi::api_versions && !services_.replicas.begun().is_set()) {
        WEIR_CO_CHECK(co_await services_.replicas.begun().wait(stop));
    }
    switch (*api) {
        case SpuApi::produce:
            co_return co_await handle_produce(std::move(header), std::move(body), stop);
        case SpuApi::fetch:
            co_return co_await handle_fetch_request(std::move(header), std::move(body));
        case SpuApi::fetch_offsets:
            co_return co_await handle_offsets_query(std::move(header), std::move(body));
        case SpuApi::api_versions: co_return handle_api_versions(header, body);
        case SpuApi::stream_fetch: co_return handle_stream_fetch(header, body);
        case SpuApi::update_offsets: co_return handle_update_offsets(header, body);
        case SpuApi::update_consumer_offset:
        case SpuApi::delete_consumer_offset:
        case SpuApi::fetch_consumer_offsets: {
            OffsetRequest request;
            request.header = std::move(header);
            request.body = std::move(body);
            offset_requests_.push_back(std::move(request));
            queues_changed_.notify_all();
            co_return Result<void>();
        }
        case SpuApi::start_mirror: break;
    }
    co_return fail(ErrorCode::not_supported, "mirroring is not supported by this server");
}

Result<void> ClientConnection::handle_api_versions(const wire::RequestHeader& header,
                                                   const BufferSlice& body) {
    wire::Reader reader(body.span());
    WEIR_TRY(const wire::ApiVersionsRequest request,
             wire::decode_api_versions_request(reader, header.api_version));
    wire::ApiVersionsResponse response;
    response.api_keys.assign(wire::kSpuAdvertised.begin(), wire::kSpuAdvertised.end());
    if (request.client_version.empty()) {
        for (wire::ApiRange& range : response.api_keys) {
            if (range.api_key == static_cast<std::int16_t>(SpuApi::stream_fetch)) {
                range.version_max = kStreamFetchMaxForUnknown;
            }
        }
    }
    response.platform_version = kPlatformVersion;
    enqueue(header.correlation_id, response, header.api_version);
    return {};
}

// --- Produce
// --------------------------------------------------------------------------------------

Task<Result<void>> ClientConnection::handle_produce(wire::RequestHeader header, BufferSlice body,
                                                    CancelToken stop) {
    const Layout layout = layout_of(header);
    wire::Reader reader(body.span());
    WEIR_CO_TRY(wire::ProduceRequest request,
                wire::decode_produce_request(reader, body, layout.version));
    ProduceInProgress produce;
    if (layout.refused) {
        produce.response = refuse_produce(request, version_refusal(header.api_version));
    } else {
        produce = co_await begin_produce(produce_services_, std::move(request), stop);
    }
    produce.correlation_id = header.correlation_id;
    produce.version = layout.version;
    if (mutant(Mutant::answers_as_they_finish)) {
        scope_.spawn(answer_on_its_own(std::move(produce)));
        co_return Result<void>();
    }
    add(std::move(produce));
    queues_changed_.notify_all();
    co_return Result<void>();
}

void ClientConnection::add(ProduceInProgress produce) {
    produce_bytes_ += produce.size_bytes;
    if (spare_produces_.empty()) {
        spare_produces_.emplace_back();
    }
    spare_produces_.front() = std::move(produce);
    produces_.splice(produces_.end(), spare_produces_, spare_produces_.begin());
}

void ClientConnection::drop_first_produce() {
    produce_bytes_ -= produces_.front().size_bytes;
    if (spare_produces_.size() == kSpareProducesMax) {
        produces_.pop_front();
        return;
    }
    produces_.front() = ProduceInProgress();
    spare_produces_.splice(spare_produces_.begin(), produces_, produces_.begin());
}

Task<void> ClientConnection::answer_produces() {
    const CancelToken token = scope_.token();
    while (true) {
        while (produces_.empty()) {
            const Result<void> waited = co_await queues_changed_.wait(token);
            if (!waited.has_value()) {
                co_return;
            }
        }
        const Result<void> answered = co_await answer_next_produce(token);
        if (!answered.has_value()) {
            break_off(answered.error());
            co_return;
        }
    }
}

Task<Result<void>> ClientConnection::answer_next_produce(CancelToken token) {
    if (mutant(Mutant::answers_out_of_order) && produces_.size() > 1) {
        std::swap(produces_.front(), *std::next(produces_.begin()));
    }
    // Only this task removes elements, and adding does not move them.
    ProduceInProgress& produce = produces_.front();
    WEIR_CO_CHECK(co_await finish_produce(produce_services_, produce, token));
    enqueue(produce_correlation_id(produce), produce.response, produce.version);
    drop_first_produce();
    // One commit usually answers several: they go out in one write.
    const bool more = !produces_.empty() && produces_.front().has_come() &&
                      !services_.context.env.probe.fault(FaultPoint::spu_answer_alone);
    Result<void> flushed;
    if (!more) {
        flushed = co_await writer_.flush(token);
    }
    queues_changed_.notify_all();
    co_return flushed;
}

Task<void> ClientConnection::answer_on_its_own(ProduceInProgress produce) {
    const Result<void> finished =
        co_await finish_produce(produce_services_, produce, scope_.token());
    if (finished.has_value()) {
        enqueue(produce.correlation_id, produce.response, produce.version);
        static_cast<void>(co_await writer_.flush(scope_.token()));
    }
}

CorrelationId ClientConnection::produce_correlation_id(const ProduceInProgress& produce) {
    CorrelationId id = produce.correlation_id;
    if (mutant(Mutant::wrong_correlation_id)) {
        // The next request's, or the one's before when there is none.
        id = produces_.size() > 1 ? std::next(produces_.begin())->correlation_id
                                  : last_correlation_id_;
    }
    last_correlation_id_ = produce.correlation_id;
    return id;
}

// --- Reading
// --------------------------------------------------------------------------------------

Task<Result<void>> ClientConnection::handle_fetch_request(wire::RequestHeader header,
                                                          BufferSlice body) {
    const Layout layout = layout_of(header);
    wire::Reader reader(body.span());
    WEIR_CO_TRY(wire::FetchRequest request, wire::decode_fetch_request(reader, layout.version));
    wire::FetchResponse response;
    if (layout.refused) {
        response.error = version_refusal(header.api_version);
    } else {
        response = co_await handle_fetch(fetch_services_, std::move(request));
    }
    enqueue(header.correlation_id, response, layout.version);
    co_return Result<void>();
}

Task<Result<void>> ClientConnection::handle_offsets_query(wire::RequestHeader header,
                                                          BufferSlice body) {
    const Layout layout = layout_of(header);
    wire::Reader reader(body.span());
    WEIR_CO_TRY(wire::FetchOffsetsRequest request,
                wire::decode_fetch_offsets_request(reader, layout.version));
    wire::FetchOffsetsResponse response;
    if (layout.refused) {
        for (const wire::FetchOffsetsTopic& topic : request.topics) {
            wire::FetchOffsetsTopicResponse& answer = response.topics.emplace_back();
            answer.name = topic.name;
            for (const std::uint32_t partition : topic.partitions) {
                wire::PartitionOffsets& offsets = answer.partitions.emplace_back();
                offsets.partition = partition;
                offsets.error = version_refusal(header.api_version);
            }
        }
    } else {
        response =
            co_await handle_fetch_offsets(fetch_services_, std::move(request), scope_.token());
    }
    enqueue(header.correlation_id, response, layout.version);
    co_return Result<void>();
}

Result<void> ClientConnection::handle_stream_fetch(const wire::RequestHeader& header,
                                                   const BufferSlice& body) {
    const Layout layout = layout_of(header);
    wire::Reader reader(body.span());
    StreamStart start;
    start.correlation_id = header.correlation_id;
    start.version = layout.version;
    WEIR_TRY(start.request, wire::decode_stream_fetch_request(reader, layout.version));
    std::shared_ptr<Replica> replica =
        services_.replicas.find_leader(start.request.topic, start.request.partition);
    ApiError refusal;
    if (layout.refused) {
        refusal = version_refusal(header.api_version);
    } else if (replica == nullptr ||
               services_.context.env.probe.fault(FaultPoint::spu_stream_refused)) {
        refusal = ApiError(ErrorTag::not_leader_for_partition);
    } else if (streams_.size() >= config_.streams_per_connection_max) {
        refusal = ApiError::other("too many streams on this connection");
    }
    if (!refusal.ok()) {
        const auto response = refuse_stream(start.request, 0, std::move(refusal));
        enqueue(header.correlation_id, response, layout.version);
        return {};
    }
    start.stream_id = ++last_stream_id_;
    auto stream =
        std::make_shared<Stream>(services_.context, writer_, std::move(replica), std::move(start));
    streams_.emplace(last_stream_id_, stream);
    // The map keeps it until the connection, and with it the scope, is closed.
    scope_.spawn(stream->run(scope_.token()));
    return {};
}

std::shared_ptr<Stream> ClientConnection::find_stream(std::uint32_t session_id) const {
    const auto found = streams_.find(session_id);
    return found == streams_.end() ? nullptr : found->second;
}

Result<void> ClientConnection::handle_update_offsets(const wire::RequestHeader& header,
                                                     const BufferSlice& body) {
    // One layout in every version.
    wire::Reader reader(body.span());
    WEIR_TRY(const wire::UpdateOffsetsRequest request,
             wire::decode_update_offsets_request(reader, header.api_version));
    wire::UpdateOffsetsResponse response;
    for (const wire::OffsetUpdate& update : request.offsets) {
        wire::OffsetUpdateStatus& status = response.status.emplace_back();
        status.session_id = update.session_id;
        const std::shared_ptr<Stream> stream = find_stream(update.session_id);
        if (stream == nullptr) {
            status.error = ApiError(ErrorTag::fetch_session_not_found);
        } else {
            stream->acknowledge(update.offset);
        }
    }
    enqueue(header.correlation_id, response, header.api_version);
    return {};
}

// --- Consumer offsets
// -----------------------------------------------------------------------------

Task<void> ClientConnection::answer_offset_requests() {
    const CancelToken token = scope_.token();
    while (true) {
        while (offset_requests_.empty()) {
            const Result<void> waited = co_await queues_changed_.wait(token);
            if (!waited.has_value()) {
                co_return;
            }
        }
        OffsetRequest request = std::move(offset_requests_.front());
        Result<void> answered = co_await answer_offset_request(std::move(request), token);
        if (answered.has_value()) {
            answered = co_await writer_.flush(token);
        }
        offset_requests_.pop_front();
        queues_changed_.notify_all();
        if (!answered.has_value()) {
            break_off(answered.error());
            co_return;
        }
    }
}

Task<Result<void>> ClientConnection::answer_offset_request(OffsetRequest request,
                                                           CancelToken token) {
    const auto api = static_cast<SpuApi>(request.header.api_key);
    if (api == SpuApi::update_consumer_offset) {
        co_return co_await update_consumer_offset(std::move(request.header),
                                                  std::move(request.body), token);
    }
    if (api == SpuApi::delete_consumer_offset) {
        co_return co_await delete_consumer_offset(std::move(request.header),
                                                  std::move(request.body), token);
    }
    WEIR_ASSERT(api == SpuApi::fetch_consumer_offsets);
    co_return co_await fetch_consumer_offsets(std::move(request.header), std::move(request.body),
                                              token);
}

Task<Result<void>> ClientConnection::update_consumer_offset(wire::RequestHeader header,
                                                            BufferSlice body, CancelToken token) {
    const Layout layout = layout_of(header);
    wire::Reader reader(body.span());
    WEIR_CO_TRY(const wire::UpdateConsumerOffsetRequest request,
                wire::decode_update_consumer_offset_request(reader, layout.version));
    wire::UpdateConsumerOffsetResponse response;
    const std::shared_ptr<Stream> stream = find_stream(request.session_id);
    if (layout.refused) {
        response.error = version_refusal(header.api_version);
    } else if (stream == nullptr) {
        response.error = ApiError(ErrorTag::fetch_session_not_found);
    } else if (!stream->consumer_id().has_value()) {
        response.error = ApiError::other("stream without consumer id");
    } else {
        OffsetKey key{stream->key(), *stream->consumer_id()};
        response.error = co_await services_.offsets.update(std::move(key), stream->topic_uid(),
                                                           request.offset, token);
    }
    response.offset = response.error.ok() ? request.offset : 0;
    enqueue(header.correlation_id, response, layout.version);
    co_return Result<void>();
}

Task<Result<void>> ClientConnection::delete_consumer_offset(wire::RequestHeader header,
                                                            BufferSlice body, CancelToken token) {
    const Layout layout = layout_of(header);
    wire::Reader reader(body.span());
    WEIR_CO_TRY(wire::DeleteConsumerOffsetRequest request,
                wire::decode_delete_consumer_offset_request(reader, layout.version));
    wire::DeleteConsumerOffsetResponse response;
    if (layout.refused) {
        response.error = version_refusal(header.api_version);
    } else {
        OffsetKey key{std::move(request.replica), std::move(request.consumer_id)};
        response.error = co_await services_.offsets.store().remove(std::move(key), token);
    }
    enqueue(header.correlation_id, response, layout.version);
    co_return Result<void>();
}

Task<Result<void>> ClientConnection::fetch_consumer_offsets(wire::RequestHeader header,
                                                            BufferSlice body, CancelToken token) {
    const Layout layout = layout_of(header);
    wire::Reader reader(body.span());
    WEIR_CO_TRY(wire::FetchConsumerOffsetsRequest request,
                wire::decode_fetch_consumer_offsets_request(reader, layout.version));
    wire::FetchConsumerOffsetsResponse response;
    if (layout.refused) {
        response.error = version_refusal(header.api_version);
    } else {
        response = co_await services_.offsets.store().list(std::move(request.filter), token);
    }
    enqueue(header.correlation_id, response, layout.version);
    co_return Result<void>();
}

}  // namespace weir::spu
