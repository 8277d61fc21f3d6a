#include "core/control/fencing.h"

#include "core/base/assert.h"
#include "core/control/live_sets.h"

namespace weir::control {

PartitionRecord on_fence(const PartitionRecord& record, SpuId spu) {
    WEIR_ASSERT(spu != kNoSpu);
    PartitionRecord next = record;
    leave_lrs(next, {spu});
    if (next.leader == spu) {
        lose_leader(next);
    }
    if (next != record) {
        next.version = next_version(next.version);
    }
    return next;
}

}  // namespace weir::control
