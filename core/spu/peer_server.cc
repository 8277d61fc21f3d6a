#include "core/spu/peer_server.h"

#include "core/base/mutant.h"
#include "core/rpc/frame.h"
#include "core/spu/follower_session.h"
#include "core/spu/peer_wire.h"
#include "core/task/task_scope.h"

#include <fmt/core.h>

namespace weir::spu {

using namespace wire::internal;
using wire::ApiError;
using wire::ErrorTag;

namespace {

class PeerSession {
public:
    PeerSession(const PeerServices& services, Connection& connection)
        : services_(services),
          reader_(connection, peer_frame_limits(services.context.config)),
          writer_(connection, services.context.env.executor),
          scope_(services.context.env.executor) {}

    Task<Result<void>> run(CancelToken token);

private:
    Task<Result<void>> read_all(CancelToken token);
    Task<Result<void>> take_partitions(BufferSlice frame);
    Task<void> push(CancelSource& end);
    Task<Result<void>> welcome(BufferSlice frame, CancelToken token);
    Task<Result<void>> handle(BufferSlice frame, CancelToken token);
    Task<Result<void>> find(wire::internal::FetchConsumerOffset request, CancelToken token);
    Task<Result<void>> update(wire::internal::UpdateConsumerOffset request, CancelToken token);
    Task<Result<void>> remove(wire::internal::DeleteConsumerOffset request, CancelToken token);
    template <typename T>
    Task<Result<void>> answer(T message, CancelToken token);
    // The caller may know an older or a newer topic of this name.
    bool knows(const ReplicaKey& key, const Uid& uid) const {
        return services_.context.cluster.has_topic(key.topic, uid);
    }

    const PeerServices& services_;
    rpc::FrameReader reader_;
    rpc::FrameWriter writer_;
    bool welcomed_ = false;
    SpuId peer_ = kNoSpu;
    std::unique_ptr<FollowerSession> session_;
    TaskScope scope_;
    // Of run().
    CancelSource* end_ = nullptr;
    wire::Version version_ = kInternalHelloVersion;
    CorrelationId correlation_id_;
};

Task<Result<void>> PeerSession::run(CancelToken token) {
    CancelSource end(token);
    end_ = &end;
    const Result<void> result = co_await read_all(end.token());
    co_await scope_.close();
    co_return result;
}

// Nothing can be said to the followers any more: the connection is over.
Task<void> PeerSession::push(CancelSource& end) {
    co_await session_->push_all();
    end.cancel();
}

Task<Result<void>> PeerSession::take_partitions(BufferSlice frame) {
    if (session_ == nullptr) {
        session_ = std::make_unique<FollowerSession>(services_.context, services_.replicas, writer_,
                                                     peer_, version_, scope_.token());
        scope_.spawn(push(*end_));
    }
    co_return co_await session_->take(std::move(frame));
}

Task<Result<void>> PeerSession::read_all(CancelToken token) {
    while (true) {
        WEIR_CO_TRY(std::optional<BufferSlice> frame, co_await reader_.next(token));
        if (!frame.has_value()) {
            co_return Result<void>();
        }
        if (welcomed_) {
            WEIR_CO_CHECK(co_await handle(*std::move(frame), token));
        } else {
            WEIR_CO_CHECK(co_await welcome(*std::move(frame), token));
        }
    }
}

template <typename T>
Task<Result<void>> PeerSession::answer(T message, CancelToken token) {
    rpc::OutFrame frame;
    frame.head = message_frame(message, version_, correlation_id_, writer_.take_spare());
    co_return co_await writer_.send(std::move(frame), token);
}

Task<Result<void>> PeerSession::welcome(BufferSlice frame, CancelToken token) {
    wire::Reader reader(frame.span());
    WEIR_CO_TRY(const InternalHeader header, decode_internal_header(reader));
    if (header.kind != MessageKind::peer_hello) {
        co_return fail(ErrorCode::malformed, "the first message of a peer is not its hello");
    }
    WEIR_CO_TRY(const PeerHello hello, decode_message<PeerHello>(reader, kInternalHelloVersion));
    const auto version = choose_internal_version(hello.version_min, hello.version_max);
    correlation_id_ = header.correlation_id;
    PeerWelcome welcome;
    welcome.spu = services_.context.config.id;
    welcome.accepted = version.has_value();
    if (!version.has_value()) {
        welcome.message = fmt::format("versions {}..{} are not spoken here", hello.version_min,
                                      hello.version_max);
        WEIR_CO_CHECK(co_await answer(std::move(welcome), token));
        co_return fail(ErrorCode::not_supported, "no common version with the peer");
    }
    welcome.version = *version;
    WEIR_CO_CHECK(co_await answer(std::move(welcome), token));
    version_ = *version;
    peer_ = hello.spu;
    welcomed_ = true;
    co_return Result<void>();
}

Task<Result<void>> PeerSession::handle(BufferSlice frame, CancelToken token) {
    wire::Reader reader(frame.span());
    WEIR_CO_TRY(const InternalHeader header, decode_internal_header(reader));
    correlation_id_ = header.correlation_id;
    if (header.kind == MessageKind::partition_messages) {
        co_return co_await take_partitions(std::move(frame));
    }
    if (header.kind == MessageKind::fetch_consumer_offset) {
        WEIR_CO_TRY(auto request,
                    decode_message<wire::internal::FetchConsumerOffset>(reader, header.version));
        co_return co_await find(std::move(request), token);
    }
    if (header.kind == MessageKind::update_consumer_offset) {
        WEIR_CO_TRY(auto request,
                    decode_message<wire::internal::UpdateConsumerOffset>(reader, header.version));
        co_return co_await update(std::move(request), token);
    }
    if (header.kind == MessageKind::delete_consumer_offset) {
        WEIR_CO_TRY(auto request,
                    decode_message<wire::internal::DeleteConsumerOffset>(reader, header.version));
        co_return co_await remove(std::move(request), token);
    }
    co_return fail(ErrorCode::malformed, fmt::format("unexpected {} from a peer",
                                                     wire::internal::to_string(header.kind)));
}

Task<Result<void>> PeerSession::find(wire::internal::FetchConsumerOffset request,
                                     CancelToken token) {
    FetchConsumerOffsetReply reply;
    if (!knows(request.key, request.topic_uid)) {
        reply.error = ApiError(ErrorTag::topic_not_found);
    } else {
        OffsetKey key{std::move(request.key), std::move(request.consumer_id)};
        ApiResult<std::optional<std::int64_t>> found =
            co_await services_.store.find(std::move(key), request.topic_uid, token);
        if (found.has_value()) {
            reply.offset = *found;
        } else {
            reply.error = std::move(found).error();
        }
    }
    co_return co_await answer(std::move(reply), token);
}

Task<Result<void>> PeerSession::update(wire::internal::UpdateConsumerOffset request,
                                       CancelToken token) {
    UpdateConsumerOffsetReply reply;
    if (!knows(request.key, request.topic_uid)) {
        reply.error = ApiError(ErrorTag::topic_not_found);
    } else {
        OffsetKey key{std::move(request.key), std::move(request.consumer_id)};
        reply.error = co_await services_.store.update(std::move(key), request.topic_uid,
                                                      request.offset, token);
    }
    co_return co_await answer(std::move(reply), token);
}

Task<Result<void>> PeerSession::remove(wire::internal::DeleteConsumerOffset request,
                                       CancelToken token) {
    DeleteConsumerOffsetReply reply;
    OffsetKey key{std::move(request.key), std::move(request.consumer_id)};
    reply.error = co_await services_.store.remove(std::move(key), token);
    co_return co_await answer(std::move(reply), token);
}

}  // namespace

Task<void> serve_peer(const PeerServices& services, std::unique_ptr<Connection> connection,
                      CancelToken token) {
    const std::string peer = connection->peer();
    PeerSession session(services, *connection);
    const Result<void> result = co_await session.run(token);
    if (mutant(Mutant::connection_left_open)) {
        static_cast<void>(connection.release());
    }
    if (!result.has_value() && result.error().code != ErrorCode::cancelled &&
        result.error().code != ErrorCode::connection_closed) {
        const Logger logger = services.context.logger("spu.peer");
        WEIR_LOG(logger, warn, "closed the connection of {}: {}", peer, to_string(result.error()));
    }
}

}  // namespace weir::spu
