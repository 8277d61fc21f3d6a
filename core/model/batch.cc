#include "core/model/batch.h"

#include "core/base/assert.h"
#include "core/base/crc32c.h"
#include "core/base/endian.h"

#include <cstring>

namespace weir {

namespace {

constexpr std::size_t kBatchLenAt = 8;
constexpr std::size_t kLeaderEpochAt = 12;
constexpr std::size_t kMagicAt = 16;
constexpr std::size_t kCrcAt = 17;
constexpr std::size_t kAttributesAt = 21;
constexpr std::size_t kLastOffsetDeltaAt = 23;
constexpr std::size_t kFirstTimestampAt = 27;
constexpr std::size_t kMaxTimestampAt = 35;
constexpr std::size_t kProducerIdAt = 43;
constexpr std::size_t kProducerEpochAt = 51;
constexpr std::size_t kFirstSequenceAt = 53;
static_assert(kAttributesAt == kBatchCrcStart);
static_assert(kFirstSequenceAt + 4 == kBatchHeaderSize);
static_assert(kBatchPreambleSize + kBatchLenMin == kBatchHeaderSize);

}  // namespace

std::string_view to_string(BatchFault fault) {
    switch (fault) {
        case BatchFault::none: return "none";
        case BatchFault::header_incomplete: return "header incomplete";
        case BatchFault::batch_len_too_small: return "batch length too small";
        case BatchFault::bad_magic: return "bad magic";
        case BatchFault::negative_count: return "negative record count";
        case BatchFault::negative_base_offset: return "negative base offset";
        case BatchFault::bad_codec: return "unknown codec";
        case BatchFault::body_incomplete: return "body incomplete";
        case BatchFault::crc_mismatch: return "checksum mismatch";
        case BatchFault::offset_gap: return "unexpected base offset";
        case BatchFault::epoch_decreased: return "leader epoch below the one before";
    }
    return "unknown";
}

BatchHeader read_batch_header(ByteSpan bytes) {
    WEIR_ASSERT(bytes.size() >= kBatchHeaderSize);
    const std::uint8_t* at = bytes.data();
    BatchHeader header;
    header.base_offset = Offset(load_be<std::int64_t>(at));
    header.batch_len = load_be<std::int32_t>(at + kBatchLenAt);
    header.partition_leader_epoch = LeaderEpoch(load_be<std::int32_t>(at + kLeaderEpochAt));
    header.magic = load_be<std::int8_t>(at + kMagicAt);
    header.crc = load_be<std::uint32_t>(at + kCrcAt);
    header.attributes = load_be<std::int16_t>(at + kAttributesAt);
    header.last_offset_delta = load_be<std::int32_t>(at + kLastOffsetDeltaAt);
    header.first_timestamp = load_be<std::int64_t>(at + kFirstTimestampAt);
    header.max_time_stamp = load_be<std::int64_t>(at + kMaxTimestampAt);
    header.producer_id = load_be<std::int64_t>(at + kProducerIdAt);
    header.producer_epoch = load_be<std::int16_t>(at + kProducerEpochAt);
    header.first_sequence = load_be<std::int32_t>(at + kFirstSequenceAt);
    return header;
}

void write_batch_header(MutByteSpan bytes, const BatchHeader& header) {
    WEIR_ASSERT(bytes.size() >= kBatchHeaderSize);
    std::uint8_t* at = bytes.data();
    store_be(at, header.base_offset.value());
    store_be(at + kBatchLenAt, header.batch_len);
    store_be(at + kLeaderEpochAt, header.partition_leader_epoch.value());
    store_be(at + kMagicAt, header.magic);
    store_be(at + kCrcAt, header.crc);
    store_be(at + kAttributesAt, header.attributes);
    store_be(at + kLastOffsetDeltaAt, header.last_offset_delta);
    store_be(at + kFirstTimestampAt, header.first_timestamp);
    store_be(at + kMaxTimestampAt, header.max_time_stamp);
    store_be(at + kProducerIdAt, header.producer_id);
    store_be(at + kProducerEpochAt, header.producer_epoch);
    store_be(at + kFirstSequenceAt, header.first_sequence);
}

BatchFault check_batch_header(const BatchHeader& header) {
    const std::int32_t batch_len_min = kBatchLenMin + (header.has_schema_id() ? 4 : 0);
    if (header.batch_len < batch_len_min) {
        return BatchFault::batch_len_too_small;
    }
    if (header.magic != kBatchMagic) {
        return BatchFault::bad_magic;
    }
    if (header.last_offset_delta < 0) {
        return BatchFault::negative_count;
    }
    if (header.codec() > kBatchCodecMax) {
        return BatchFault::bad_codec;
    }
    return BatchFault::none;
}

BatchFault check_batch_shape(ByteSpan bytes) {
    if (bytes.size() < kBatchHeaderSize) {
        return BatchFault::header_incomplete;
    }
    const BatchHeader header = read_batch_header(bytes);
    const BatchFault fault = check_batch_header(header);
    if (fault != BatchFault::none) {
        return fault;
    }
    return header.size_bytes() > bytes.size() ? BatchFault::body_incomplete : BatchFault::none;
}

std::uint32_t compute_batch_crc(ByteSpan batch) {
    WEIR_ASSERT(batch.size() >= kBatchHeaderSize);
    return crc32c(batch.subspan(kBatchCrcStart));
}

bool batch_crc_matches(ByteSpan batch) {
    WEIR_ASSERT(batch.size() >= kBatchHeaderSize);
    return load_be<std::uint32_t>(batch.data() + kCrcAt) == compute_batch_crc(batch);
}

void set_batch_base_offset(MutByteSpan batch, Offset base_offset) {
    WEIR_ASSERT(batch.size() >= kBatchHeaderSize);
    store_be(batch.data(), base_offset.value());
}

void set_batch_leader_epoch(MutByteSpan batch, LeaderEpoch epoch) {
    WEIR_ASSERT(batch.size() >= kBatchHeaderSize);
    store_be(batch.data() + kLeaderEpochAt, epoch.value());
}

Bytes make_batch(BatchHeader header, ByteSpan payload) {
    Bytes batch(kBatchHeaderSize + payload.size());
    header.batch_len = static_cast<std::int32_t>(batch.size() - kBatchPreambleSize);
    write_batch_header(batch, header);
    if (!payload.empty()) {
        std::memcpy(batch.data() + kBatchHeaderSize, payload.data(), payload.size());
    }
    store_be(batch.data() + kCrcAt, compute_batch_crc(batch));
    return batch;
}

std::optional<BatchView> BatchWalker::stop(End end, BatchFault fault) {
    end_ = end;
    fault_ = fault;
    return std::nullopt;
}

std::optional<BatchView> BatchWalker::next() {
    if (end_ != End::not_reached) {
        return std::nullopt;
    }
    const ByteSpan rest = range_.subspan(position_);
    if (rest.empty()) {
        return stop(End::clean, BatchFault::none);
    }
    if (rest.size() < kBatchHeaderSize) {
        return all_zeros(rest) ? stop(End::zeros, BatchFault::none)
                               : stop(End::torn, BatchFault::header_incomplete);
    }
    const BatchHeader header = read_batch_header(rest);
    BatchFault fault = check_batch_header(header);
    if (fault == BatchFault::none && expected_.has_value() && header.base_offset != *expected_) {
        fault = BatchFault::offset_gap;
    }
    if (fault != BatchFault::none) {
        // A header of zeros is below the smallest batch length, so preallocated space ends here.
        return fault == BatchFault::batch_len_too_small && all_zeros(rest)
                   ? stop(End::zeros, BatchFault::none)
                   : stop(End::damaged, fault);
    }
    if (header.size_bytes() > rest.size()) {
        return stop(End::torn, BatchFault::body_incomplete);
    }
    const ByteSpan bytes = rest.first(header.size_bytes());
    if (check_ == Check::header_and_crc && !batch_crc_matches(bytes)) {
        return stop(End::damaged, BatchFault::crc_mismatch);
    }
    // Last, so that this is only said of a batch that is whole.
    if (epoch_min_.has_value() && header.partition_leader_epoch < *epoch_min_) {
        return stop(End::damaged, BatchFault::epoch_decreased);
    }
    BatchView view;
    view.header = header;
    view.position = position_;
    view.bytes = bytes;
    position_ += bytes.size();
    if (expected_.has_value()) {
        expected_ = header.next_offset();
    }
    if (epoch_min_.has_value()) {
        epoch_min_ = header.partition_leader_epoch;
    }
    return view;
}

bool all_zeros(ByteSpan bytes) {
    if (bytes.empty()) {
        return true;
    }
    // Zero first, and every byte equal to the one before it.
    return bytes.front() == 0 && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

}  // namespace weir
