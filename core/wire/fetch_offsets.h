// FetchOffsets (1002), data-plane spec 4.4.
#pragma once

#include "core/wire/codec.h"
#include "core/wire/error_code.h"
#include "core/wire/usually_one.h"

#include <cstdint>
#include <optional>
#include <string>

namespace weir::wire {

struct FetchOffsetsTopic {
    std::string name;
    UsuallyOne<std::uint32_t> partitions;
    friend bool operator==(const FetchOffsetsTopic&, const FetchOffsetsTopic&) = default;
};

struct FetchOffsetsRequest {
    UsuallyOne<FetchOffsetsTopic> topics;
    std::optional<std::string> consumer_id;  // version 23 only
    friend bool operator==(const FetchOffsetsRequest&, const FetchOffsetsRequest&) = default;
};

struct PartitionOffsets {
    ApiError error;
    std::uint32_t partition = 0;
    std::int64_t start_offset = 0;
    // The high watermark.
    std::int64_t last_stable_offset = 0;
    friend bool operator==(const PartitionOffsets&, const PartitionOffsets&) = default;
};

struct FetchOffsetsTopicResponse {
    std::string name;
    UsuallyOne<PartitionOffsets> partitions;
    friend bool operator==(const FetchOffsetsTopicResponse&,
                           const FetchOffsetsTopicResponse&) = default;
};

struct FetchOffsetsResponse {
    UsuallyOne<FetchOffsetsTopicResponse> topics;
    friend bool operator==(const FetchOffsetsResponse&, const FetchOffsetsResponse&) = default;
};

Result<FetchOffsetsRequest> decode_fetch_offsets_request(Reader& reader, Version version);
void encode(Writer& writer, const FetchOffsetsRequest& request, Version version);
Result<FetchOffsetsResponse> decode_fetch_offsets_response(Reader& reader, Version version);
void encode(Writer& writer, const FetchOffsetsResponse& response, Version version);

}  // namespace weir::wire
