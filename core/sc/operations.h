// What an operator asks of the replicas: other places for a partition, the preferred leader, an SPU
// without duties (replication.md 5.15).
//
// Each request begins something that Partitions carries on. Owned by the service; one shard.
#pragma once

#include "core/sc/record_changes.h"
#include "core/wire/own_api.h"

#include <optional>

namespace weir::sc {

class Operations {
public:
    Operations(Context& context, PartitionReports& reports)
        : context_(context), reports_(reports), log_(context.env.log, "sc.operations") {}

    // Answers when it is stored. The token ends the waiting before that.
    Task<wire::Operated> carry_out(wire::Operate request, CancelToken token);

private:
    // Puts what the request changes into `changes`; an Error with a text for a person.
    Result<void> decide(const wire::Operate& request, RecordChanges& changes);
    Result<void> set_draining(const wire::Operate& request, RecordChanges& changes);
    Result<PartitionRecord> next_record(const wire::Operate& request,
                                        const PartitionTable::Entry& entry,
                                        const control::SpuStates& spus);
    // The watermark as its leader has reported it; nullopt when that has not reported.
    std::optional<Offset> reported_hw(const PartitionTable::Entry& entry) const;
    // Leaders report now and then: what a client has seen may not be known here yet.
    Task<void> wait_reported(ReplicaKey key, Offset offset, CancelToken token);
    Result<PartitionRecord> delete_records(const wire::Operate& request,
                                           const PartitionTable::Entry& entry);

    Context& context_;
    PartitionReports& reports_;
    Logger log_;
};

}  // namespace weir::sc
