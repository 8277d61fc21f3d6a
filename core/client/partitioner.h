// Which partition a record goes to (data-plane spec 7.3).
//
// With a key: the key's hash modulo the number of partitions, always. Without: round robin over the
// partitions that have a leader online, over all when none is known to be. One per producer; one
// shard.
#pragma once

#include "core/base/bytes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::client {

// partition_count > 0.
std::uint32_t partition_for_key(ByteSpan key, std::uint32_t partition_count);

class Partitioner {
public:
    // `online` is sorted and holds numbers below partition_count (> 0).
    std::uint32_t choose(std::optional<ByteSpan> key, std::uint32_t partition_count,
                         const std::vector<std::uint32_t>& online);

private:
    std::uint64_t next_ = 0;
};

}  // namespace weir::client
