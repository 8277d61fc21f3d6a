#include "core/wire/header.h"

#include <limits>

namespace weir::wire {

Result<RequestHeader> decode_request_header(Reader& reader) {
    RequestHeader header;
    WEIR_TRY(header.api_key, reader.read_u16());
    WEIR_TRY(header.api_version, reader.read_i16());
    WEIR_TRY(const std::int32_t correlation_id, reader.read_i32());
    header.correlation_id = CorrelationId(correlation_id);
    WEIR_TRY(header.client_id, reader.read_string());
    return header;
}

void encode(Writer& writer, const RequestHeader& header) {
    writer.write_u16(header.api_key);
    writer.write_i16(header.api_version);
    writer.write_i32(header.correlation_id.value());
    writer.write_string(header.client_id);
}

Result<CorrelationId> decode_response_header(Reader& reader) {
    WEIR_TRY(const std::int32_t correlation_id, reader.read_i32());
    return CorrelationId(correlation_id);
}

void begin_frame(Writer& writer) {
    // Holds most frames but those that carry objects or records.
    constexpr std::size_t kUsualFrameSize = 256;
    WEIR_ASSERT(writer.size() == 0);
    writer.reserve(kUsualFrameSize);
    writer.write_u32(0);
}

void begin_response(Writer& writer, CorrelationId correlation_id) {
    begin_frame(writer);
    writer.write_i32(correlation_id.value());
}

void begin_request(Writer& writer, const RequestHeader& header) {
    begin_frame(writer);
    encode(writer, header);
}

void finish_frame(Writer& writer, std::uint64_t following_size) {
    WEIR_ASSERT(writer.size() >= 4);
    const std::uint64_t size = writer.size() - 4 + following_size;
    WEIR_ASSERT(size <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()));
    writer.patch_u32(0, static_cast<std::uint32_t>(size));
}

}  // namespace weir::wire
