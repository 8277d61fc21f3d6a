// Fixed-width big-endian integers in raw bytes, without bounds checks: the caller has made sure
// that the bytes are there. For checked decoding of messages see core/wire/codec.h.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace weir {

template <typename T>
T load_be(const std::uint8_t* from) {
    static_assert(std::is_integral_v<T>);
    using U = std::make_unsigned_t<T>;
    U value;
    std::memcpy(&value, from, sizeof(U));
    if constexpr (std::endian::native == std::endian::little && sizeof(U) > 1) {
        if constexpr (sizeof(U) == 2) {
            value = __builtin_bswap16(value);
        } else if constexpr (sizeof(U) == 4) {
            value = __builtin_bswap32(value);
        } else {
            value = __builtin_bswap64(value);
        }
    }
    return static_cast<T>(value);
}

template <typename T>
void store_be(std::uint8_t* to, T number) {
    static_assert(std::is_integral_v<T>);
    using U = std::make_unsigned_t<T>;
    auto value = static_cast<U>(number);
    if constexpr (std::endian::native == std::endian::little && sizeof(U) > 1) {
        if constexpr (sizeof(U) == 2) {
            value = __builtin_bswap16(value);
        } else if constexpr (sizeof(U) == 4) {
            value = __builtin_bswap32(value);
        } else {
            value = __builtin_bswap64(value);
        }
    }
    std::memcpy(to, &value, sizeof(U));
}

}  // namespace weir
