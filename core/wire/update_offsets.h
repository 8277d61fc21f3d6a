// UpdateOffsets (1005), the acknowledgement of a stream's responses (data-plane spec 4.6).
#pragma once

#include "core/wire/codec.h"
#include "core/wire/error_code.h"
#include "core/wire/usually_one.h"

#include <cstdint>

namespace weir::wire {

struct OffsetUpdate {
    // The next offset that the consumer wants.
    std::int64_t offset = 0;
    // A stream id of the same connection.
    std::uint32_t session_id = 0;
    friend bool operator==(const OffsetUpdate&, const OffsetUpdate&) = default;
};

struct UpdateOffsetsRequest {
    UsuallyOne<OffsetUpdate> offsets;
    friend bool operator==(const UpdateOffsetsRequest&, const UpdateOffsetsRequest&) = default;
};

struct OffsetUpdateStatus {
    std::uint32_t session_id = 0;
    ApiError error;
    friend bool operator==(const OffsetUpdateStatus&, const OffsetUpdateStatus&) = default;
};

struct UpdateOffsetsResponse {
    UsuallyOne<OffsetUpdateStatus> status;
    friend bool operator==(const UpdateOffsetsResponse&, const UpdateOffsetsResponse&) = default;
};

Result<UpdateOffsetsRequest> decode_update_offsets_request(Reader& reader, Version version);
void encode(Writer& writer, const UpdateOffsetsRequest& request, Version version);
Result<UpdateOffsetsResponse> decode_update_offsets_response(Reader& reader, Version version);
void encode(Writer& writer, const UpdateOffsetsResponse& response, Version version);

}  // namespace weir::wire
