// Fetch and FetchOffsets (data-plane spec 4.3 and 4.4): questions that are answered at once.
#pragma once

#include "core/spu/offset_router.h"
#include "core/wire/fetch.h"
#include "core/wire/fetch_offsets.h"

namespace weir::spu {

struct FetchServices {
    Context& context;
    ReplicaManager& replicas;
    OffsetRouter& offsets;
};

// What a read may return: whole batches below the limit of the isolation.
replication::Isolation to_rules(wire::Isolation isolation);
Offset read_limit(const log::Log& log, wire::Isolation isolation);

// Reads what is there, never waits. The answer's records are in memory, bounded in all by
// Config::fetch_size_max, except that the first batch is whole. `services` outlives the task.
Task<wire::FetchResponse> handle_fetch(const FetchServices& services, wire::FetchRequest request);
// With a consumer id (version 23 only) it may have to ask another SPU.
Task<wire::FetchOffsetsResponse> handle_fetch_offsets(const FetchServices& services,
                                                      wire::FetchOffsetsRequest request,
                                                      CancelToken token);

}  // namespace weir::spu
