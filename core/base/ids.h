// The identifiers and positions of the domain. `Offset` counts records, `FilePosition` bytes.
#pragma once

#include "core/base/strong_int.h"

#include <cstdint>

namespace weir {

struct OffsetTag : Additive {};
struct FilePositionTag : Additive {};
struct LeaderEpochTag {};
struct SpuIdTag {};
struct CorrelationIdTag {};
struct PartitionIdTag {};
struct BootEpochTag {};
struct RecordVersionTag {};
struct ScEpochTag {};

// Position of a record in a partition, from 0. LEO and HW are exclusive (one past the last).
using Offset = StrongInt<OffsetTag, std::int64_t>;
// Position of a byte in a file, from 0.
using FilePosition = StrongInt<FilePositionTag, std::uint64_t>;
using LeaderEpoch = StrongInt<LeaderEpochTag, std::int32_t>;
using SpuId = StrongInt<SpuIdTag, std::int32_t>;
using CorrelationId = StrongInt<CorrelationIdTag, std::int32_t>;
using PartitionId = StrongInt<PartitionIdTag, std::uint32_t>;
// One start of one SPU, counted by the SC over the whole cluster. 0: none.
using BootEpoch = StrongInt<BootEpochTag, std::uint64_t>;
// Of a partition's record; one more with every change.
using RecordVersion = StrongInt<RecordVersionTag, std::uint64_t>;
// One term of one SC as the active one.
using ScEpoch = StrongInt<ScEpochTag, std::uint64_t>;

}  // namespace weir
