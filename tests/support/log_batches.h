// Batches whose content says where they belong, so that a test can tell what it reads.
#pragma once

#include "core/base/bytes.h"
#include "core/model/batch.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::test {

// A batch of `record_count` records around `payload` as a leader has stored it.
inline Bytes stored_batch(Offset base_offset, LeaderEpoch epoch, std::string_view payload,
                          std::int32_t record_count = 1) {
    BatchHeader header;
    header.base_offset = base_offset;
    header.partition_leader_epoch = epoch;
    header.last_offset_delta = record_count - 1;
    return make_batch(header, as_bytes(payload));
}

// The batch that a log has at an offset, of one of two producers or none; its sequence is its
// offset, so that what a log knows of producers follows from where its batches are.
inline BatchHeader numbered_header(Offset base_offset, std::int32_t record_count) {
    BatchHeader header;
    header.base_offset = base_offset;
    header.last_offset_delta = record_count - 1;
    header.producer_id = base_offset.value() % 3 - 1;
    if (header.producer_id >= 0) {
        header.producer_epoch = 0;
        header.first_sequence = static_cast<std::int32_t>(base_offset.value());
    }
    return header;
}

// The same as a producer sends it: checksum right, base offset and epoch not yet assigned.
inline BufferSlice batch_of(std::string_view payload, std::int32_t record_count = 1) {
    return BufferSlice(
        Buffer::copy_of(stored_batch(Offset(0), LeaderEpoch(-1), payload, record_count)));
}

struct ReadBatch {
    Offset base_offset;
    std::int64_t record_count = 0;
    std::string payload;
    LeaderEpoch epoch{-1};
    friend bool operator==(const ReadBatch&, const ReadBatch&) = default;
};

// The batches of a range, or nothing more after the first that is not whole and right.
inline std::vector<ReadBatch> batches_in(ByteSpan bytes) {
    std::vector<ReadBatch> batches;
    BatchWalker walker(bytes, BatchWalker::Check::header_and_crc);
    while (const auto batch = walker.next()) {
        batches.push_back(ReadBatch{batch->header.base_offset, batch->header.record_count(),
                                    std::string(as_text(batch->bytes.subspan(kBatchHeaderSize))),
                                    batch->header.partition_leader_epoch});
    }
    return batches;
}

}  // namespace weir::test
