#include "core/spu/offset_router.h"

#include "core/spu/peer_wire.h"

#include <fmt/core.h>

namespace weir::spu {

using namespace wire::internal;
using wire::ApiError;
using wire::ErrorTag;

namespace {

constexpr std::uint32_t kFrameSizeMax = 1U << 20;

}  // namespace

OffsetRouter::OffsetRouter(Context& context, OffsetStore& store)
    : context_(context),
      store_(store),
      logger_(context.logger("spu.offsets")),
      in_turn_(context.env.executor) {}

// Reader and writer die before the connection.
void OffsetRouter::drop_peer() {
    peer_.writer.reset();
    peer_.reader.reset();
    peer_.connection.reset();
    peer_.id = SpuId(-1);
}

ApiResult<SpuAddress> OffsetRouter::leader_address() const {
    if (context_.cluster.offsets_leader == SpuId(-1)) {
        return api_fail(ApiError(ErrorTag::topic_not_found));
    }
    if (context_.cluster.offsets_leader == context_.config.id) {
        // It is to lead them, and does not yet, or not any more.
        return api_fail(ApiError(ErrorTag::partition_not_leader));
    }
    const auto found = context_.cluster.spus.find(context_.cluster.offsets_leader);
    if (found == context_.cluster.spus.end()) {
        return api_fail(ApiError(ErrorTag::spu_not_found));
    }
    return found->second;
}

Task<Result<void>> OffsetRouter::connect(SpuAddress address, CancelToken token) {
    drop_peer();
    const HostPort where{address.private_host, address.private_port};
    WEIR_CO_TRY(peer_.connection, co_await context_.env.network.connect(where, token));
    const rpc::FrameLimits limits{kInternalHeaderSize, kFrameSizeMax};
    peer_.reader = std::make_unique<rpc::FrameReader>(*peer_.connection, limits);
    peer_.writer = std::make_unique<rpc::FrameWriter>(*peer_.connection, context_.env.executor);
    WEIR_CO_TRY(peer_.version,
                co_await greet_peer(context_, *peer_.reader, *peer_.writer, address.id, token));
    peer_.id = address.id;
    co_return Result<void>();
}

template <typename Request, typename Reply>
Task<Result<Reply>> OffsetRouter::exchange(Request request, CancelToken token) {
    const CorrelationId id(++peer_.last_correlation_id);
    rpc::OutFrame frame;
    frame.head = message_frame(request, peer_.version, id);
    WEIR_CO_CHECK(co_await peer_.writer->send(std::move(frame), token));
    WEIR_CO_TRY(const std::optional<BufferSlice> answer, co_await peer_.reader->next(token));
    if (!answer.has_value()) {
        co_return fail(ErrorCode::connection_closed, "the peer closed the connection");
    }
    wire::Reader reader(answer->span());
    WEIR_CO_TRY(const InternalHeader header, decode_internal_header(reader));
    if (header.kind != Reply::kKind || header.correlation_id != id) {
        co_return fail(ErrorCode::malformed, "the peer answered something else");
    }
    co_return decode_message<Reply>(reader, header.version);
}

// A connection that has been idle may be dead without our knowing: the first failure is tried again
// on a new one. Both requests may be repeated safely.
template <typename Request, typename Reply>
Task<ApiResult<Reply>> OffsetRouter::ask(Request request, CancelToken token) {
    const Result<AsyncMutex::Guard> guard = co_await in_turn_.lock(token);
    if (!guard.has_value()) {
        co_return api_fail(ApiError::other("the server is stopping"));
    }
    const Instant limit = context_.env.clock.now() + context_.config.peer_timeout;
    Deadline deadline(context_.env.clock, limit, token);
    Error last(ErrorCode::unavailable, "not tried");
    context_.env.probe.reached(Sometimes::spu_offsets_forwarded);
    if (context_.env.probe.fault(FaultPoint::spu_peer_dropped)) {
        drop_peer();
    }
    for (int attempt = 0; attempt < 2 && !deadline.token().cancelled(); ++attempt) {
        const ApiResult<SpuAddress> address = leader_address();
        if (!address.has_value()) {
            co_return api_fail(address.error());
        }
        const bool fresh = peer_.connection == nullptr || peer_.id != address->id;
        if (fresh) {
            const Result<void> connected = co_await connect(*address, deadline.token());
            if (!connected.has_value()) {
                drop_peer();
                last = deadline.translate(connected.error());
                continue;
            }
        }
        Result<Reply> reply = co_await exchange<Request, Reply>(request, deadline.token());
        if (reply.has_value()) {
            co_return *std::move(reply);
        }
        drop_peer();
        last = deadline.translate(std::move(reply).error());
    }
    WEIR_LOG(logger_, warn, "SPU {}, which keeps the consumer offsets: {}",
             context_.cluster.offsets_leader.value(), to_string(last));
    co_return api_fail(ApiError::other(
        fmt::format("the SPU that keeps the consumer offsets: {}", to_string(last))));
}

Task<ApiResult<std::optional<std::int64_t>>> OffsetRouter::find(OffsetKey key, Uid topic_uid,
                                                                CancelToken token) {
    if (store_.leads()) {
        co_return co_await store_.find(std::move(key), topic_uid, token);
    }
    FetchConsumerOffset request;
    request.key = std::move(key.replica);
    request.topic_uid = topic_uid;
    request.consumer_id = std::move(key.consumer_id);
    ApiResult<FetchConsumerOffsetReply> reply =
        co_await ask<FetchConsumerOffset, FetchConsumerOffsetReply>(std::move(request), token);
    if (!reply.has_value()) {
        co_return api_fail(std::move(reply).error());
    }
    if (!reply->error.ok()) {
        co_return api_fail(std::move(reply->error));
    }
    co_return reply->offset;
}

Task<ApiError> OffsetRouter::update(OffsetKey key, Uid topic_uid, std::int64_t offset,
                                    CancelToken token) {
    if (store_.leads()) {
        co_return co_await store_.update(std::move(key), topic_uid, offset, token);
    }
    wire::internal::UpdateConsumerOffset request;
    request.key = std::move(key.replica);
    request.topic_uid = topic_uid;
    request.consumer_id = std::move(key.consumer_id);
    request.offset = offset;
    ApiResult<UpdateConsumerOffsetReply> reply =
        co_await ask<wire::internal::UpdateConsumerOffset, UpdateConsumerOffsetReply>(
            std::move(request), token);
    if (!reply.has_value()) {
        co_return std::move(reply).error();
    }
    co_return std::move(reply->error);
}

}  // namespace weir::spu
