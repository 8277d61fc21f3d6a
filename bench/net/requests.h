// Requests as the benchmarks send them: encoded once, sent many times.
#pragma once

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/wire/fetch.h"

#include <cstdint>
#include <string>

namespace weir::bench {

// Length, key, version and correlation id: the part of a request that is not shared.
inline constexpr std::size_t kFramePrefixSize = 12;

struct BatchShape {
    std::size_t record_size = 100;
    // The batch is filled with whole records up to this, at least one.
    std::size_t batch_size = 16U << 10;
};

// One batch with its checksum.
Bytes make_bench_batch(const BatchShape& shape);

// acks < 0: answered when committed.
Bytes produce_frame(const std::string& topic, const Bytes& batch, std::int16_t acks);
void set_correlation_id(MutByteSpan frame, std::uint32_t id);
// The id of a Produce answer with one partition; `unavailable` with the code when it is an error.
Result<std::uint32_t> check_produce_answer(ByteSpan payload);

struct StreamShape {
    std::string topic;
    std::int64_t offset = 0;
    std::uint32_t max_bytes = 1U << 20;
};
Bytes stream_fetch_frame(const StreamShape& shape, std::uint32_t id);
Bytes update_offsets_frame(std::uint32_t stream_id, std::int64_t offset, std::uint32_t id);

// Where the batches of one stream answer are, and where the next one starts.
struct StreamAnswer {
    std::uint32_t id = 0;
    std::uint32_t stream_id = 0;
    BufferSlice records;
    std::int64_t next_offset = 0;
    std::int64_t high_watermark = 0;
};
// Nothing for an answer to an UpdateOffsets request, which carries an id at or above `first_other`.
Result<std::optional<StreamAnswer>> read_stream_answer(const BufferSlice& payload,
                                                       std::uint32_t stream_request_id);

}  // namespace weir::bench
