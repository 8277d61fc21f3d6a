// CRC-32C (Castagnoli): reflected polynomial 0x82f63b78, initial and final xor 0xffffffff.
// Check value: crc32c of "123456789" is 0xe3069283. Uses SSE4.2 where the processor has it, three
// streams interleaved (Gopal et al., Intel 2011), and tables elsewhere; both give the same value.
#pragma once

#include "core/base/bytes.h"

#include <cstdint>

namespace weir {

std::uint32_t crc32c(ByteSpan bytes);
// Continues: crc32c_extend(crc32c(a), b) == crc32c(a followed by b).
std::uint32_t crc32c_extend(std::uint32_t crc, ByteSpan bytes);

// The table version alone, so that tests can compare the two.
std::uint32_t crc32c_portable_for_test(std::uint32_t crc, ByteSpan bytes);

}  // namespace weir
