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

// Position of a record in a partition, from 0. LEO and HW are exclusive (one past the last).
using Offset = StrongInt<OffsetTag, std::int64_t>;
// Position of a byte in a file, from 0.
using FilePosition = StrongInt<FilePositionTag, std::uint64_t>;
using LeaderEpoch = StrongInt<LeaderEpochTag, std::int32_t>;
using SpuId = StrongInt<SpuIdTag, std::int32_t>;
using CorrelationId = StrongInt<CorrelationIdTag, std::int32_t>;
using PartitionId = StrongInt<PartitionIdTag, std::uint32_t>;

}  // namespace weir
