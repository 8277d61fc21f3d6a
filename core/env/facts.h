// What core tells a listening probe about its replicas: facts that cannot be seen from outside.
//
// Values that refer to the teller's memory: valid during the call only. Told in the turn in which
// they become true. Only a simulator listens, to check the rules of replication at every step.
#pragma once

#include "core/base/ids.h"

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>

namespace weir {

// A partition of one incarnation of a topic.
struct PartitionIdentity {
    std::uint64_t topic_uid_high = 0;
    std::uint64_t topic_uid_low = 0;
    PartitionId partition;
    friend auto operator<=>(const PartitionIdentity&, const PartitionIdentity&) = default;
};

// The log in `dir` is open, with what was found in its files.
struct LogOpened {
    std::string_view dir;
    PartitionIdentity partition;
    Offset log_start;
    Offset leo;
};

// Nothing is appended to it any more.
struct LogClosed {
    std::string_view dir;
};

// A batch is at the end of the log. `crc` stands for its records.
struct BatchWritten {
    std::string_view dir;
    Offset base;
    Offset next;
    LeaderEpoch epoch;
    std::uint32_t crc = 0;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t first_sequence = -1;
};

// The log is about to be cut at `to`. After a crash it ends there, or where it did. `all`: nothing
// of it stays.
struct CutBegun {
    std::string_view dir;
    Offset to;
    bool all = false;
};

// Everything from `to` on is gone. `all`: everything is, and the log goes on there.
struct LogCut {
    std::string_view dir;
    Offset to;
    bool all = false;
};

enum class ReplicaRole : std::uint8_t { none, attaching, attached, leader };

// A replica as its rules see it, after each of their steps.
struct ReplicaMoved {
    std::string_view dir;
    PartitionIdentity partition;
    std::uint64_t replica_uid_low = 0;
    SpuId spu;
    BootEpoch boot;
    ReplicaRole role = ReplicaRole::none;
    LeaderEpoch epoch;  // of the record that it obeys
    LeaderEpoch fence_epoch;
    LeaderEpoch entered_epoch;  // the newest, beside those of its records; of a follower, as stored
    Offset log_start;
    Offset durable;
    Offset hw;
    Offset leo;
    bool acks_durable = true;  // mode fsync
    std::uint32_t min_live = 1;
    std::span<const SpuId> committed_lrs;
    std::span<const SpuId> maximal_lrs;  // of a leader
};

// A follower tells its leader that it has everything below.
struct PositionAcked {
    std::string_view dir;
    Offset acked;
};

// A leader asks the SC for another LRS. `content` is the same for equal requests only.
struct LrsAsked {
    PartitionIdentity partition;
    SpuId spu;
    BootEpoch boot;
    LeaderEpoch epoch;
    RecordVersion version;
    std::span<const SpuId> lrs;
    std::uint64_t content = 0;
};

// A client is about to be told what is in the log. (That a record is committed is true whoever says
// it.)
struct ClientServed {
    PartitionIdentity partition;
    SpuId spu;
    BootEpoch boot;
};

// A producer is about to be told that a batch with a sequence is committed, and where.
struct BatchAcked {
    PartitionIdentity partition;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::int32_t first_sequence = -1;
    Offset base;
};

// The files of a replica are about to be deleted for good.
struct ReplicaDropped {
    PartitionIdentity partition;
    SpuId spu;
    std::uint64_t replica_uid_low = 0;  // 0: not known
};

// An SPU that runs as `boot` works for an SC of this term from now on.
struct TermObeyed {
    BootEpoch boot;
    ScEpoch term;
};

// An SC that has just started goes on without the SPUs that have not come. What only they know,
// such as that its metadata are from a backup, it does not.
struct SilentGivenUp {};

using Fact =
    std::variant<LogOpened, LogClosed, BatchWritten, CutBegun, LogCut, ReplicaMoved, PositionAcked,
                 LrsAsked, ClientServed, BatchAcked, ReplicaDropped, TermObeyed, SilentGivenUp>;

}  // namespace weir
