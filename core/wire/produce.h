// Produce (0), data-plane spec 4.2.
//
// Decoding keeps the batches where they are: the slices of a decoded request share the buffer of
// the frame. Response entries answer request entries by position, so their order and count matter.
#pragma once

#include "core/base/bytes.h"
#include "core/wire/codec.h"
#include "core/wire/error_code.h"
#include "core/wire/smartmodule_invocation.h"
#include "core/wire/usually_one.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::wire {

// Versions below carry no SmartModule list.
inline constexpr Version kProduceSmartModulesVersion = 8;

struct ProducePartition {
    std::uint32_t partition = 0;
    // Batches, one after another; may be empty.
    BufferSlice records;
};

struct ProduceTopic {
    std::string name;
    // May be empty (a flush with nothing queued), and may name a partition several times.
    UsuallyOne<ProducePartition> partitions;
};

struct ProduceRequest {
    std::optional<std::string> transactional_id;
    // Below 0: answer when committed. Anything else: when the leader has written.
    std::int16_t acks = 0;
    // Never negative.
    std::int32_t timeout_ms = 0;
    UsuallyOne<ProduceTopic> topics;
    std::vector<SmartModuleInvocation> smartmodules;
};

struct ProducePartitionResponse {
    std::uint32_t partition = 0;
    ApiError error;
    // Of the first record; 0 when nothing was written.
    std::int64_t base_offset = 0;
    std::int64_t log_append_time_ms = 0;  // version >= 2
    std::int64_t log_start_offset = 0;    // version >= 5
    friend bool operator==(const ProducePartitionResponse&,
                           const ProducePartitionResponse&) = default;
};

struct ProduceTopicResponse {
    std::string name;
    UsuallyOne<ProducePartitionResponse> partitions;
    friend bool operator==(const ProduceTopicResponse&, const ProduceTopicResponse&) = default;
};

struct ProduceResponse {
    UsuallyOne<ProduceTopicResponse> topics;
    std::int32_t throttle_time_ms = 0;  // version >= 1
    friend bool operator==(const ProduceResponse&, const ProduceResponse&) = default;
};

// `reader` reads `frame.span()`, see read_record_set.
Result<ProduceRequest> decode_produce_request(Reader& reader, const BufferSlice& frame,
                                              Version version);
void encode(Writer& writer, const ProduceRequest& request, Version version);
Result<ProduceResponse> decode_produce_response(Reader& reader, Version version);
void encode(Writer& writer, const ProduceResponse& response, Version version);

}  // namespace weir::wire
