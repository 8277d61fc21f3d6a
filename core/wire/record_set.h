// A record set inside a message: an i32 size and that many bytes of batches (data-plane spec 3.1).
//
// The bytes are never copied on the way in: decoding gives a slice of the frame that holds the
// message. Walk them with the batch walker of core/model/batch.h.
#pragma once

#include "core/base/bytes.h"
#include "core/wire/codec.h"

namespace weir::wire {

// `reader` reads `frame.span()` from its start (asserted): positions in one are positions in the
// other. The slice keeps the frame's buffer alive.
Result<BufferSlice> read_record_set(Reader& reader, const BufferSlice& frame);
// Size and bytes.
void write_record_set(Writer& writer, const BufferSlice& records);
// The size alone; the bytes are sent after the message.
void write_record_set_size(Writer& writer, std::uint64_t size_bytes);

}  // namespace weir::wire
