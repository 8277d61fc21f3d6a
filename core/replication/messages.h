// What replicas of a partition tell each other, and what they and the SC tell each other (design,
// replication 5.3).
//
// Values; the codec is elsewhere, and so are the bytes of batches. `boot` is the start of the SPU
// that sends (to the SC or a leader) or is meant (from the SC). A session of a follower with its
// leader is named by (boot, nonce). Nonces go up, and over restarts too: the answers carry no boot.
#pragma once

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/model/lineage.h"
#include "core/model/partition_record.h"
#include "core/model/uid.h"
#include "core/replication/lineage.h"
#include "core/replication/replica_log.h"

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

namespace weir::replication {

// Follower to leader: here is my log, attach me.
struct Attach {
    SpuId from = kNoSpu;
    BootEpoch boot;
    // Of the follower's replica.
    Uid uid;
    LeaderEpoch epoch;
    std::uint64_t nonce = 0;
    Offset leo;
    // What it will acknowledge if it is attached; at most its LEO.
    Offset acked;
    // The newest entries of its lineage; empty exactly when it has no record.
    Lineage tail;
    friend bool operator==(const Attach&, const Attach&) = default;
};

// Leader to follower: your log is a prefix of mine, which ended at `leso` when I began to lead.
struct AttachOk {
    LeaderEpoch epoch;
    std::uint64_t nonce = 0;
    // Nothing from a leader of an older version.
    std::optional<Offset> leso;
    friend bool operator==(const AttachOk&, const AttachOk&) = default;
};

// Leader to follower: truncate by this, and attach again.
struct Diverged {
    LeaderEpoch epoch;
    std::uint64_t nonce = 0;
    DivergedAt at;
    friend bool operator==(const Diverged&, const Diverged&) = default;
};

// Leader to follower: I no longer have what you lack; start empty at my log start.
struct Reset {
    LeaderEpoch epoch;
    std::uint64_t nonce = 0;
    Offset log_start;
    // Of the record before the log start; kNoEpoch when it is not known.
    LeaderEpoch preceding_epoch = kNoEpoch;
    friend bool operator==(const Reset&, const Reset&) = default;
};

// Leader to follower: the next batches; none of them to tell the rest (a keepalive).
struct Append {
    LeaderEpoch epoch;
    std::uint64_t nonce = 0;
    Offset base;
    LeaderEpoch preceding_epoch = kNoEpoch;
    Offset hw;
    Offset log_start;
    // On the leader's clock; comes back in the Ack.
    Instant sent_at;
    std::vector<BatchMark> batches;
    friend bool operator==(const Append&, const Append&) = default;
};

// Follower to leader: I have everything below `acked` (durably in mode fsync).
struct Ack {
    SpuId from = kNoSpu;
    BootEpoch boot;
    LeaderEpoch epoch;
    std::uint64_t nonce = 0;
    Offset acked;
    // `sent_at` of the newest Append that the follower had when it sent this.
    Instant echo;
    friend bool operator==(const Ack&, const Ack&) = default;
};

using PeerMessage = std::variant<Attach, AttachOk, Diverged, Reset, Append, Ack>;

// SC to SPU: the partition's record. Also the answer to an AlterLrs, whatever became of that: who
// asks finds in the record what holds now.
struct LeaderIs {
    ScEpoch sc_epoch;
    BootEpoch boot;
    PartitionRecord record;
};

// SC to SPU: stop acknowledging in epochs below `epoch`, and tell what you have.
struct Probe {
    ScEpoch sc_epoch;
    BootEpoch boot;
    LeaderEpoch epoch;
};

// SPU to SC.
struct ProbeAnswer {
    BootEpoch boot;
    LeaderEpoch epoch;
    // The newest that its log has entered.
    LeaderEpoch last_epoch;
    Offset leo;
    Offset hw;
    Offset log_start;
    // Not suspect.
    bool is_healthy = true;
    friend bool operator==(const ProbeAnswer&, const ProbeAnswer&) = default;
};

// SPU to SC: I lead `epoch`, from `leo` on.
struct Promoted {
    BootEpoch boot;
    LeaderEpoch epoch;
    Offset leo;
    friend bool operator==(const Promoted&, const Promoted&) = default;
};

// SPU to SC: I can't lead `epoch`.
struct PromoteFailed {
    BootEpoch boot;
    LeaderEpoch epoch;
    friend bool operator==(const PromoteFailed&, const PromoteFailed&) = default;
};

struct AddedMember {
    SpuId spu = kNoSpu;
    Uid uid;
    // Of the session in which it was found in sync.
    BootEpoch boot;
    friend bool operator==(const AddedMember&, const AddedMember&) = default;
};

// SPU to SC: change the LRS of the record of this version. One in flight; sent again unchanged
// until the record is known to be newer.
struct AlterLrs {
    BootEpoch boot;
    LeaderEpoch epoch;
    RecordVersion version;
    SpuSet lrs;
    // The members of `lrs` that the record does not have.
    std::vector<AddedMember> added;
    friend bool operator==(const AlterLrs&, const AlterLrs&) = default;
};

using ScMessage = std::variant<ProbeAnswer, Promoted, PromoteFailed, AlterLrs>;

}  // namespace weir::replication
