#include "core/wire/codec.h"

#include <limits>

namespace weir::wire {

namespace {

tl::unexpected<Error> short_of(const char* what) {
    return fail(ErrorCode::malformed, std::string("message ends inside ") + what);
}

// Well-formed UTF-8 by table 3-7 of the Unicode standard.
bool is_utf8(ByteSpan bytes) {
    std::size_t i = 0;
    while (i < bytes.size()) {
        const std::uint8_t lead = bytes[i];
        if (lead < 0x80) {
            ++i;
            continue;
        }
        std::size_t tail = 0;
        std::uint8_t low = 0x80;
        std::uint8_t high = 0xbf;
        if (lead >= 0xc2 && lead <= 0xdf) {
            tail = 1;
        } else if (lead >= 0xe0 && lead <= 0xef) {
            tail = 2;
            low = lead == 0xe0 ? 0xa0 : low;
            high = lead == 0xed ? 0x9f : high;
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            tail = 3;
            low = lead == 0xf0 ? 0x90 : low;
            high = lead == 0xf4 ? 0x8f : high;
        } else {
            return false;
        }
        if (bytes.size() - i <= tail) {
            return false;
        }
        if (bytes[i + 1] < low || bytes[i + 1] > high) {
            return false;
        }
        for (std::size_t k = 2; k <= tail; ++k) {
            if (bytes[i + k] < 0x80 || bytes[i + k] > 0xbf) {
                return false;
            }
        }
        i += tail + 1;
    }
    return true;
}

}  // namespace

template <typename T>
Result<T> Reader::read_fixed() {
    if (remaining() < sizeof(T)) {
        return short_of("an integer");
    }
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        value = (value << 8) | bytes_[at_ + i];
    }
    at_ += sizeof(T);
    return static_cast<T>(value);
}

Result<std::int8_t> Reader::read_i8() {
    return read_fixed<std::int8_t>();
}
Result<std::uint8_t> Reader::read_u8() {
    return read_fixed<std::uint8_t>();
}
Result<std::int16_t> Reader::read_i16() {
    return read_fixed<std::int16_t>();
}
Result<std::uint16_t> Reader::read_u16() {
    return read_fixed<std::uint16_t>();
}
Result<std::int32_t> Reader::read_i32() {
    return read_fixed<std::int32_t>();
}
Result<std::uint32_t> Reader::read_u32() {
    return read_fixed<std::uint32_t>();
}
Result<std::int64_t> Reader::read_i64() {
    return read_fixed<std::int64_t>();
}
Result<std::uint64_t> Reader::read_u64() {
    return read_fixed<std::uint64_t>();
}

Result<bool> Reader::read_bool() {
    WEIR_TRY(const std::uint8_t value, read_u8());
    if (value > 1) {
        return fail(ErrorCode::malformed, "bool is neither 0 nor 1");
    }
    return value == 1;
}

Result<std::int64_t> Reader::read_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        WEIR_TRY(const std::uint8_t byte, read_u8());
        if (shift == 63 && byte > 1) {
            return fail(ErrorCode::malformed, "varint is longer than 64 bits");
        }
        value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
        if ((byte & 0x80U) == 0) {
            return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
        }
    }
    return fail(ErrorCode::malformed, "varint is longer than 10 bytes");
}

Result<std::string> Reader::read_string() {
    WEIR_TRY(const std::int16_t size, read_i16());
    if (size <= 0) {
        return std::string();
    }
    WEIR_TRY(const ByteSpan bytes, read_bytes(static_cast<std::size_t>(size)));
    if (!is_utf8(bytes)) {
        return fail(ErrorCode::malformed, "string is not UTF-8");
    }
    return std::string(as_text(bytes));
}

Result<ByteSpan> Reader::read_byte_vector() {
    WEIR_TRY(const std::int32_t size, read_i32());
    return read_bytes(size < 1 ? 0 : static_cast<std::size_t>(size));
}

Result<ByteSpan> Reader::read_bytes(std::size_t size) {
    if (remaining() < size) {
        return short_of("bytes");
    }
    const ByteSpan bytes = bytes_.subspan(at_, size);
    at_ += size;
    return bytes;
}

Result<std::size_t> Reader::read_count(std::size_t element_size_min) {
    WEIR_TRY(const std::int32_t count, read_i32());
    if (count < 1) {
        return std::size_t{0};
    }
    const auto wanted = static_cast<std::size_t>(count);
    if (element_size_min > 0 && wanted > remaining() / element_size_min) {
        return short_of("a vector");
    }
    return wanted;
}

Result<std::size_t> Reader::read_map_count() {
    WEIR_TRY(const std::uint16_t count, read_u16());
    return std::size_t{count};
}

template <typename T>
void Writer::write_fixed(T value) {
    // One step instead of a check of the capacity for every byte.
    const std::size_t at = bytes_.size();
    bytes_.resize(at + sizeof(T));
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        bytes_[at + i] = static_cast<std::uint8_t>(value >> (8 * (sizeof(T) - 1 - i)));
    }
}

void Writer::write_u16(std::uint16_t value) {
    write_fixed(value);
}

void Writer::write_u32(std::uint32_t value) {
    write_fixed(value);
}

void Writer::write_u64(std::uint64_t value) {
    write_fixed(value);
}

void Writer::write_varint(std::int64_t value) {
    WEIR_ASSERT(value >= std::numeric_limits<std::int32_t>::min());
    WEIR_ASSERT(value <= std::numeric_limits<std::int32_t>::max());
    std::uint64_t zigzag =
        (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
    while (zigzag >= 0x80) {
        write_u8(static_cast<std::uint8_t>(zigzag | 0x80U));
        zigzag >>= 7;
    }
    write_u8(static_cast<std::uint8_t>(zigzag));
}

void Writer::write_string(std::string_view text) {
    WEIR_ASSERT(text.size() <= kStringSizeMax);
    write_u16(static_cast<std::uint16_t>(text.size()));
    write_bytes(as_bytes(text));
}

void Writer::write_byte_vector(ByteSpan bytes) {
    write_count(bytes.size());
    write_bytes(bytes);
}

void Writer::write_bytes(ByteSpan bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void Writer::write_count(std::size_t count) {
    WEIR_ASSERT(count <= static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()));
    write_u32(static_cast<std::uint32_t>(count));
}

void Writer::write_map_count(std::size_t count) {
    WEIR_ASSERT(count <= std::numeric_limits<std::uint16_t>::max());
    write_u16(static_cast<std::uint16_t>(count));
}

void Writer::patch_u32(std::size_t position, std::uint32_t value) {
    WEIR_ASSERT(position + 4 <= bytes_.size());
    for (std::size_t i = 0; i < 4; ++i) {
        bytes_[position + i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
    }
}

}  // namespace weir::wire
