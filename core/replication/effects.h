// What a driver must do after a step of a replica's rules.
//
// The driver carries out the effects of all steps of one replica strictly in order; one that has to
// be durable is durable before the next begins. That is the whole protocol between the two: what
// is written here in front of a message must not be lost once the message is out.
#pragma once

#include "core/base/ids.h"
#include "core/model/entered_epoch.h"
#include "core/replication/messages.h"

#include <cstdint>
#include <variant>
#include <vector>

namespace weir::replication {

// Store the highest epoch that was accepted, the version of its record, and the newest epoch that
// the log has entered. Durable before what follows.
struct PersistState {
    LeaderEpoch epoch;
    RecordVersion version;
    EnteredEpoch entered;
};

// Store soon that this version of the epoch's record was accepted. Nothing waits for it.
struct NoteVersion {
    LeaderEpoch epoch;
    RecordVersion version;
};

// This replica no longer leads `epoch`: whoever waits for a commit gets NotLeaderForPartition.
struct StopLeading {
    LeaderEpoch epoch;
};

// Cut the log to `to`, and sync that. The lineage to store is the state's.
struct TruncateLog {
    Offset to;
};

// Drop the whole log, and start empty at `start`. Durable; the lineage to store is the state's.
struct ResetLog {
    Offset start;
};

// Write the batches of the Append that was the input, then report `appended`. A disk that refuses
// is not reported: the follower stays where it is, and leaves the LRS in time.
struct WriteBatches {};

// Delete whole segments below this, then report `evicted`.
struct EvictBelow {
    Offset log_start;
};

// The leader's HW moved: answer who waits for it.
struct HwAdvanced {
    Offset hw;
};

struct ToPeer {
    SpuId to = kNoSpu;
    PeerMessage message;
};

struct ToSc {
    ScMessage message;
};

enum class AlarmKind : std::uint8_t {
    truncation_below_hw,     // a leader lacks what was committed; this replica is suspect now
    metadata_regression,     // a follower's log is of an epoch that the SC has not given out yet
    lrs_member_out_of_reach  // a member of the LRS lacks records that the leader has deleted
};

struct Alarm {
    AlarmKind kind;
    Offset offset;
};

using Effect = std::variant<PersistState, NoteVersion, StopLeading, TruncateLog, ResetLog,
                            WriteBatches, EvictBelow, HwAdvanced, ToPeer, ToSc, Alarm>;
using Effects = std::vector<Effect>;

}  // namespace weir::replication
