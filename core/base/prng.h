// Pseudo-random numbers with a fixed specification, equal on every compiler and machine.
//
// xoshiro256** (Blackman and Vigna, 2018) seeded by splitmix64; bounded draws by 128-bit
// multiply-shift (Lemire, 2019, without rejection: the bias below 2^-32 does not matter here).
// A stream is derived from (seed, label), so that removing the draws of one purpose does not move
// those of another. One draw per statement: the order of evaluation of arguments is unspecified.
#pragma once

#include "core/base/assert.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace weir {

// 64-bit hash of text and numbers with a fixed definition (FNV-1a, then a splitmix64 finish).
std::uint64_t stable_hash(std::string_view text);
std::uint64_t mix64(std::uint64_t value);

class Prng {
public:
    explicit Prng(std::uint64_t seed);
    // The stream `label` of `seed`.
    static Prng derive(std::uint64_t seed, std::string_view label);

    std::uint64_t next();
    // Uniform in [0, bound); bound > 0.
    std::uint64_t below(std::uint64_t bound);
    // Uniform in [low, high], both included.
    std::int64_t between(std::int64_t low, std::int64_t high);
    // True with probability numerator / denominator.
    bool chance(std::uint64_t numerator, std::uint64_t denominator);
    // Exponential-like with the given mean, at most 16 times the mean, integer arithmetic only:
    // heavy enough in the tail to reorder things.
    std::int64_t exponential(std::int64_t mean);

private:
    std::array<std::uint64_t, 4> state_;
};

}  // namespace weir
