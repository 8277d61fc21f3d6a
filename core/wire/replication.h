// The messages of replication as frames of the private protocol (core/wire/internal.h).
//
// SPU to SPU, in both directions of a connection that a follower has opened: PartitionMessages,
// any number of partitions in one frame. The batches of its Appends come after the head of the
// frame, in the order of the Appends, and are never copied or encoded again; decoding hands them
// out as slices of the frame and reads their marks from their headers.
//
// Values; any executor. Decoding answers `malformed` on anything that does not follow the layout.
// Checksums of batches are the receiver's matter.
#pragma once

#include "core/base/bytes.h"
#include "core/replication/messages.h"
#include "core/wire/codec.h"
#include "core/wire/internal.h"

#include <cstdint>
#include <vector>

namespace weir::wire::internal {

struct PartitionMessage {
    PartitionRef partition;
    replication::PeerMessage message;
    // Of an Append: its batches, one after another. Empty for everything else.
    std::vector<BufferSlice> batches;
};

// The head of a frame with these messages, length field included; the batches of all messages, in
// order, are the rest of the frame (rpc::OutFrame::body). The marks in an Append do not travel.
// `into` is an empty buffer to build it in.
Bytes encode_partition_messages(const std::vector<PartitionMessage>& messages, Version version,
                                Bytes into = {});

// `frame` is the payload, from its InternalHeader on; its slices are shared with the result. The
// batches of a message come as one slice.
Result<std::vector<PartitionMessage>> decode_partition_messages(const BufferSlice& frame);

}  // namespace weir::wire::internal
