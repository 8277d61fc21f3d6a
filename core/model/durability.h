// When an append counts as committed, and with that what a crash can take.
#pragma once

#include <cstdint>

namespace weir {

enum class Durability : std::uint8_t {
    fsync,    // after a sync that covers it
    bounded,  // after the write; a sync follows within a bound
    async,    // after the write; the system decides when it reaches the disk
};

}  // namespace weir
