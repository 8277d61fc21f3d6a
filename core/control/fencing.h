// What it means for a partition that one of its SPUs is taken for gone (replication.md 5.3, 5.5).
//
// Pure; any executor. Elections follow from it: a record without a leader and with phase
// `election` or `recovering` waits for elect.
#pragma once

#include "core/model/partition_record.h"

namespace weir::control {

// The SPU leaves the LRS (for the ELR when fewer than min_live remain) and leadership. A change of
// the leader to nobody is one more epoch; any change is one more version. Idempotent: without
// anything to do the record comes back as it was.
PartitionRecord on_fence(const PartitionRecord& record, SpuId spu);

}  // namespace weir::control
