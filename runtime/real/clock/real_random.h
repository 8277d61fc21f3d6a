// Random streams from the system's entropy, read once at the start.
#pragma once

#include "core/base/result.h"
#include "core/env/random.h"

#include <cstdint>

namespace weir::real {

class RealRandom final : public Random {
public:
    static Result<std::uint64_t> read_entropy();
    explicit RealRandom(std::uint64_t seed) : seed_(seed) {}
    Prng stream(std::string_view label) override;

private:
    std::uint64_t seed_;
    std::uint64_t stream_count_ = 0;
};

}  // namespace weir::real
