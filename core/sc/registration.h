// The registration of an SPU's process (replication.md 5.4): which boot it is, and what its coming
// back means for the partitions that it holds.
//
// Owned by the service; one shard.
#pragma once

#include "core/sc/adoption.h"
#include "core/sc/partitions.h"
#include "core/sc/record_changes.h"

#include <map>
#include <optional>
#include <vector>

namespace weir::sc {

// The only replica of a partition is worth waiting for, and may lead again once it says that it is
// well, whatever happened to it: there is nothing else (replication.md 5.5, RF 1). To be applied to
// a record that has just lost the member `spu`.
PartitionRecord keep_only_copy(PartitionRecord record, SpuId spu);

// What a registration says of one replica.
control::RegisteredReplica registered_replica(SpuId spu, BootEpoch boot,
                                              const wire::internal::StoredReplica& stored);

// How new the metadata are now.
control::MetadataView view_of(const Catalog& catalog);

class Registration {
public:
    Registration(Context& context, Partitions& partitions, PartitionReports& reports,
                 Adoption& adoption);

    // Whether the SPU may work here. A new process gets a new boot epoch, and in the same
    // transaction the old one loses what it led and may lose its place in the live sets; a process
    // that only reconnects keeps its boot epoch, and its places but those of replicas that it does
    // not have. The intervals and the version are not filled in.
    // Who changes a record waits for the end of the SC's beginning.
    Task<wire::internal::Registered> admit(wire::internal::RegisterSpu request, CancelToken token);

private:
    using Entries = std::vector<const PartitionTable::Entry*>;
    // What the SPU does not show although the metadata say that somebody has led it, and that the
    // SPU has a replica of it. Valid until the catalog changes.
    struct NotShown {
        // It has nothing of it. When it is to be compared with what this process of the SC found, a
        // later SC has had it deleted, and these metadata are from before that.
        Entries missing;
        // An SC has not listed it since.
        Entries unlisted;
    };

    // An answer, or nullopt when it has to be asked again after the SC's beginning.
    Task<std::optional<wire::internal::Registered>> try_admit(
        const wire::internal::RegisterSpu* request);
    Task<Result<void>> take_in(const SpuTable::Entry* entry,
                               const wire::internal::RegisterSpu* request,
                               const NotShown* not_shown, wire::internal::Registered* answer);
    NotShown find_not_shown(const wire::internal::RegisterSpu& request) const;
    void bring_back(const PartitionTable::Entry& entry, const SpuTable::Entry& spu,
                    const wire::internal::RegisterSpu& request,
                    const wire::internal::StoredReplica* stored, RecordChanges& changes);
    // It has nothing of this one.
    void give_up(const PartitionTable::Entry& entry, SpuId spu, RecordChanges& changes);
    // If it was the last copy, and another SPU may have the partition, that is in doubt for now.
    void doubt_emptied(const PartitionTable::Entry& entry, SpuId spu);
    void doubt_unlisted(const PartitionTable::Entry& entry, SpuId spu);
    // `doubts`: those of emptied, or of unlisted replicas.
    void begin_doubt(std::map<control::PartitionRef, SpuId>& doubts,
                     const PartitionTable::Entry& entry, SpuId spu);
    // Of those two doubts the ones that are over, since enough SPUs have come.
    Task<Result<void>> end_doubts();
    void end_emptied(Doubts& next, RecordChanges& changes);
    void end_unlisted(Doubts& next, RecordChanges& changes);
    // What it has been through, whether it is served or not.
    void hear(const wire::internal::RegisterSpu& request, const NotShown& not_shown);
    void look_for_regressions(const wire::internal::RegisterSpu& request);
    void note_reports(const wire::internal::RegisterSpu& request, BootEpoch boot);

    Context& context_;
    Partitions& partitions_;
    PartitionReports& reports_;
    Adoption& adoption_;
    Logger log_;
};

}  // namespace weir::sc
