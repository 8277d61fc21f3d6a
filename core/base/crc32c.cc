#include "core/base/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace weir {

namespace {

constexpr std::uint32_t kPolynomial = 0x82f63b78U;

using Table = std::array<std::uint32_t, 256>;

constexpr std::array<Table, 8> make_tables() {
    std::array<Table, 8> tables{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc >> 1) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
        }
        tables[0][i] = crc;
    }
    for (std::uint32_t i = 0; i < 256; ++i) {
        for (std::size_t t = 1; t < 8; ++t) {
            const std::uint32_t previous = tables[t - 1][i];
            tables[t][i] = (previous >> 8) ^ tables[0][previous & 0xffU];
        }
    }
    return tables;
}

constexpr std::array<Table, 8> kTables = make_tables();

std::uint64_t load64(const std::uint8_t* p) {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof(word));
    return word;
}

// All functions below work on the inner (not inverted) state.
std::uint32_t extend_portable(std::uint32_t state, const std::uint8_t* p, std::size_t size) {
    while (size >= 8) {
        std::uint32_t low = state;
        for (int i = 0; i < 4; ++i) {
            low ^= static_cast<std::uint32_t>(p[i]) << (8 * i);
        }
        state = kTables[7][low & 0xffU] ^ kTables[6][(low >> 8) & 0xffU] ^
                kTables[5][(low >> 16) & 0xffU] ^ kTables[4][low >> 24] ^ kTables[3][p[4]] ^
                kTables[2][p[5]] ^ kTables[1][p[6]] ^ kTables[0][p[7]];
        p += 8;
        size -= 8;
    }
    for (; size > 0; --size, ++p) {
        state = (state >> 8) ^ kTables[0][(state ^ *p) & 0xffU];
    }
    return state;
}

#if defined(__x86_64__)

constexpr std::size_t kLane = 1024;  // bytes per interleaved stream

// Tables that advance a state over kLane zero bytes, one per byte of the state.
constexpr std::uint32_t advance_zeros(std::uint32_t state, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        state = (state >> 8) ^ kTables[0][state & 0xffU];
    }
    return state;
}

constexpr std::array<Table, 4> make_shift_tables() {
    std::array<Table, 4> shift{};
    for (std::size_t byte = 0; byte < 4; ++byte) {
        // Advancing is linear over xor: eight single-bit states give the whole table.
        std::array<std::uint32_t, 8> bits{};
        for (std::size_t bit = 0; bit < 8; ++bit) {
            bits[bit] = advance_zeros(1U << (8 * byte + bit), kLane);
        }
        for (std::uint32_t value = 0; value < 256; ++value) {
            std::uint32_t sum = 0;
            for (std::size_t bit = 0; bit < 8; ++bit) {
                sum ^= ((value >> bit) & 1U) != 0 ? bits[bit] : 0U;
            }
            shift[byte][value] = sum;
        }
    }
    return shift;
}

constexpr std::array<Table, 4> kShift = make_shift_tables();

std::uint32_t shift_lane(std::uint32_t state) {
    return kShift[0][state & 0xffU] ^ kShift[1][(state >> 8) & 0xffU] ^
           kShift[2][(state >> 16) & 0xffU] ^ kShift[3][state >> 24];
}

__attribute__((target("sse4.2"))) std::uint32_t extend_sse42(std::uint32_t state,
                                                             const std::uint8_t* p,
                                                             std::size_t size) {
    while (size >= 3 * kLane) {
        std::uint64_t a = state;
        std::uint64_t b = 0;
        std::uint64_t c = 0;
        for (std::size_t i = 0; i < kLane; i += 8) {
            a = _mm_crc32_u64(a, load64(p + i));
            b = _mm_crc32_u64(b, load64(p + kLane + i));
            c = _mm_crc32_u64(c, load64(p + 2 * kLane + i));
        }
        state = shift_lane(static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b);
        state = shift_lane(state) ^ static_cast<std::uint32_t>(c);
        p += 3 * kLane;
        size -= 3 * kLane;
    }
    std::uint64_t wide = state;
    for (; size >= 8; p += 8, size -= 8) {
        wide = _mm_crc32_u64(wide, load64(p));
    }
    state = static_cast<std::uint32_t>(wide);
    for (; size > 0; --size, ++p) {
        state = _mm_crc32_u8(state, *p);
    }
    return state;
}

#endif

using Extend = std::uint32_t (*)(std::uint32_t, const std::uint8_t*, std::size_t);

Extend choose() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2") != 0) {
        return extend_sse42;
    }
#endif
    return extend_portable;
}

}  // namespace

std::uint32_t crc32c_extend(std::uint32_t crc, ByteSpan bytes) {
    static const Extend extend = choose();
    return ~extend(~crc, bytes.data(), bytes.size());
}

std::uint32_t crc32c(ByteSpan bytes) {
    return crc32c_extend(0, bytes);
}

std::uint32_t crc32c_portable_for_test(std::uint32_t crc, ByteSpan bytes) {
    return ~extend_portable(~crc, bytes.data(), bytes.size());
}

}  // namespace weir
