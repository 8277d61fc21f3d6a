// Batches and records as a Produce request brings them: the check of a record set, the walk over
// its batches and records, and the records of the consumer-offset topic, over arbitrary bytes.
//
// Input: one byte of choices, then the record set. With the lowest bit set the checksums are made
// right first, so that the code behind them is reached.
#include "core/base/assert.h"
#include "core/base/crc32c.h"
#include "core/model/batch.h"
#include "core/spu/offset_store.h"
#include "core/spu/record_check.h"
#include "core/wire/record.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace weir {

namespace {

void repair_checksums(Buffer& buffer) {
    std::size_t at = 0;
    while (buffer.size() - at >= kBatchHeaderSize) {
        MutByteSpan rest = buffer.span().subspan(at);
        BatchHeader header = read_batch_header(rest);
        if (header.batch_len < kBatchLenMin || header.size_bytes() > rest.size()) {
            return;
        }
        header.crc = compute_batch_crc(rest.first(header.size_bytes()));
        write_batch_header(rest, header);
        at += header.size_bytes();
    }
}

// Walks the records of an uncompressed batch; they are laid out one after another in the payload.
void walk_records(ByteSpan payload) {
    auto records = wire::RecordWalker::open(payload);
    if (!records.has_value()) {
        return;
    }
    std::size_t size = 4;
    while (records->more()) {
        const auto record = records->next();
        if (!record.has_value()) {
            WEIR_ASSERT(record.error().code == ErrorCode::malformed);
            return;
        }
        size += record->value.size() + (record->key.has_value() ? record->key->size() : 0);
        const auto change = spu::decode_offset_change(record->value);
        if (change.has_value()) {
            const Bytes again = spu::encode_offset_change(*change);
            WEIR_ASSERT(again.size() <= record->value.size() + 64);
            const auto second = spu::decode_offset_change(again);
            WEIR_ASSERT(second.has_value());
            WEIR_ASSERT(spu::encode_offset_change(*second) == again);
        }
    }
    WEIR_ASSERT(size <= payload.size());
}

void check(ByteSpan input) {
    if (input.empty()) {
        return;
    }
    Buffer buffer = Buffer::copy_of(input.subspan(1));
    if ((input[0] & 1U) != 0) {
        repair_checksums(buffer);
    }
    const ByteSpan records = BufferSlice(buffer).span();
    std::int64_t record_count = 0;
    std::size_t walked = 0;
    BatchWalker walker(records, BatchWalker::Check::header_and_crc);
    while (const auto batch = walker.next()) {
        WEIR_ASSERT(batch->position == walked);
        walked += batch->bytes.size();
        record_count += batch->header.record_count();
        if (batch->header.codec() == 0) {
            walk_records(batch->bytes.subspan(batch->header.payload_start()));
        }
    }
    spu::RecordRules rules;
    rules.compression = static_cast<CompressionAlgorithm>((input[0] >> 1) % 6);
    rules.batch_size_max = 1U << 20;
    const auto checked = spu::check_records(records, rules);
    if (checked.has_value()) {
        // Accepted means: all of it is batches, and the walk found the same records.
        WEIR_ASSERT(walker.end() == BatchWalker::End::clean);
        WEIR_ASSERT(walked == records.size());
        WEIR_ASSERT(*checked == record_count);
    }
}

}  // namespace

}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weir::check(weir::ByteSpan(data, size));
    return 0;
}
