// The consumer-offset APIs: UpdateConsumerOffset (1006), DeleteConsumerOffset (1007) and
// FetchConsumerOffsets (1008), data-plane spec 4.7 to 4.9. The stored offset is that of the last
// record consumed; the client adds 1.
#pragma once

#include "core/model/replica_key.h"
#include "core/wire/codec.h"
#include "core/wire/error_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::wire {

struct UpdateConsumerOffsetRequest {
    std::int64_t offset = 0;
    std::uint32_t session_id = 0;
    friend bool operator==(const UpdateConsumerOffsetRequest&,
                           const UpdateConsumerOffsetRequest&) = default;
};

struct UpdateConsumerOffsetResponse {
    std::int64_t offset = 0;
    ApiError error;
    friend bool operator==(const UpdateConsumerOffsetResponse&,
                           const UpdateConsumerOffsetResponse&) = default;
};

struct DeleteConsumerOffsetRequest {
    ReplicaKey replica;
    std::string consumer_id;
    friend bool operator==(const DeleteConsumerOffsetRequest&,
                           const DeleteConsumerOffsetRequest&) = default;
};

struct DeleteConsumerOffsetResponse {
    ApiError error;
    friend bool operator==(const DeleteConsumerOffsetResponse&,
                           const DeleteConsumerOffsetResponse&) = default;
};

struct ConsumerOffsetFilter {
    std::optional<ReplicaKey> replica;
    std::optional<std::string> consumer_id;
    friend bool operator==(const ConsumerOffsetFilter&, const ConsumerOffsetFilter&) = default;
};

struct FetchConsumerOffsetsRequest {
    std::optional<ConsumerOffsetFilter> filter;  // version >= 24
    friend bool operator==(const FetchConsumerOffsetsRequest&,
                           const FetchConsumerOffsetsRequest&) = default;
};

struct ConsumerOffset {
    std::string consumer_id;
    ReplicaKey replica;
    std::int64_t offset = 0;
    // Seconds since 1970, UTC.
    std::uint64_t modified_time_s = 0;
    friend bool operator==(const ConsumerOffset&, const ConsumerOffset&) = default;
};

struct FetchConsumerOffsetsResponse {
    ApiError error;
    std::vector<ConsumerOffset> consumers;
    friend bool operator==(const FetchConsumerOffsetsResponse&,
                           const FetchConsumerOffsetsResponse&) = default;
};

Result<UpdateConsumerOffsetRequest> decode_update_consumer_offset_request(Reader& reader,
                                                                          Version version);
void encode(Writer& writer, const UpdateConsumerOffsetRequest& request, Version version);
Result<UpdateConsumerOffsetResponse> decode_update_consumer_offset_response(Reader& reader,
                                                                            Version version);
void encode(Writer& writer, const UpdateConsumerOffsetResponse& response, Version version);

Result<DeleteConsumerOffsetRequest> decode_delete_consumer_offset_request(Reader& reader,
                                                                          Version version);
void encode(Writer& writer, const DeleteConsumerOffsetRequest& request, Version version);
Result<DeleteConsumerOffsetResponse> decode_delete_consumer_offset_response(Reader& reader,
                                                                            Version version);
void encode(Writer& writer, const DeleteConsumerOffsetResponse& response, Version version);

Result<FetchConsumerOffsetsRequest> decode_fetch_consumer_offsets_request(Reader& reader,
                                                                          Version version);
void encode(Writer& writer, const FetchConsumerOffsetsRequest& request, Version version);
Result<FetchConsumerOffsetsResponse> decode_fetch_consumer_offsets_response(Reader& reader,
                                                                            Version version);
void encode(Writer& writer, const FetchConsumerOffsetsResponse& response, Version version);

}  // namespace weir::wire
