// Comparing two logs by which epoch wrote which offsets (design, replication 5.9; Kafka KIP-101 and
// KIP-279).
//
// Pure; any executor. One leader writes in one epoch, each offset once, so equal (offset, epoch)
// means equal records. Two logs agree up to where their lineages part.
//
// A log that starts above 0 keeps the entry of the epoch that wrote the record before its start,
// so that a follower which ends exactly there can still be compared.
#pragma once

#include "core/base/ids.h"
#include "core/model/lineage.h"
#include "core/model/partition_record.h"

#include <cstddef>
#include <variant>

namespace weir::replication {

// kNoEpoch of an empty lineage.
LeaderEpoch last_epoch(const Lineage& lineage);

// The epoch of the record that ends at `offset`; kNoEpoch when that is not known.
LeaderEpoch epoch_before(const Lineage& lineage, Offset offset);

// An epoch and the offset past its last record.
struct EpochEnd {
    LeaderEpoch epoch = kNoEpoch;
    Offset end;
    friend bool operator==(const EpochEnd&, const EpochEnd&) = default;
};

struct LogExtent {
    Offset log_start;
    Offset leo;
};

// The largest epoch that is not above `epoch`, and where it ends in a log with this lineage. When
// there is none: kNoEpoch and the offset from which all epochs are above.
EpochEnd end_of_epoch(const Lineage& lineage, const LogExtent& log, LeaderEpoch epoch);

// Whether it can be that of a log that ends at `leo`: entries ascend, and each has a record.
bool is_lineage(const Lineage& lineage, Offset leo);

// Records a batch of `epoch` at `base`. Both are not below those of the batches before.
void note_batch(Lineage& lineage, LeaderEpoch epoch, Offset base);

// Forgets what begins at or after `leo`.
void truncate(Lineage& lineage, Offset leo);

// Forgets epochs that ended before the record that precedes `log_start`.
void trim(Lineage& lineage, Offset log_start);

// The newest entries, `entries_max` at most.
Lineage tail_of(const Lineage& lineage, std::size_t entries_max);

// The follower's log is a prefix of the leader's.
struct InSync {
    friend bool operator==(const InSync&, const InSync&) = default;
};
// The follower must truncate to `truncation_point` of this, and be compared again.
struct DivergedAt {
    EpochEnd common;
    friend bool operator==(const DivergedAt&, const DivergedAt&) = default;
};
// The leader no longer has the records that the follower lacks.
struct OutOfReach {
    friend bool operator==(const OutOfReach&, const OutOfReach&) = default;
};
using Comparison = std::variant<InSync, DivergedAt, OutOfReach>;

// What a leader finds about a follower that has `follower_leo` and whose lineage ends with `tail`,
// for which is_lineage holds.
// A tail with one entry needs at most one round for each epoch of the follower; the whole lineage
// needs one round.
Comparison compare_logs(const Lineage& lineage, const LogExtent& log, const Lineage& tail,
                        Offset follower_leo);

// To where a follower with this log must truncate after `diverged`. May be below its log start:
// then nothing of it is left.
Offset truncation_point(const Lineage& lineage, const LogExtent& log, const DivergedAt& diverged);

}  // namespace weir::replication
