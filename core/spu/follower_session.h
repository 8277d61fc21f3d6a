// A connection on which another SPU follows partitions that are led here.
//
// Made by the peer server (peer_server.h) when the first message of partitions comes on a
// connection; lives as long as that. It takes what the followers say, and has one task that pushes:
// it goes over the followers with news (PeerHub) and sends what they lack, several partitions in
// one frame, batches without copies. The rules bound what is on the way to each of them. One shard.
#pragma once

#include "core/rpc/frame.h"
#include "core/spu/replica_manager.h"

namespace weir::spu {

class FollowerSession {
public:
    // All outlive it. The token ends the pushing; `end()` is cancelled with it, or when the
    // connection is of no further use.
    FollowerSession(Context& context, ReplicaManager& replicas, rpc::FrameWriter& writer,
                    SpuId follower, wire::Version version, CancelToken token);

    CancelToken end() { return outbox_.end.token(); }
    WEIR_CORO_WRAPPER Task<Result<void>> take(BufferSlice frame);
    // Until end(). Then everybody who was followed on this connection knows that it is gone.
    Task<void> push_all();

private:
    Task<Result<void>> push_some();

    Context& context_;
    ReplicaManager& replicas_;
    rpc::FrameWriter& writer_;
    SpuId follower_;
    wire::Version version_;
    FollowerOutbox outbox_;
};

}  // namespace weir::spu
