// 128-bit identities: of a topic's incarnation, of an SPU's storage, of one start of a process.
//
// A value; drawn from a Random stream by whoever creates the thing, never reused. The zero value
// means "none". Two topics of one name with different uids never share data.
#pragma once

#include "core/base/prng.h"

#include <compare>
#include <cstdint>
#include <string>

namespace weir {

struct Uid {
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    bool is_none() const { return high == 0 && low == 0; }
    friend bool operator==(const Uid&, const Uid&) = default;
    friend std::strong_ordering operator<=>(const Uid&, const Uid&) = default;
};

// Never the zero value.
Uid draw_uid(Prng& prng);

// 32 hexadecimal digits.
std::string to_string(const Uid& uid);

}  // namespace weir
