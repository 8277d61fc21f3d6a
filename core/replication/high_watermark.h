// How far a leader may say that its log is committed (design, replication 5.8).
//
// Pure; any executor. The rule is PacificA's: what every replica that may be elected next has, is
// committed. "Every replica" is the maximal LRS (the stored one and the proposed one together), so
// a shrink helps only once it is stored, and an expansion holds the mark back before it is.
#pragma once

#include "core/base/ids.h"
#include "core/model/partition_record.h"

#include <cstdint>
#include <span>

namespace weir::replication {

// What one attached follower has acknowledged in its session with this leader.
struct AckedPosition {
    SpuId spu = kNoSpu;
    Offset acked;
};

struct HwInput {
    Offset hw;
    // Where the leader's log ended when its epoch began.
    Offset leso;
    SpuId self = kNoSpu;
    // What the leader counts for itself: its durable LEO in mode fsync, else its LEO.
    Offset own;
    // Attached followers that have sent an Ack, in any order, at most one entry each. Who is not
    // here is unknown.
    std::span<const AckedPosition> acked;
    std::span<const SpuId> maximal_lrs;
    std::span<const SpuId> committed_lrs;
    std::uint32_t min_live = 1;
};

// Never below `input.hw`. Above it only when the committed LRS has min_live members and each
// member of the maximal LRS is known to have the records; then it is the smallest position among
// the leader and those members, and so a batch boundary. Not below the LESO: until each of them has
// entered the epoch, a log that has not could be taken for the newer one (model/entered_epoch.h).
Offset compute_hw(const HwInput& input);

}  // namespace weir::replication
