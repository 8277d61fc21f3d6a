// The randomness seam: named streams.
//
// In the simulator every stream derives from the seed of the run and the node; in production from
// the system's entropy at start.
#pragma once

#include "core/base/prng.h"

#include <string_view>

namespace weir {

class Random {
public:
    virtual ~Random() = default;
    // A new generator; two calls with one label give different, reproducible streams.
    virtual Prng stream(std::string_view label) = 0;
};

}  // namespace weir
