// What each step of a role is given beside its input.
//
// A view that lives for one call; owned by the ReplicaState that makes it.
#pragma once

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/model/partition_record.h"
#include "core/model/uid.h"
#include "core/replication/effects.h"
#include "core/replication/replica_log.h"

#include <cstddef>
#include <cstdint>

namespace weir::replication {

// Who this replica is. Constant for the life of a process.
struct ReplicaIdentity {
    SpuId spu = kNoSpu;
    BootEpoch boot;
    Uid topic_uid;
    PartitionId partition;
    // Of this assignment of the partition to this SPU.
    Uid uid;
};

// Settings of the cluster, equal on all its SPUs. Times of the design, replication 10.
struct ReplicaOptions {
    // A follower joins the LRS when it has been in sync for this long.
    Duration expand_hold = Duration::from_ms(500);
    // A follower that was not in sync for this long leaves it.
    Duration lag_max = Duration::from_s(6);
    // An AlterLrs without an answer is sent again after this.
    Duration alter_retry = Duration::from_ms(200);
    // An Attach without an answer is sent again after these, doubling.
    Duration attach_retry_min = Duration::from_ms(100);
    Duration attach_retry_max = Duration::from_s(1);
    // A follower that has nothing to get hears from its leader this often.
    Duration keepalive = Duration::from_ms(200);
    // A follower that has heard nothing for this long attaches anew; doubling on one connection.
    Duration peer_silence_min = Duration::from_s(1);
    Duration peer_silence_max = Duration::from_s(30);
    // For which a member of the LRS is known to follow from when it was told so.
    Duration read_lease = Duration::from_ms(1'000);
    // Bytes of batches in one Append (one batch may be larger), and without an Ack for one
    // follower.
    std::size_t chunk_bytes = 1U << 20;
    std::size_t window_bytes = 4U << 20;
};

// When a step happens, and until when the SC lets this SPU lead.
struct Moment {
    Instant now;
    Instant lease_end;
    // Another SPU may lead by a record that the SC has lost: without a lease nobody rides through.
    bool in_doubt = false;
};

// What a role may look at.
struct View {
    const ReplicaIdentity& self;
    const ReplicaOptions& options;
    // The newest that was accepted.
    const PartitionRecord& record;
    Moment at;
};

// What of following outlives the leader that is followed.
struct FollowerHistory {
    // Begins with the boot, and is handed on in the process, so that none comes twice.
    std::uint64_t last_nonce = 0;
    // When it last told a leader that it follows; the start of the process before that.
    Instant followed_at;
};

// What a role may change beside itself.
struct Step : View {
    ReplicaLog& log;
    FollowerHistory& history;
    Effects& effects;
};

}  // namespace weir::replication
