#include "runtime/record/fields.h"

#include "core/base/crc32c.h"

#include <algorithm>

namespace weir::record {

Fields& Fields::number(std::uint64_t value) {
    while (value >= 0x80) {
        bytes_.push_back(static_cast<std::uint8_t>(value | 0x80));
        value >>= 7;
    }
    bytes_.push_back(static_cast<std::uint8_t>(value));
    return *this;
}

Fields& Fields::signed_number(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    return number((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

Fields& Fields::text(std::string_view value) {
    return bytes(as_bytes(value));
}

Fields& Fields::bytes(ByteSpan value) {
    number(value.size());
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
}

Fields& Fields::digest(std::span<const ByteSpan> slices) {
    std::uint64_t size = 0;
    std::uint32_t crc = crc32c({});
    for (const ByteSpan slice : slices) {
        size += slice.size();
        crc = crc32c_extend(crc, slice);
    }
    return number(size).number(crc);
}

std::uint64_t FieldReader::number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
        const std::uint8_t byte = left_.front();
        left_ = left_.subspan(1);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            break;
        }
    }
    return value;
}

std::int64_t FieldReader::signed_number() {
    const std::uint64_t value = number();
    return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

std::string FieldReader::text() {
    return std::string(as_text(bytes()));
}

ByteSpan FieldReader::bytes() {
    const std::uint64_t wanted = number();
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, left_.size()));
    const ByteSpan value = left_.first(size);
    left_ = left_.subspan(size);
    return value;
}

}  // namespace weir::record
