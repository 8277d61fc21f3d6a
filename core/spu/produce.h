// Produce (data-plane spec 4.2): check, append, and later the answer.
//
// In two steps, so that a connection is read on while its appends wait for the disk: begin_produce
// appends everything in the order of the request, finish_produce waits until that is committed and
// completes the answer. Requests of one connection are begun in the order in which they came, which
// keeps the order of each partition, and are answered in that order.
#pragma once

#include "core/base/small_vector.h"
#include "core/model/batch.h"
#include "core/spu/replica_manager.h"
#include "core/wire/produce.h"

#include <memory>

namespace weir::spu {

// An append that the answer waits for.
struct AwaitedAppend {
    std::size_t topic_index = 0;
    std::size_t partition_index = 0;
    std::shared_ptr<Replica> replica;
    std::shared_ptr<log::Log> log;
    log::Appended appended;
    // Of its first batch, as sent.
    BatchHeader header;
    // What it waits for: as asked, or more.
    replication::Isolation isolation = replication::Isolation::read_uncommitted;
    // Cancelled when the leadership ends in which it was appended.
    std::shared_ptr<CancelSource> leadership;
};

struct ProduceInProgress {
    CorrelationId correlation_id;
    wire::Version version = 0;
    // What was asked for. read_committed (acks below 0): answer when it is committed, and
    // RequestTimedOut when that takes longer than `timeout` for an entry. Otherwise when this disk
    // has it.
    replication::Isolation isolation = replication::Isolation::read_uncommitted;
    Duration timeout;
    std::uint64_t size_bytes = 0;
    // Complete but for the errors of the appends.
    wire::ProduceResponse response;
    SmallVector<AwaitedAppend, 1> appends;

    // Everything it waits for has come already (finish_produce would not wait).
    bool has_come() const;
};

struct ProduceServices {
    Context& context;
    ReplicaManager& replicas;
};

// Never fails as a whole: each entry has its error. Cancelled: the rest of the entries is refused.
// `services` outlives the task.
Task<ProduceInProgress> begin_produce(const ProduceServices& services, wire::ProduceRequest request,
                                      CancelToken token);
// `cancelled` when the token is; the appends go on all the same.
Task<Result<void>> finish_produce(const ProduceServices& services, ProduceInProgress& produce,
                                  CancelToken token);
// Every entry answered with `error`, nothing written.
wire::ProduceResponse refuse_produce(const wire::ProduceRequest& request,
                                     const wire::ApiError& error);

}  // namespace weir::spu
