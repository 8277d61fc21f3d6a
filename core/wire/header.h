// The heads of requests and responses, and the length field around both (data-plane spec 1.2-1.4).
//
// The header is the same in every version. A response carries the correlation id alone: only who
// sent the request knows how to read the rest.
#pragma once

#include "core/base/ids.h"
#include "core/wire/codec.h"

#include <cstdint>
#include <string>

namespace weir::wire {

// Key, version, correlation id and an empty client id.
inline constexpr std::size_t kRequestHeaderSizeMin = 10;

struct RequestHeader {
    std::uint16_t api_key = 0;
    // The version of the body and of the response.
    Version api_version = 0;
    CorrelationId correlation_id;
    // Free text; never used to decide anything.
    std::string client_id;
    friend bool operator==(const RequestHeader&, const RequestHeader&) = default;
};

Result<RequestHeader> decode_request_header(Reader& reader);
void encode(Writer& writer, const RequestHeader& header);

Result<CorrelationId> decode_response_header(Reader& reader);

// Starts a frame in an empty writer: the length field, to be filled in by finish_frame.
void begin_frame(Writer& writer);
// As above, then the head of a response or of a request.
void begin_response(Writer& writer, CorrelationId correlation_id);
void begin_request(Writer& writer, const RequestHeader& header);
// Fills in the length of the frame that began at position 0: what the writer holds, and
// `following_size` bytes that are sent after it.
void finish_frame(Writer& writer, std::uint64_t following_size = 0);

}  // namespace weir::wire
