// The layout of a PartitionRecord, on the internal connections and in the metadata store.
//
// Pure; any executor. Decoding answers `malformed` on anything that does not follow the layout;
// whether the record makes sense is core/control's matter.
#pragma once

#include "core/model/partition_record.h"
#include "core/wire/codec.h"

namespace weir::wire {

Result<PartitionRecord> decode_partition_record(Reader& reader);
void encode(Writer& writer, const PartitionRecord& record);

}  // namespace weir::wire
