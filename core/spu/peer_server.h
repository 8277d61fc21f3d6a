// The private port of an SPU: other SPUs ask for the consumer offsets kept here, and follow the
// partitions led here (follower_session.h).
//
// `serve_peer` owns the connection and returns when it ends or the token is cancelled. One shard.
#pragma once

#include "core/spu/offset_store.h"

#include <memory>

namespace weir::spu {

struct PeerServices {
    Context& context;
    ReplicaManager& replicas;
    OffsetStore& store;
};

// `services` outlives the call.
Task<void> serve_peer(const PeerServices& services, std::unique_ptr<Connection> connection,
                      CancelToken token);

}  // namespace weir::spu
