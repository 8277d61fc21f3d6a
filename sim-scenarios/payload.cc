#include "sim-scenarios/payload.h"

#include "core/base/crc32c.h"
#include "core/base/prng.h"

#include <algorithm>

namespace weir::sim {

namespace {

constexpr std::uint32_t kMagic = 0x57656972;  // "Weir"

void put(Bytes& bytes, std::size_t at, std::uint64_t value, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) {
        bytes[at + i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
}

std::uint64_t get(ByteSpan bytes, std::size_t at, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < size; ++i) {
        value |= std::uint64_t{bytes[at + i]} << (8 * i);
    }
    return value;
}

// Over everything but the checksum itself.
std::uint32_t checksum(ByteSpan value) {
    return crc32c_extend(crc32c(value.first(12)), value.subspan(kPayloadSizeMin));
}

}  // namespace

Bytes encode_payload(RecordId record, std::size_t size) {
    Bytes value(std::max(size, kPayloadSizeMin));
    put(value, 0, kMagic, 4);
    put(value, 4, record, 8);
    std::uint64_t word = mix64(record);
    for (std::size_t i = kPayloadSizeMin; i < value.size(); ++i) {
        if (i % 8 == 0) {
            word = mix64(word + i);
        }
        // Sixteen different bytes only, so that codecs have something to do.
        value[i] = static_cast<std::uint8_t>('a' + ((word >> (4 * (i % 8))) & 15U));
    }
    put(value, 12, checksum(value), 4);
    return value;
}

RecordId decode_payload(ByteSpan value) {
    if (value.size() < kPayloadSizeMin || get(value, 0, 4) != kMagic ||
        get(value, 12, 4) != checksum(value)) {
        return 0;
    }
    return get(value, 4, 8);
}

}  // namespace weir::sim
