#include "core/spu/peer_wire.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::spu {

using namespace wire::internal;

rpc::FrameLimits peer_frame_limits(const Config& config) {
    const std::uint64_t largest =
        std::max<std::uint64_t>(config.batch_size_max, config.push_frame_bytes) +
        config.push_frame_bytes + kPeerFrameOverhead;
    rpc::FrameLimits limits;
    limits.payload_size_min = kInternalHeaderSize;
    limits.payload_size_max =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(largest, 1U << 30));
    return limits;
}

Task<Result<wire::Version>> greet_peer(Context& context, rpc::FrameReader& reader,
                                       rpc::FrameWriter& writer, SpuId expected,
                                       CancelToken token) {
    PeerHello hello;
    hello.spu = context.config.id;
    rpc::OutFrame frame;
    frame.head = message_frame(hello, kInternalHelloVersion, CorrelationId(0));
    WEIR_CO_CHECK(co_await writer.send(std::move(frame), token));
    WEIR_CO_TRY(const std::optional<BufferSlice> answer, co_await reader.next(token));
    if (!answer.has_value()) {
        co_return fail(ErrorCode::connection_closed, "the peer closed the connection");
    }
    wire::Reader bytes(answer->span());
    WEIR_CO_TRY(const InternalHeader header, decode_internal_header(bytes));
    if (header.kind != MessageKind::peer_welcome) {
        co_return fail(ErrorCode::malformed, "no welcome from the peer");
    }
    WEIR_CO_TRY(const PeerWelcome welcome,
                decode_message<PeerWelcome>(bytes, kInternalHelloVersion));
    if (!welcome.accepted || welcome.spu != expected) {
        co_return fail(ErrorCode::unavailable,
                       fmt::format("SPU {} refused: {}", expected.value(), welcome.message));
    }
    co_return welcome.version;
}

rpc::OutFrame partition_frame(std::vector<PartitionMessage> messages, wire::Version version,
                              Bytes into) {
    rpc::OutFrame frame;
    frame.head = encode_partition_messages(messages, version, std::move(into));
    for (PartitionMessage& message : messages) {
        for (BufferSlice& slice : message.batches) {
            frame.body.push_back(std::move(slice));
        }
    }
    return frame;
}

Task<Result<void>> take_partition_frame(ReplicaManager& replicas, BufferSlice frame,
                                        CancelToken token) {
    WEIR_CO_TRY(std::vector<PartitionMessage> messages, decode_partition_messages(frame));
    for (PartitionMessage& message : messages) {
        const std::shared_ptr<Replica> replica = replicas.find(message.partition);
        if (replica != nullptr) {
            WEIR_CO_CHECK(co_await replica->take(std::move(message), token));
        }
    }
    co_return Result<void>();
}

}  // namespace weir::spu
