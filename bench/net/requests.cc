#include "bench/net/requests.h"

#include "core/base/prng.h"
#include "core/model/batch.h"
#include "core/wire/api_key.h"
#include "core/wire/header.h"
#include "core/wire/produce.h"
#include "core/wire/record.h"
#include "core/wire/stream_fetch.h"
#include "core/wire/update_offsets.h"

#include <fmt/core.h>

#include <optional>

namespace weir::bench {

namespace {

constexpr std::size_t kCorrelationIdAt = 8;
constexpr std::int64_t kSomeTimeMs = 1'700'000'000'000;

std::uint32_t big_endian_u32(ByteSpan bytes) {
    return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
           static_cast<std::uint32_t>(bytes[2]) << 8 | bytes[3];
}

wire::RequestHeader header_for(wire::SpuApi api, wire::Version version, std::uint32_t id) {
    wire::RequestHeader header;
    header.api_key = static_cast<std::uint16_t>(api);
    header.api_version = version;
    header.correlation_id = CorrelationId(static_cast<std::int32_t>(id));
    header.client_id = "bench";
    return header;
}

template <typename Request>
Bytes make_frame(wire::SpuApi api, wire::Version version, std::uint32_t id,
                 const Request& request) {
    wire::Writer writer;
    wire::begin_request(writer, header_for(api, version, id));
    encode(writer, request, version);
    wire::finish_frame(writer);
    return std::move(writer).take();
}

}  // namespace

Bytes make_bench_batch(const BatchShape& shape) {
    Prng prng(shape.record_size * 31 + shape.batch_size);
    Bytes value(shape.record_size);
    wire::PayloadBuilder payload;
    while (payload.record_count() == 0 ||
           kBatchHeaderSize + payload.size() + shape.record_size + 10 <= shape.batch_size) {
        for (std::uint8_t& byte : value) {
            byte = static_cast<std::uint8_t>(prng.next());
        }
        payload.add(std::nullopt, value, 0);
    }
    BatchHeader header;
    header.last_offset_delta = static_cast<std::int32_t>(payload.record_count()) - 1;
    header.first_timestamp = header.max_time_stamp = kSomeTimeMs;
    const Bytes records = std::move(payload).take();
    return make_batch(header, records);
}

Bytes produce_frame(const std::string& topic, const Bytes& batch, std::int16_t acks) {
    wire::ProducePartition partition;
    partition.records = BufferSlice(Buffer::copy_of(batch));
    wire::ProduceTopic one;
    one.name = topic;
    one.partitions.push_back(std::move(partition));
    wire::ProduceRequest request;
    request.acks = acks;
    request.timeout_ms = 10'000;
    request.topics.push_back(std::move(one));
    return make_frame(wire::SpuApi::produce, wire::kVersionMax, 0, request);
}

void set_correlation_id(MutByteSpan frame, std::uint32_t id) {
    for (std::size_t i = 0; i < 4; ++i) {
        frame[kCorrelationIdAt + i] = static_cast<std::uint8_t>(id >> (24 - 8 * i));
    }
}

Result<std::uint32_t> check_produce_answer(ByteSpan payload) {
    // Correlation id, one topic, its name, one partition, its number, the code.
    constexpr std::size_t kNameAt = 8;
    if (payload.size() < kNameAt + 2) {
        return fail(ErrorCode::malformed, "an answer is too short");
    }
    const std::size_t name_size =
        static_cast<std::size_t>(payload[kNameAt]) << 8 | payload[kNameAt + 1];
    const std::size_t code_at = kNameAt + 2 + name_size + 8;
    if (payload.size() < code_at + 2) {
        return fail(ErrorCode::malformed, "an answer is too short");
    }
    if (payload[code_at] != 0 || payload[code_at + 1] != 0) {
        return fail(ErrorCode::unavailable,
                    fmt::format("the broker answered with code {}",
                                payload[code_at] << 8 | payload[code_at + 1]));
    }
    return big_endian_u32(payload);
}

Bytes stream_fetch_frame(const StreamShape& shape, std::uint32_t id) {
    wire::StreamFetchRequest request;
    request.topic = shape.topic;
    request.fetch_offset = shape.offset;
    request.max_bytes = shape.max_bytes;
    request.isolation = wire::Isolation::read_uncommitted;
    return make_frame(wire::SpuApi::stream_fetch, wire::kVersionMax, id, request);
}

Bytes update_offsets_frame(std::uint32_t stream_id, std::int64_t offset, std::uint32_t id) {
    wire::OffsetUpdate update;
    update.offset = offset;
    update.session_id = stream_id;
    wire::UpdateOffsetsRequest request;
    request.offsets.push_back(update);
    return make_frame(wire::SpuApi::update_offsets, 0, id, request);
}

Result<std::optional<StreamAnswer>> read_stream_answer(const BufferSlice& payload,
                                                       std::uint32_t stream_request_id) {
    wire::Reader reader(payload.span());
    WEIR_TRY(const CorrelationId id, wire::decode_response_header(reader));
    if (id != CorrelationId(static_cast<std::int32_t>(stream_request_id))) {
        return std::optional<StreamAnswer>();
    }
    WEIR_TRY(wire::StreamFetchResponse response,
             wire::decode_stream_fetch_response(reader, payload, wire::kVersionMax));
    StreamAnswer answer;
    answer.id = stream_request_id;
    answer.stream_id = response.stream_id;
    answer.records = response.partition.records;
    answer.high_watermark = response.partition.high_watermark;
    answer.next_offset = -1;
    if (response.partition.error.tag != wire::ErrorTag::none) {
        return fail(ErrorCode::unavailable,
                    fmt::format("the stream answered with code {}",
                                static_cast<int>(response.partition.error.tag)));
    }
    BatchWalker walker(answer.records.span(), BatchWalker::Check::header);
    while (const std::optional<BatchView> batch = walker.next()) {
        answer.next_offset = batch->header.next_offset().value();
    }
    if (walker.end() != BatchWalker::End::clean) {
        return fail(ErrorCode::corrupt, "a stream answer does not end with a whole batch");
    }
    return std::optional<StreamAnswer>(std::move(answer));
}

}  // namespace weir::bench
