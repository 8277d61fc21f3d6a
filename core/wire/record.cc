#include "core/wire/record.h"

#include "core/wire/error_code.h"

namespace weir::wire {

namespace {

std::size_t varint_size(std::int64_t value) {
    std::uint64_t zigzag =
        (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
    std::size_t size = 1;
    while (zigzag >= 0x80) {
        zigzag >>= 7;
        ++size;
    }
    return size;
}

std::size_t data_size(ByteSpan bytes) {
    return varint_size(static_cast<std::int64_t>(bytes.size())) + bytes.size();
}

// What the record's length field says.
std::size_t body_size(const RecordView& record) {
    std::size_t size = 1;  // attributes
    size += varint_size(record.timestamp_delta_ms);
    size += varint_size(record.offset_delta);
    size += 1;  // key present or not
    if (record.key.has_value()) {
        size += data_size(*record.key);
    }
    size += data_size(record.value);
    size += 1;  // headers
    return size;
}

}  // namespace

Result<RecordView> decode_record(Reader& reader) {
    WEIR_TRY(const std::int64_t size, reader.read_varint());
    if (size < 0 || static_cast<std::uint64_t>(size) > reader.remaining()) {
        return fail(ErrorCode::malformed, "record is longer than its batch");
    }
    const std::size_t start = reader.position();
    RecordView record;
    WEIR_CHECK(reader.read_i8());  // attributes: no meaning, any value
    WEIR_TRY(record.timestamp_delta_ms, reader.read_varint());
    WEIR_TRY(record.offset_delta, reader.read_varint());
    WEIR_TRY(record.key, reader.read_option(read_record_data));
    WEIR_TRY(record.value, read_record_data(reader));
    WEIR_TRY(const std::int64_t headers, reader.read_varint());
    if (headers != 0) {
        return fail(ErrorCode::malformed, "record has headers");
    }
    if (reader.position() - start != static_cast<std::size_t>(size)) {
        return fail(ErrorCode::malformed, "record length does not fit its fields");
    }
    return record;
}

void encode_record(Writer& writer, const RecordView& record) {
    writer.write_varint(static_cast<std::int64_t>(body_size(record)));
    writer.write_i8(0);
    writer.write_varint(record.timestamp_delta_ms);
    writer.write_varint(record.offset_delta);
    writer.write_option(record.key,
                        [](Writer& w, const ByteSpan& key) { write_record_data(w, key); });
    write_record_data(writer, record.value);
    writer.write_varint(0);
}

std::size_t encoded_size(const RecordView& record) {
    const std::size_t body = body_size(record);
    return varint_size(static_cast<std::int64_t>(body)) + body;
}

Result<RecordWalker> RecordWalker::open(ByteSpan payload) {
    Reader reader(payload);
    WEIR_TRY(const std::size_t count, reader.read_count());
    return RecordWalker(reader, static_cast<std::uint32_t>(count));
}

Result<RecordView> RecordWalker::next() {
    WEIR_ASSERT(more());
    WEIR_TRY(RecordView record, decode_record(reader_));
    ++walked_;
    return record;
}

PayloadBuilder::PayloadBuilder() {
    // A small record; what is larger grows it.
    constexpr std::size_t kFirstSize = 256;
    writer_.reserve(kFirstSize);
    writer_.write_u32(0);
}

void PayloadBuilder::add(std::optional<ByteSpan> key, ByteSpan value,
                         std::int32_t timestamp_delta_ms) {
    RecordView record;
    record.timestamp_delta_ms = timestamp_delta_ms;
    record.offset_delta = record_count_;
    record.key = key;
    record.value = value;
    encode_record(writer_, record);
    ++record_count_;
}

Bytes PayloadBuilder::take() && {
    writer_.patch_u32(0, record_count_);
    return std::move(writer_).take();
}

}  // namespace weir::wire
