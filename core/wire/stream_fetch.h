// StreamFetch (1003), data-plane spec 4.5. One request, any number of responses with its
// correlation id; the flow control (UpdateOffsets) is in update_offsets.h.
#pragma once

#include "core/base/bytes.h"
#include "core/wire/codec.h"
#include "core/wire/fetch.h"
#include "core/wire/smartmodule_invocation.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::wire {

struct DerivedStream {
    std::string stream;
    SmartModuleParams params;
    friend bool operator==(const DerivedStream&, const DerivedStream&) = default;
};

struct StreamFetchRequest {
    std::string topic;
    std::uint32_t partition = 0;
    std::int64_t fetch_offset = 0;
    // Sent as an i32, meant as a u32.
    std::uint32_t max_bytes = 0;
    Isolation isolation = Isolation::read_uncommitted;
    // Read and ignored: old clients.
    Bytes wasm_module;                                 // versions 11 to 18
    std::optional<SmartModuleInvocation> smartmodule;  // versions 16 to 18
    std::optional<DerivedStream> derived_stream;       // versions 16 to 18
    std::vector<SmartModuleInvocation> smartmodules;   // version >= 18
    std::optional<std::string> consumer_id;            // version >= 23
    friend bool operator==(const StreamFetchRequest&, const StreamFetchRequest&) = default;
};

struct StreamFetchResponse {
    std::string topic;
    // The session id of UpdateOffsets and UpdateConsumerOffset; 0 only when there is no stream.
    std::uint32_t stream_id = 0;
    FetchPartitionResponse partition;
};

Result<StreamFetchRequest> decode_stream_fetch_request(Reader& reader, Version version);
void encode(Writer& writer, const StreamFetchRequest& request, Version version);
// `reader` reads `frame.span()`, see read_record_set.
Result<StreamFetchResponse> decode_stream_fetch_response(Reader& reader, const BufferSlice& frame,
                                                         Version version);
// With the record bytes.
void encode(Writer& writer, const StreamFetchResponse& response, Version version);
// Everything up to and including the size of the record set: the bytes are the rest of the message.
void encode_head(Writer& writer, const StreamFetchResponse& response, std::uint64_t records_size,
                 Version version);

}  // namespace weir::wire
