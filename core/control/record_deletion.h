// Records that an operator deletes: everything below an offset of a partition.
//
// Pure; any executor. The offset becomes part of the partition's record, so that it survives every
// change of the leader: each replica deletes by the record, and nobody who leads has not heard of
// it (docs/decisions/0012).
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/model/partition_record.h"

namespace weir::control {

// The record to be stored; the same when all of it is deleted already. `hw` is what the present
// leader has reported. invalid_argument with a text for a person: an offset that is not one, or
// above `hw`.
Result<PartitionRecord> delete_records(const PartitionRecord& record, Offset before, Offset hw);

}  // namespace weir::control
