#include "core/base/prng.h"

#include <algorithm>
#include <bit>

namespace weir {

namespace {

std::uint64_t splitmix(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15ULL;
    return mix64(state);
}

}  // namespace

std::uint64_t mix64(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

std::uint64_t stable_hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (char c : text) {
        hash ^= static_cast<std::uint8_t>(c);
        hash *= 0x100000001b3ULL;
    }
    return mix64(hash);
}

Prng::Prng(std::uint64_t seed) : state_{} {
    std::uint64_t s = seed;
    for (auto& word : state_) {
        word = splitmix(s);
    }
}

Prng Prng::derive(std::uint64_t seed, std::string_view label) {
    return Prng(mix64(seed) ^ stable_hash(label));
}

std::uint64_t Prng::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::uint64_t Prng::below(std::uint64_t bound) {
    WEIR_ASSERT(bound > 0);
    __extension__ using Wide = unsigned __int128;
    return static_cast<std::uint64_t>((static_cast<Wide>(next()) * bound) >> 64);
}

std::int64_t Prng::between(std::int64_t low, std::int64_t high) {
    WEIR_ASSERT(low <= high);
    const std::uint64_t width = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    if (width == UINT64_MAX) {
        return static_cast<std::int64_t>(next());
    }
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + below(width + 1));
}

bool Prng::chance(std::uint64_t numerator, std::uint64_t denominator) {
    WEIR_ASSERT(denominator > 0);
    return below(denominator) < numerator;
}

std::int64_t Prng::exponential(std::int64_t mean) {
    WEIR_ASSERT(mean >= 0);
    // Number of leading zero bits is geometric with p = 1/2: zeros * ln 2 approximates an
    // exponential in steps; a uniform fraction inside the step makes it continuous.
    const std::uint64_t draw = next();
    const int zeros = std::min(std::countl_zero(draw | 1), 22);
    const std::uint64_t fraction = next() >> 54;  // 10 bits
    const std::int64_t steps =
        (static_cast<std::int64_t>(zeros) << 10) + static_cast<std::int64_t>(fraction);
    // 710 / 1024 is ln 2.
    __extension__ using Wide = __int128;
    return static_cast<std::int64_t>((static_cast<Wide>(mean) * steps * 710) >> 20);
}

}  // namespace weir
