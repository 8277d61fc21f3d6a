// The record batch as bytes: its 57-byte header, its checksum, and the walk over a range of
// batches.
//
// A batch is the unit that producers send, the log stores and consumers get; it is never encoded
// again on the way. Its base offset (bytes 0 to 7) and leader epoch (12 to 15) are assigned by the
// leader in place, outside of the checksum, which covers byte 21 to the end. Layout:
// docs/internals/wire.md, "Batches".
//
// All functions are pure and view bytes that the caller keeps alive. Bytes from outside never
// trip an assertion here: what is wrong with them is a value.
#pragma once

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/result.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir {

// base_offset (8) and batch_len (4), then the 45 bytes that batch_len counts at least.
inline constexpr std::size_t kBatchPreambleSize = 12;
inline constexpr std::size_t kBatchHeaderSize = 57;
inline constexpr std::int32_t kBatchLenMin = 45;
inline constexpr std::int8_t kBatchMagic = 2;
// The checksum covers the batch from here on.
inline constexpr std::size_t kBatchCrcStart = 21;
inline constexpr std::int16_t kBatchCodecMask = 0x07;
inline constexpr std::int16_t kBatchCodecMax = 4;
inline constexpr std::int16_t kBatchSchemaIdBit = 0x10;

struct BatchHeader {
    Offset base_offset{0};
    std::int32_t batch_len = kBatchLenMin;
    LeaderEpoch partition_leader_epoch{-1};
    std::int8_t magic = kBatchMagic;
    std::uint32_t crc = 0;
    std::int16_t attributes = 0;
    std::int32_t last_offset_delta = 0;
    // Milliseconds since 1970, or -1.
    std::int64_t first_timestamp = -1;
    std::int64_t max_time_stamp = -1;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t first_sequence = -1;

    // Of the whole batch, header included. Meaningful when batch_len is not negative.
    std::size_t size_bytes() const {
        return kBatchPreambleSize + static_cast<std::size_t>(batch_len);
    }
    std::int64_t record_count() const {
        return last_offset_delta < 0 ? 0 : std::int64_t{last_offset_delta} + 1;
    }
    // Of the record after the last one of this batch.
    Offset next_offset() const { return base_offset + record_count(); }
    // 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; 5 to 7 are not defined.
    std::int16_t codec() const { return static_cast<std::int16_t>(attributes & kBatchCodecMask); }
    bool has_schema_id() const { return (attributes & kBatchSchemaIdBit) != 0; }
    // Where the payload (record count and records, perhaps compressed) begins in the batch.
    std::size_t payload_start() const { return kBatchHeaderSize + (has_schema_id() ? 4 : 0); }
};

// What is wrong with a batch, in the order in which it is looked at.
enum class BatchFault : std::uint8_t {
    none,
    header_incomplete,     // fewer than 57 bytes
    batch_len_too_small,   // below 45 (49 with a schema id), or negative
    bad_magic,             // not 2
    negative_count,        // last_offset_delta < 0
    negative_base_offset,  // only where the base offset is ours
    bad_codec,             // codec bits 5 to 7
    body_incomplete,       // the bytes end before the batch does
    crc_mismatch,
    offset_gap,       // the base offset is not the one that must follow
    epoch_decreased,  // the leader epoch is below that of the batch before
};
std::string_view to_string(BatchFault fault);

// Reads the fields; needs kBatchHeaderSize bytes.
BatchHeader read_batch_header(ByteSpan bytes);
// Writes the fields into the first kBatchHeaderSize bytes.
void write_batch_header(MutByteSpan bytes, const BatchHeader& header);

// Everything that can be told from the header alone; does not look at base_offset, which is
// arbitrary in what clients send.
BatchFault check_batch_header(const BatchHeader& header);
// The header and the presence of the body: the first batch of `bytes` is all there and well formed.
// The checksum is not looked at.
BatchFault check_batch_shape(ByteSpan bytes);
// `batch` is exactly one whole batch.
std::uint32_t compute_batch_crc(ByteSpan batch);
bool batch_crc_matches(ByteSpan batch);

// In place, outside of the checksum.
void set_batch_base_offset(MutByteSpan batch, Offset base_offset);
void set_batch_leader_epoch(MutByteSpan batch, LeaderEpoch epoch);

// A batch around `payload` (record count and records as they go on the wire) with lengths and
// checksum filled in; `header` gives the other fields.
Bytes make_batch(BatchHeader header, ByteSpan payload);

struct BatchView {
    BatchHeader header;
    // Of the first byte of the batch in the range that was walked.
    std::size_t position = 0;
    ByteSpan bytes;
};

// Whole batches one after another in a range of bytes, and how the range ends.
//
//     BatchWalker walker(range, BatchWalker::Check::header);
//     while (const auto batch = walker.next()) { ... }
//     if (walker.end() != BatchWalker::End::clean) { ... walker.fault() at walker.position() ... }
class BatchWalker {
public:
    enum class Check : std::uint8_t { header, header_and_crc };
    enum class End : std::uint8_t {
        not_reached,
        clean,    // the range ends where a batch ends
        zeros,    // only zero bytes follow: preallocated space
        torn,     // the last batch is not all there
        damaged,  // see fault()
    };

    BatchWalker(ByteSpan range, Check check) : range_(range), check_(check) {}
    // Also demands that each batch starts at the offset where the one before ended, from `first`.
    BatchWalker(ByteSpan range, Check check, Offset first)
        : range_(range), check_(check), expected_(first) {}
    // And that no batch's leader epoch is below that of the one before, or below `epoch_min`.
    BatchWalker(ByteSpan range, Check check, Offset first, LeaderEpoch epoch_min)
        : range_(range), check_(check), expected_(first), epoch_min_(epoch_min) {}

    // Nothing when the end has been reached; the end is sticky.
    std::optional<BatchView> next();
    End end() const { return end_; }
    BatchFault fault() const { return fault_; }
    // Of the byte after the last batch that next() gave.
    std::size_t position() const { return position_; }

private:
    std::optional<BatchView> stop(End end, BatchFault fault);
    ByteSpan range_;
    Check check_;
    std::optional<Offset> expected_;
    std::optional<LeaderEpoch> epoch_min_;
    std::size_t position_ = 0;
    End end_ = End::not_reached;
    BatchFault fault_ = BatchFault::none;
};

bool all_zeros(ByteSpan bytes);

}  // namespace weir
