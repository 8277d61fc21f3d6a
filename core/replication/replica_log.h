// What the rules know of the log of one replica: its ends, its high watermark, its lineage, and the
// newest epoch that it has entered.
//
// A value, owned by the ReplicaState; no IO. The driver tells it what the log did, in the same turn
// in which the log did it, so that it is never behind the log. LEO and HW are exclusive.
#pragma once

#include "core/base/ids.h"
#include "core/model/durability.h"
#include "core/model/entered_epoch.h"
#include "core/model/lineage.h"
#include "core/replication/lineage.h"

#include <span>

namespace weir::replication {

// A batch in a log or in an Append: records [base, end) of one epoch.
struct BatchMark {
    Offset base;
    Offset end;
    LeaderEpoch epoch;
    friend bool operator==(const BatchMark&, const BatchMark&) = default;
};

// log_start <= hw <= leo, log_start <= durable <= leo.
struct ReplicaLog {
    Offset log_start;
    Offset leo;
    // Up to here the log survives a loss of power.
    Offset durable;
    Offset hw;
    Lineage lineage;
    EnteredEpoch entered;

    LogExtent extent() const { return {log_start, leo}; }
    LeaderEpoch last_epoch() const { return replication::last_epoch(lineage); }
};

// The newest epoch that a log has entered: whoever has a record of an epoch has all that its leader
// began with, and of the others `entered` knows the newest.
LeaderEpoch newest_epoch(const Lineage& lineage, const EnteredEpoch& entered);

// `batches` follow the LEO without a gap, with epochs that do not go down.
void append(ReplicaLog& log, std::span<const BatchMark> batches);
// Everything from `to` on is gone, at the disk as well. Below the log start: everything is.
void truncate(ReplicaLog& log, Offset to);
// Empty at `start`; `preceding` wrote the record before it (kNoEpoch: not known).
void reset(ReplicaLog& log, Offset start, LeaderEpoch preceding);
// Segments below `log_start` were deleted, all of it committed. The HW may have gone down since (a
// new leader's hint): it is not below the log start.
void evict(ReplicaLog& log, Offset log_start);

// The position that counts as acknowledged by this replica.
Offset counted_position(const ReplicaLog& log, Durability durability);

}  // namespace weir::replication
