// Records, and the payloads of batches (data-plane spec 3.3).
//
// A batch is a 57-byte header (core/model/batch.h) and a payload: a u32 record count and the
// records, compressed as a whole if the attributes say so. This is the uncompressed payload;
// `make_batch` puts the header before it. Views point into the reader's bytes.
#pragma once

#include "core/base/bytes.h"
#include "core/wire/codec.h"

#include <cstdint>
#include <optional>

namespace weir::wire {

struct RecordView {
    // Milliseconds after the batch's first timestamp.
    std::int64_t timestamp_delta_ms = 0;
    // Position in the batch.
    std::int64_t offset_delta = 0;
    std::optional<ByteSpan> key;
    ByteSpan value;
};

// One record; its length field must be exact.
Result<RecordView> decode_record(Reader& reader);
// Deltas must fit 32 bits (asserted by the varint writer).
void encode_record(Writer& writer, const RecordView& record);
// Bytes that encode_record would write.
std::size_t encoded_size(const RecordView& record);

// Walks the records of an uncompressed payload.
//
//     WEIR_TRY(RecordWalker walker, RecordWalker::open(payload));
//     while (walker.more()) { WEIR_TRY(RecordView record, walker.next()); ... }
class RecordWalker {
public:
    static Result<RecordWalker> open(ByteSpan payload);
    // As many as the payload's count says; the header's count is another field.
    std::uint32_t record_count() const { return record_count_; }
    bool more() const { return walked_ < record_count_; }
    Result<RecordView> next();

private:
    RecordWalker(Reader reader, std::uint32_t record_count)
        : reader_(reader), record_count_(record_count) {}
    Reader reader_;
    std::uint32_t record_count_ = 0;
    std::uint32_t walked_ = 0;
};

// Gathers the payload of one batch.
class PayloadBuilder {
public:
    PayloadBuilder();
    // offset_delta is the position; timestamps are given as the delta.
    void add(std::optional<ByteSpan> key, ByteSpan value, std::int32_t timestamp_delta_ms);
    std::uint32_t record_count() const { return record_count_; }
    std::size_t size() const { return writer_.size(); }
    // Count and records, uncompressed.
    Bytes take() &&;

private:
    Writer writer_;
    std::uint32_t record_count_ = 0;
};

}  // namespace weir::wire
