#include "core/wire/internal.h"

#include "core/wire/internal_fields.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::wire {

namespace internal {

std::optional<Version> choose_internal_version(Version peer_min, Version peer_max) {
    const Version low = std::max(peer_min, kInternalVersionMin);
    const Version high = std::min(peer_max, kInternalVersionMax);
    if (low > high) {
        return std::nullopt;
    }
    return high;
}

std::string_view to_string(MessageKind kind) {
    switch (kind) {
        case MessageKind::register_spu: return "RegisterSpu";
        case MessageKind::registered: return "Registered";
        case MessageKind::assignments: return "Assignments";
        case MessageKind::spu_report: return "SpuReport";
        case MessageKind::replica_removed: return "ReplicaRemoved";
        case MessageKind::heartbeat: return "Heartbeat";
        case MessageKind::heartbeat_ack: return "HeartbeatAck";
        case MessageKind::probe_partitions: return "ProbePartitions";
        case MessageKind::sc_messages: return "ScMessages";
        case MessageKind::peer_hello: return "PeerHello";
        case MessageKind::peer_welcome: return "PeerWelcome";
        case MessageKind::fetch_consumer_offset: return "FetchConsumerOffset";
        case MessageKind::fetch_consumer_offset_reply: return "FetchConsumerOffsetReply";
        case MessageKind::update_consumer_offset: return "UpdateConsumerOffset";
        case MessageKind::update_consumer_offset_reply: return "UpdateConsumerOffsetReply";
        case MessageKind::delete_consumer_offset: return "DeleteConsumerOffset";
        case MessageKind::delete_consumer_offset_reply: return "DeleteConsumerOffsetReply";
        case MessageKind::partition_messages: return "PartitionMessages";
    }
    return "?";
}

Result<InternalHeader> decode_internal_header(Reader& reader) {
    WEIR_TRY(const std::uint16_t number, reader.read_u16());
    InternalHeader header;
    header.kind = static_cast<MessageKind>(number);
    if (to_string(header.kind) == "?") {
        return fail(ErrorCode::malformed, fmt::format("unknown internal message {}", number));
    }
    WEIR_TRY(header.version, reader.read_i16());
    WEIR_TRY(const std::int32_t correlation_id, reader.read_i32());
    header.correlation_id = CorrelationId(correlation_id);
    if (header.version < kInternalVersionMin || header.version > kInternalVersionMax) {
        return fail(ErrorCode::malformed,
                    fmt::format("internal version {} is not in {}..{}", header.version,
                                kInternalVersionMin, kInternalVersionMax));
    }
    return header;
}

void encode(Writer& writer, const InternalHeader& header) {
    writer.write_u16(static_cast<std::uint16_t>(header.kind));
    writer.write_i16(header.version);
    writer.write_i32(header.correlation_id.value());
}

template <typename T>
Result<T> decode_message(Reader& reader, Version version) {
    detail::Decoder decoder(reader, version);
    T value;
    decoder(value);
    return decoder.finish(std::move(value));
}

template <typename T>
void encode_message(Writer& writer, const T& message, Version version) {
    detail::Encoder encoder(writer, version);
    encoder(message);
}

#define WEIR_INTERNAL_MESSAGE(T)                            \
    template Result<T> decode_message<T>(Reader&, Version); \
    template void encode_message<T>(Writer&, const T&, Version)
WEIR_INTERNAL_MESSAGES(WEIR_INTERNAL_MESSAGE);
#undef WEIR_INTERNAL_MESSAGE

}  // namespace internal

}  // namespace weir::wire
