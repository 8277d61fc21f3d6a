// The newest leader epoch that a log has entered: by that one is found, among several logs, that
// has all that was committed.
//
// A log enters an epoch when it is a prefix of that of the epoch's leader and reaches to where the
// leader began (its LESO). That is stored before the replica acknowledges it, and a leader commits
// nothing in its epoch before all whom it waits for have entered it. So the longest of the logs
// that have entered the newest epoch has everything. The lineage alone does not tell: a leader that
// commits what was written before it, and writes nothing itself, leaves no entry there, and what
// another one wrote in an epoch between, and never committed, would look newer.
//
// This is the last normal view of Viewstamped Replication (Liskov and Cowling, "Viewstamped
// Replication Revisited", 2012, 4.2). A value, any executor.
#pragma once

#include "core/base/ids.h"

#include <algorithm>

namespace weir {

struct EnteredEpoch {
    // Below 0: none.
    LeaderEpoch epoch = LeaderEpoch(-1);
    // A log that ends below this has lost what it had when it entered.
    Offset start;
    friend bool operator==(const EnteredEpoch&, const EnteredEpoch&) = default;

    // False, and nothing changes, when that says nothing new: an older epoch, or one that began
    // with an empty log, in which only its own records can be committed.
    bool enter(EnteredEpoch newer) {
        if (newer.epoch <= epoch || newer.start <= Offset(0)) {
            return false;
        }
        *this = newer;
        return true;
    }
    // A leader has the log cut: nothing that was committed goes.
    void cut(Offset leo) { start = std::min(start, leo); }
    // A log that ends there is found at the start of a process.
    void found(Offset leo) {
        if (start > leo) {
            *this = EnteredEpoch();
        }
    }
};

}  // namespace weir
