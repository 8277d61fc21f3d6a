// Fetch (1), data-plane spec 4.3, and the partition answer that StreamFetch shares with it.
#pragma once

#include "core/base/bytes.h"
#include "core/wire/codec.h"
#include "core/wire/error_code.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::wire {

enum class Isolation : std::uint8_t {
    read_uncommitted = 0,  // up to the log end
    read_committed = 1,    // up to the high watermark
};
Result<Isolation> decode_isolation(Reader& reader);

struct FetchPartition {
    std::uint32_t partition = 0;
    std::int32_t current_leader_epoch = 0;  // version >= 9
    std::int64_t fetch_offset = 0;
    std::int64_t log_start_offset = 0;  // version >= 5
    std::int32_t max_bytes = 0;
    friend bool operator==(const FetchPartition&, const FetchPartition&) = default;
};

struct FetchTopic {
    std::string name;
    std::vector<FetchPartition> partitions;
    friend bool operator==(const FetchTopic&, const FetchTopic&) = default;
};

struct ForgottenTopic {
    std::string name;
    std::vector<std::int32_t> partitions;
    friend bool operator==(const ForgottenTopic&, const ForgottenTopic&) = default;
};

struct FetchRequest {
    std::int32_t max_wait_ms = 0;
    std::int32_t min_bytes = 0;
    std::int32_t max_bytes = 0;                         // version >= 3; for each partition
    Isolation isolation = Isolation::read_uncommitted;  // version >= 4
    std::vector<FetchTopic> topics;
    std::vector<ForgottenTopic> forgotten;  // version >= 7
    friend bool operator==(const FetchRequest&, const FetchRequest&) = default;
};

struct AbortedTransaction {
    std::int64_t producer_id = 0;
    std::int64_t first_offset = 0;
    friend bool operator==(const AbortedTransaction&, const AbortedTransaction&) = default;
};

struct FetchPartitionResponse {
    std::uint32_t partition = 0;
    ApiError error;
    std::int64_t high_watermark = 0;
    std::int64_t next_filter_offset = 0;  // version >= 11
    std::int64_t log_start_offset = 0;
    std::optional<std::vector<AbortedTransaction>> aborted;
    // A slice of the frame when decoded.
    BufferSlice records;
};

struct FetchTopicResponse {
    std::string name;
    std::vector<FetchPartitionResponse> partitions;
};

struct FetchResponse {
    std::int32_t throttle_time_ms = 0;
    ApiError error;
    std::int32_t session_id = 0;
    std::vector<FetchTopicResponse> topics;
};

Result<FetchRequest> decode_fetch_request(Reader& reader, Version version);
void encode(Writer& writer, const FetchRequest& request, Version version);
// `reader` reads `frame.span()`, see read_record_set.
Result<FetchResponse> decode_fetch_response(Reader& reader, const BufferSlice& frame,
                                            Version version);
// With the record bytes.
void encode(Writer& writer, const FetchResponse& response, Version version);

Result<FetchPartitionResponse> decode_fetch_partition_response(Reader& reader,
                                                               const BufferSlice& frame,
                                                               Version version);
// Everything up to and including the size of the record set, which is `records_size`; the caller
// sends the bytes themselves. `response.records` is not looked at.
void encode_head(Writer& writer, const FetchPartitionResponse& response, std::uint64_t records_size,
                 Version version);

}  // namespace weir::wire
