// What the leaders of partitions report, merged with the records into what clients are shown.
//
// Owned by the service; one shard; no suspension inside.
#pragma once

#include "core/sc/context.h"
#include "core/wire/internal.h"

#include <map>
#include <string>

namespace weir::sc {

class PartitionReports {
public:
    explicit PartitionReports(Context& context) : context_(context) {}

    void report(SpuId spu, const wire::internal::SpuReport& report);
    // The connection of the SPU has ended: what it led shows no leader, and has to be reported
    // again.
    void leader_gone(SpuId spu);

    // Offsets change all the time; watchers are told of them now and then. Call it on a timer.
    void publish_offsets();
    bool offsets_waiting() const { return !unpublished_.empty(); }
    // The status that is current, published or not.
    PartitionStatus current_status(const PartitionTable::Entry& entry) const;

    // It is stored: shows it. `revision` is that of the store.
    void put_stored(const PartitionTable::Entry& entry, StoredPartition stored,
                    std::uint64_t revision);

private:
    void report_one(SpuId spu, const wire::internal::ReplicaReport& report);
    // How the partition looks with that record and what its leader says.
    PartitionStatus shown(PartitionStatus status, const PartitionRecord& record,
                          const std::optional<ReportedLeader>& reported) const;

    Context& context_;
    struct Unpublished {
        Uid topic_uid;
        PartitionStatus status;
    };
    // By partition name; void when the uid is not the topic's any more.
    std::map<std::string, Unpublished> unpublished_;
};

// What clients see of the record beside the status: who leads, or led last, and who holds it.
PartitionSpec spec_under(PartitionSpec spec, const PartitionRecord& record);

}  // namespace weir::sc
