// Who leads a partition next (replication.md 5.5).
//
// Pure; any executor. The caller probes the members first, calls elect with what they answered, and
// writes the record by compare-and-set on the version it started from; that write is the
// linearization point. elect never asserts on a record: it may have come from a damaged store.
//
// Choosing among LRS and ELR is never a matter of safety: every member has all that is committed.
// The order only decides what of the rest survives, and the balance.
#pragma once

#include "core/control/record_check.h"
#include "core/control/spu_state.h"
#include "core/model/partition_record.h"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace weir::control {

// What one replica said about itself last, in its registration or as an answer to a probe.
struct ReplicaReport {
    SpuId spu = kNoSpu;
    // The SPU's boot when it said it, and the identity of the replica it spoke of. A report of
    // another boot or another replica than the present one counts as none.
    BootEpoch boot = kNoBoot;
    Uid uid;
    // The newest that its log has entered; kNoEpoch for an empty log.
    LeaderEpoch last_epoch = kNoEpoch;
    Offset leo;
    // The log is open and its scan found no damage.
    bool healthy = true;
    friend bool operator==(const ReplicaReport&, const ReplicaReport&) = default;
};

// How new a log is. Compared by epoch first: who has entered a later one had all that was committed
// before it (core/model/entered_epoch.h).
struct LogEnd {
    LeaderEpoch last_epoch = kNoEpoch;
    Offset leo = Offset(-1);
    friend auto operator<=>(const LogEnd&, const LogEnd&) = default;
};

struct ElectionInput {
    PartitionRecord record;
    SpuStates spus;
    // In any order.
    std::vector<ReplicaReport> reports;
    // Candidates of this round that did not take the lead.
    SpuSet tried;
    // Alive but not connected: they stay where they are, and are not elected.
    SpuSet away;
    // Partitions that each SPU leads; missing: none.
    std::map<SpuId, std::uint32_t> leader_counts;
    // The highest LEO or HW of the partition that the SC ever heard of.
    Offset known_end;
    // The partition was without a leader for the time that policy `availability` waits.
    bool grace_is_over = false;
};

// Where the winner came from.
enum class ElectionPool : std::uint8_t { none, lrs, elr, last_known, any };

// Records that may be lost by an election outside of LRS and ELR: [from, to), empty when nothing
// is known to be lost. Made once for each such election.
struct DataLoss {
    SpuId leader = kNoSpu;
    LeaderEpoch epoch = kNoEpoch;
    Offset from;
    Offset to;
    friend bool operator==(const DataLoss&, const DataLoss&) = default;
};

struct ElectionDecision {
    // Epoch and version are one more, and the phase is candidate_found, recovering or offline.
    // Fenced members have left the LRS. Equal to the input's record when it says already that
    // nobody leads and that is still so.
    PartitionRecord record;
    ElectionPool pool = ElectionPool::none;
    std::optional<DataLoss> loss;
    // Why the record cannot be trusted; nobody leads then.
    std::vector<RecordFault> alarms;
    friend bool operator==(const ElectionDecision&, const ElectionDecision&) = default;
};

// A candidate is unfenced, not draining, not tried, and has not reported damage. In this order:
// 1. a candidate of the LRS;
// 2. a candidate of the ELR, which moves to the LRS;
// 3. when LRS and ELR are empty: one of last_known, once all of its members are unfenced and have
//    reported; not under policy `never`, except with a single replica, where there is no other
//    copy to wait for. Only one that has as much as any other that is not damaged: draining or not,
//    and when all of these have been tried, nobody in this round;
// 4. under policy `availability`, after the grace: any assigned candidate. Those who were in LRS
//    or ELR become last_known, since what they have is no longer what counts;
// 5. nobody.
// Among the candidates of a pool wins the greatest (last epoch, LEO), then the preferred leader,
// then the SPU that leads least, then the lowest id. One that has not reported ranks lowest.
// After 3 and 4 the phase is `recovering`, and stays so, under any leader, until the LRS has
// min_live members.
ElectionDecision elect(const ElectionInput& input);

// What the replica on `spu` reported last; nullopt when no report of it counts.
std::optional<LogEnd> log_end(const ElectionInput& input, SpuId spu);

// The best by the same order among those of `pool` that are candidates; kNoSpu when there is none.
SpuId best_candidate(const ElectionInput& input, const SpuSet& pool);

}  // namespace weir::control
