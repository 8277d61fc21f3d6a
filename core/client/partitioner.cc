#include "core/client/partitioner.h"

#include "core/base/assert.h"
#include "core/client/siphash.h"

namespace weir::client {

std::uint32_t partition_for_key(ByteSpan key, std::uint32_t partition_count) {
    WEIR_ASSERT(partition_count > 0);
    return static_cast<std::uint32_t>(hash_record_key(key) % partition_count);
}

std::uint32_t Partitioner::choose(std::optional<ByteSpan> key, std::uint32_t partition_count,
                                  const std::vector<std::uint32_t>& online) {
    WEIR_ASSERT(partition_count > 0);
    if (key.has_value()) {
        return partition_for_key(*key, partition_count);
    }
    const std::uint64_t turn = next_++;
    if (online.empty()) {
        return static_cast<std::uint32_t>(turn % partition_count);
    }
    return online[static_cast<std::size_t>(turn % online.size())];
}

}  // namespace weir::client
