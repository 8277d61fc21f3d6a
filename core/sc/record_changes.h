// One transaction of the SC on what lives: partitions, SPUs, the cluster, and the settings of
// topics.
//
// Made by a task that holds Context::changing, and destroyed before it lets go. Whoever decides on
// top of a change that is not stored yet sees it here. Nothing is shown to anybody before commit()
// has stored all of it; when that fails, nothing has happened.
#pragma once

#include "core/control/spu_state.h"
#include "core/sc/partition_reports.h"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::sc {

class RecordChanges {
public:
    RecordChanges(Context& context, PartitionReports& reports)
        : context_(context), reports_(reports), spus_(context.catalog.spu_states()) {}

    // As changed so far.
    const PartitionRecord& record(const PartitionTable::Entry& entry) const;
    const control::SpuStates& spus() const { return spus_; }

    // A partition whose metadata are in doubt (Context::doubts) stays as it is. A new leader epoch
    // may become a higher one (free_epoch): record() says which.
    void put(const PartitionTable::Entry& entry, PartitionRecord record);
    // What an operator adopts for a partition in doubt. None is stored about it from then on.
    void adopt(const PartitionTable::Entry& entry, PartitionRecord record);
    void put(const SpuTable::Entry& entry, SpuRecord record);
    // What the topic's settings make of the partition, besides its record.
    void put(const PartitionTable::Entry& entry, PartitionSpec spec);
    void put(const TopicTable::Entry& entry, TopicSpec spec, TopicSettings settings);
    void put(ClusterRecord record) { cluster_ = record; }
    // Deletes the SPU.
    void remove(const SpuTable::Entry& entry);

    bool empty() const {
        return partitions_.empty() && spu_records_.empty() && topics_.empty() &&
               !cluster_.has_value();
    }
    // The errors of the store. Does nothing without changes. After already_exists the catalog has
    // the records as somebody else has changed them: decide again.
    Task<Result<void>> commit();

private:
    struct ChangedTopic {
        TopicSpec spec;
        TopicSettings settings;
    };
    StoredPartition& changed(const PartitionTable::Entry& entry);
    void change(const PartitionTable::Entry& entry, PartitionRecord record);
    Task<Result<void>> read_again();
    std::vector<Mutation> mutations() const;

    Context& context_;
    PartitionReports& reports_;
    control::SpuStates spus_;
    // By name.
    std::map<std::string, StoredPartition> partitions_;
    // nullopt: deleted.
    std::map<std::string, std::optional<SpuRecord>> spu_records_;
    // By name.
    std::map<std::string, ChangedTopic> topics_;
    std::optional<ClusterRecord> cluster_;
};

}  // namespace weir::sc
