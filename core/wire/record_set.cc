#include "core/wire/record_set.h"

#include <limits>

namespace weir::wire {

Result<BufferSlice> read_record_set(Reader& reader, const BufferSlice& frame) {
    WEIR_TRY(const std::int32_t size, reader.read_i32());
    if (size < 0) {
        return fail(ErrorCode::malformed, "negative size of a record set");
    }
    // The reader's start and end must be the frame's, or the slice would be other bytes.
    WEIR_ASSERT(reader.position() + reader.remaining() == frame.size());
    const std::size_t start = reader.position();
    WEIR_TRY(const ByteSpan bytes, reader.read_bytes(static_cast<std::size_t>(size)));
    return frame.sub(start, bytes.size());
}

void write_record_set(Writer& writer, const BufferSlice& records) {
    write_record_set_size(writer, records.size());
    writer.write_bytes(records.span());
}

void write_record_set_size(Writer& writer, std::uint64_t size_bytes) {
    WEIR_ASSERT(size_bytes <= static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max()));
    writer.write_u32(static_cast<std::uint32_t>(size_bytes));
}

}  // namespace weir::wire
