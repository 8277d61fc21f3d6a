// The official Snappy framing format: a stream identifier, then chunks of at most 64 KiB, each with
// a masked CRC-32C of its content. Neither raw Snappy nor Kafka's own framing.
//
// Pure; any executor. Errors as in compression.h.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"

namespace weir::client {

Result<Bytes> snappy_frame(ByteSpan bytes);
Result<Bytes> snappy_unframe(ByteSpan bytes, std::size_t size_max);

}  // namespace weir::client
