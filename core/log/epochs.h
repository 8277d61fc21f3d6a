// What a log does with its lineage: entries come with batches, and go by truncation and retention.
//
// Pure functions on a value. Batches come in the order of their offsets, with epochs that do not
// decrease (the callers have seen to that). Retention keeps the entry of the newest epoch although
// nothing that it wrote may be left: a log that was emptied still knows what it ended with.
#pragma once

#include "core/base/ids.h"
#include "core/model/lineage.h"

namespace weir::log {

// A batch of `epoch` starts at `base_offset`. An entry that starts there too had no batch left.
inline void note_batch(Lineage& lineage, LeaderEpoch epoch, Offset base_offset) {
    if (lineage.empty() || lineage.back().start < base_offset) {
        if (lineage.empty() || lineage.back().epoch < epoch) {
            lineage.push_back(EpochStart{epoch, base_offset});
        }
    } else if (lineage.back().epoch < epoch) {
        lineage.back().epoch = epoch;
    }
}

// Of the newest entry; kNoEpoch when there is none.
LeaderEpoch last_epoch(const Lineage& lineage);
// Of the batch that holds `offset`, which is not below the first entry (else kNoEpoch).
LeaderEpoch epoch_at(const Lineage& lineage, Offset offset);

// The log ends at `end` now.
void cut_lineage(Lineage& lineage, Offset end);
// The log starts at `start` now.
void trim_lineage(Lineage& lineage, Offset start);
// Of the batches in [from, to): the first entry starts at `from`, unless there is nothing. What the
// lineage does not know at its beginning counts as of its first epoch.
Lineage lineage_within(const Lineage& lineage, Offset from, Offset to);

// As the rules of replication keep it: `before` wrote the record before `log_start`, and has an
// entry there. An entry at `log_start` of which no batch is left (`leo` says so) is no other one.
// kNoEpoch: not known.
Lineage with_epoch_before(Lineage lineage, Offset log_start, Offset leo, LeaderEpoch before);

}  // namespace weir::log
