// The connections to the SPUs that lead what is followed here.
//
// Owner: `run` in service.cc. One task and one connection for each such SPU, dialled while some
// replica here follows one there (PeerHub::leaders). On it go PartitionMessages in both directions
// (core/wire/replication.h): what the replicas here say, one frame for what a turn brought, and
// what the leaders answer, which the replicas get in order. When a connection ends, all that follow
// there are told, and it is dialled again. One shard.
#pragma once

#include "core/spu/replica_manager.h"

namespace weir::spu {

// Until the token is cancelled. Both outlive the task.
Task<void> run_leader_links(Context& context, ReplicaManager& replicas, CancelToken token);

}  // namespace weir::spu
