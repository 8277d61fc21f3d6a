// Records of simulated producers: a value says which record it is and proves that it is whole.
#pragma once

#include "core/base/bytes.h"
#include "runtime/sim/check/oracle.h"

namespace weir::sim {

// At least kPayloadSizeMin bytes: magic, record number, checksum, then bytes that follow from the
// number and compress somewhat.
inline constexpr std::size_t kPayloadSizeMin = 16;
Bytes encode_payload(RecordId record, std::size_t size);

// 0 when the bytes are not such a value, unchanged.
RecordId decode_payload(ByteSpan value);

}  // namespace weir::sim
