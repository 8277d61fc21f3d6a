// decode_chunk of core/client/consumer.h: from the bytes of an answer to records.
#include "core/client/compression.h"
#include "core/client/consumer.h"
#include "core/model/batch.h"
#include "core/wire/record.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::client {
namespace {

// The payload of a batch, inflated if need be; `owner` then keeps it alive.
Result<ByteSpan> open_payload(const BatchView& batch, std::size_t inflated_size_max,
                              SmallVector<BufferSlice, 1>& owners) {
    const std::size_t start = batch.header.payload_start();
    if (batch.bytes.size() < start) {
        return fail(ErrorCode::corrupt, "batch without a payload");
    }
    const ByteSpan stored = batch.bytes.subspan(start);
    const std::optional<Codec> codec = codec_from_attributes(batch.header.attributes);
    if (!codec.has_value()) {
        return fail(ErrorCode::corrupt, "batch with an unknown codec");
    }
    if (*codec == Codec::none) {
        return stored;
    }
    WEIR_TRY(const Bytes inflated, decompress(*codec, stored, inflated_size_max));
    owners.push_back(BufferSlice(Buffer::copy_of(inflated)));
    return owners.back().span();
}

Result<void> take_records(const BatchView& batch, ByteSpan payload, Offset from,
                          std::vector<ConsumedRecord>& records) {
    WEIR_TRY(wire::RecordWalker walker, wire::RecordWalker::open(payload));
    if (walker.record_count() != batch.header.record_count()) {
        return fail(ErrorCode::corrupt,
                    fmt::format("batch at offset {} holds {} records, its header says {}",
                                batch.header.base_offset.value(), walker.record_count(),
                                batch.header.record_count()));
    }
    // Records are numbered by their position (data-plane spec 3.3).
    Offset offset = batch.header.base_offset;
    while (walker.more()) {
        WEIR_TRY(const wire::RecordView view, walker.next());
        if (offset >= from) {
            ConsumedRecord& record = records.emplace_back();
            record.offset = offset;
            record.timestamp_ms = batch.header.first_timestamp > 0
                                      ? batch.header.first_timestamp + view.timestamp_delta_ms
                                      : -1;
            record.key = view.key;
            record.value = view.value;
        }
        offset += 1;
    }
    return {};
}

Error damaged(const Error& error, Offset base) {
    const ErrorCode code =
        error.code == ErrorCode::message_too_large ? error.code : ErrorCode::corrupt;
    return Error(code, fmt::format("batch at offset {}: {}", base.value(), error.context));
}

}  // namespace

Result<ConsumedChunk> decode_chunk(const wire::FetchPartitionResponse& response, Offset from,
                                   std::size_t inflated_size_max, Offset* next) {
    ConsumedChunk chunk;
    chunk.partition = response.partition;
    chunk.high_watermark = Offset(response.high_watermark);
    *next = from;
    chunk.owners.push_back(response.records);
    BatchWalker walker(response.records.span(), BatchWalker::Check::header_and_crc);
    while (const std::optional<BatchView> batch = walker.next()) {
        const Offset base = batch->header.base_offset;
        if (batch->header.next_offset() > from) {
            const Result<ByteSpan> payload = open_payload(*batch, inflated_size_max, chunk.owners);
            if (!payload.has_value()) {
                return fail(damaged(payload.error(), base));
            }
            const Result<void> taken = take_records(*batch, *payload, from, chunk.records);
            if (!taken.has_value()) {
                return fail(damaged(taken.error(), base));
            }
        }
        *next = std::max(*next, batch->header.next_offset());
    }
    const bool nothing_whole = walker.position() == 0 && !response.records.empty();
    if (walker.end() == BatchWalker::End::damaged || walker.end() == BatchWalker::End::zeros) {
        return fail(ErrorCode::corrupt, fmt::format("damaged batch after offset {}: {}",
                                                    next->value(), to_string(walker.fault())));
    }
    if (walker.end() == BatchWalker::End::torn && nothing_whole) {
        return fail(ErrorCode::corrupt, "the server cut the first batch: raise the maximum bytes");
    }
    return chunk;
}

}  // namespace weir::client
