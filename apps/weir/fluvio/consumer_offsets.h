// The consumers' offsets in the log of Fluvio's consumer-offset-0 (data-plane spec, appendix B).
//
// Blocking reads on the calling thread. The log is a table of changes: of two with one key the
// later one counts.
#pragma once

#include "core/base/result.h"
#include "core/model/replica_key.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::cli::fluvio {

struct StoredConsumerOffset {
    ReplicaKey replica;
    std::string consumer_id;
    std::int64_t offset = 0;
    std::uint64_t modified_time_s = 0;
    friend bool operator==(const StoredConsumerOffset&, const StoredConsumerOffset&) = default;
};

// By replica and consumer. A record that is no change of this table is added to `damages`. Errors:
// io_error.
Result<std::vector<StoredConsumerOffset>> read_consumer_offsets(const std::string& dir,
                                                                std::vector<std::string>& damages);

}  // namespace weir::cli::fluvio
