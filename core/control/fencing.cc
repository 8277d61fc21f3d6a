#include "core/control/fencing.h"

#include "core/base/assert.h"
#include "core/control/live_sets.h"

namespace weir::control {

PartitionRecord on_fence(const PartitionRecord& record, SpuId spu) {
    WEIR_ASSERT(spu != kNoSpu);
    PartitionRecord next = record;
    leave_lrs(next, {spu});
    if (next.leader == spu) {
        next.leader = kNoSpu;
        next.leader_boot = kNoBoot;
        next.leader_epoch = next_epoch(next.leader_epoch);
        if (next.phase != PartitionPhase::recovering) {
            next.phase = PartitionPhase::election;
        }
    }
    if (next != record) {
        next.version = next_version(next.version);
    }
    return next;
}

}  // namespace weir::control
