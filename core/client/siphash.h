// SipHash-2-4 (Aumasson and Bernstein, 2012), which decides the partition of a keyed record.
//
// Pure; any executor. Every client of a topic must compute the same value, so it is fixed by the
// protocol (data-plane spec 7.3) and not ours to change.
#pragma once

#include "core/base/bytes.h"

#include <cstdint>

namespace weir::client {

// The hash of `bytes` under the key (k0, k1).
std::uint64_t siphash_2_4(std::uint64_t k0, std::uint64_t k1, ByteSpan bytes);

// What all clients compute for a record key: key (0, 0) over the key's size as 8 bytes
// little-endian, then the key.
std::uint64_t hash_record_key(ByteSpan key);

}  // namespace weir::client
