// All metadata objects as the SC sees them now: what is stored, and what the SPUs report on top.
//
// Filled from the metadata store at start, changed only after the store has accepted a change, read
// by everybody. Owned by the service; one shard; no suspension inside, so that a reader between two
// awaits sees one state. Whoever changes it calls notify() once the change is complete.
#pragma once

#include "core/control/spu_state.h"
#include "core/control/topic_machine.h"
#include "core/model/mirror.h"
#include "core/model/partition.h"
#include "core/model/replica_key.h"
#include "core/model/smartmodule.h"
#include "core/model/spu.h"
#include "core/model/spu_group.h"
#include "core/model/table_format.h"
#include "core/model/topic.h"
#include "core/model/topic_settings.h"
#include "core/model/uid.h"
#include "core/sc/metadata_store.h"
#include "core/sc/object_table.h"
#include "core/sc/records.h"
#include "core/task/sync.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::sc {

struct TopicExtra {
    Uid uid;
    // As the topic has asked for them.
    TopicSettings settings;
    friend bool operator==(const TopicExtra&, const TopicExtra&) = default;
};

// What the leader says about itself.
struct ReportedLeader {
    LeaderEpoch epoch = kNoEpoch;
    PartitionResolution resolution = PartitionResolution::online;
    friend bool operator==(const ReportedLeader&, const ReportedLeader&) = default;
};

struct PartitionExtra {
    ReplicaKey key;
    PartitionRecord record;
    // In the store: every change of the record is conditional on it.
    std::uint64_t revision = 0;
    // As stored, see StoredPartition.
    bool in_doubt = false;
    // Since the leader's present connection began; none before its first report.
    std::optional<ReportedLeader> reported;
    const Uid& topic_uid() const { return record.topic_uid; }
    friend bool operator==(const PartitionExtra&, const PartitionExtra&) = default;
};

// The stored record without what is shown.
struct SpuExtra {
    Uid storage_id;
    Uid boot_id;
    BootEpoch boot = kNoBoot;
    bool fenced = true;
    bool draining = false;
    friend bool operator==(const SpuExtra&, const SpuExtra&) = default;
};

struct NoExtra {
    friend bool operator==(const NoExtra&, const NoExtra&) = default;
};

using TopicTable = ObjectTable<TopicSpec, TopicExtra>;
using PartitionTable = ObjectTable<PartitionSpec, PartitionExtra>;
using SpuTable = ObjectTable<SpuSpec, SpuExtra>;
using SmartModuleTable = ObjectTable<SmartModuleSpec, NoExtra>;
using TableFormatTable = ObjectTable<TableFormatSpec, NoExtra>;
using SpuGroupTable = ObjectTable<SpuGroupSpec, NoExtra>;
using MirrorTable = ObjectTable<MirrorSpec, NoExtra>;

SpuExtra extra_of(const SpuRecord& record);
SpuRecord record_of(const SpuTable::Entry& entry);

class Catalog {
public:
    explicit Catalog(Executor& executor) : changed_(executor) {}

    TopicTable topics;
    PartitionTable partitions;
    SpuTable spus;
    SmartModuleTable smartmodules;
    TableFormatTable table_formats;
    SpuGroupTable spu_groups;
    MirrorTable mirrors;
    ClusterRecord cluster;

    // Reads everything that the store holds; `corrupt` when a record makes no sense.
    Task<Result<void>> load(MetadataStore& store);

    Notifier& changed() { return changed_; }
    void notify() { changed_.notify_all(); }

    const SpuTable::Entry* find_spu(SpuId id) const;
    // What the rules of replication look at.
    control::SpuStates spu_states() const;
    // For validation and placement.
    control::ClusterView cluster_view(std::uint32_t partition_count_max) const;
    // The keys of a topic's partitions that exist.
    std::vector<ReplicaKey> partitions_of(const std::string& topic) const;

private:
    void load_spu(const std::string& name, SpuRecord record);
    Result<void> load_item(RecordKind kind, const StoreItem& item);
    Result<void> load_partition(const StoreItem& item);
    Notifier changed_;
};

}  // namespace weir::sc
