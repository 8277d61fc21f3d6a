// Where a partition begins and ends, and where in it a point in time is, asked of its leader.
//
// Free functions over a connection that the caller holds; one shard. Every call has the deadline of
// the client's request_timeout. Errors are those of the connection, and what the leader answers.
#pragma once

#include "core/base/ids.h"
#include "core/client/client.h"

#include <cstdint>
#include <memory>

namespace weir::client {

struct OffsetRange {
    // The log start.
    Offset start;
    // The high watermark; never below `start`.
    Offset end;
};

Task<Result<OffsetRange>> offset_range(Client& client, std::shared_ptr<ServerConnection> leader,
                                       ReplicaKey key, CancelToken token);

// The base offset of the first batch whose newest record is not older than `time_ms`, milliseconds
// since 1970; `range.end` when there is none. By halving, so that about log2 of the number of
// batches are read. The times are those of the producers: where they go back along the log, it is
// one of the places where older turns to newer.
Task<Result<Offset>> offset_at(Client& client, std::shared_ptr<ServerConnection> leader,
                               ReplicaKey key, OffsetRange range, std::int64_t time_ms,
                               CancelToken token);

}  // namespace weir::client
