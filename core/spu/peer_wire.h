// What both ends of a connection between SPUs do: greet, send and take messages of partitions.
//
// Functions on a connection's reader and writer; the callers own those. One shard.
#pragma once

#include "core/rpc/frame.h"
#include "core/spu/replica_manager.h"
#include "core/wire/replication.h"

#include <string_view>
#include <vector>

namespace weir::spu {

// A frame from a peer: batches as large as clients may send, and the fields around them.
inline constexpr std::uint32_t kPeerFrameOverhead = 1U << 20;
rpc::FrameLimits peer_frame_limits(const Config& config);

// Sends the hello and checks the welcome; answers the version of what follows. Errors: those of
// the connection, malformed, unavailable (refused, or it is another SPU).
Task<Result<wire::Version>> greet_peer(Context& context, rpc::FrameReader& reader,
                                       rpc::FrameWriter& writer, SpuId expected, CancelToken token);

// One frame with all of the messages, and their batches without copies. `into` is an empty buffer
// for its head.
rpc::OutFrame partition_frame(std::vector<wire::internal::PartitionMessage> messages,
                              wire::Version version, Bytes into);

// Gives the messages of a frame to their replicas, in order. Errors: malformed, cancelled.
Task<Result<void>> take_partition_frame(ReplicaManager& replicas, BufferSlice frame,
                                        CancelToken token);

}  // namespace weir::spu
