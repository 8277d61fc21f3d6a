#include "core/sc/record_changes.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/sc/records.h"

#include <utility>

namespace weir::sc {

namespace {

Mutation mutation_of(RecordKind kind, const std::string& name) {
    Mutation mutation;
    mutation.key.kind = kind;
    mutation.key.name = name;
    return mutation;
}

}  // namespace

const PartitionRecord& RecordChanges::record(const PartitionTable::Entry& entry) const {
    const auto found = partitions_.find(entry.object.name);
    return found == partitions_.end() ? entry.extra.record : found->second.record;
}

StoredPartition& RecordChanges::changed(const PartitionTable::Entry& entry) {
    StoredPartition stored;
    stored.record = entry.extra.record;
    stored.spec = entry.object.spec;
    stored.in_doubt = entry.extra.in_doubt && context_.doubts.concern(entry.extra.record);
    return partitions_.try_emplace(entry.object.name, std::move(stored)).first->second;
}

void RecordChanges::put(const PartitionTable::Entry& entry, PartitionRecord record) {
    const PartitionRecord& before = this->record(entry);
    if (record == before) {
        return;
    }
    if (context_.doubts.concern(entry.extra.record)) {
        const control::PartitionRef ref = {record.topic_uid, record.partition};
        const bool is_told_once =
            context_.doubts.partitions.contains(ref) || context_.doubts.unlisted.contains(ref);
        if (!entry.extra.in_doubt && is_told_once) {
            changed(entry).in_doubt = true;
        }
        return;
    }
    change(entry, std::move(record));
}

void RecordChanges::adopt(const PartitionTable::Entry& entry, PartitionRecord record) {
    if (entry.extra.in_doubt) {
        changed(entry).in_doubt = false;
    }
    if (record != this->record(entry)) {
        change(entry, std::move(record));
    }
}

void RecordChanges::change(const PartitionTable::Entry& entry, PartitionRecord record) {
    const PartitionRecord& before = this->record(entry);
    WEIR_ASSERT(record.version > before.version);
    WEIR_ASSERT(record.leader_epoch >= before.leader_epoch);
    if (record.leader_epoch > before.leader_epoch) {
        record.leader_epoch = free_epoch(context_, record);
    }
    if (mutant(Mutant::version_not_counted)) {
        record.version = before.version;
    }
    changed(entry).record = std::move(record);
}

void RecordChanges::put(const PartitionTable::Entry& entry, PartitionSpec spec) {
    if (spec != entry.object.spec && !context_.doubts.concern(entry.extra.record)) {
        changed(entry).spec = std::move(spec);
    }
}

void RecordChanges::put(const SpuTable::Entry& entry, SpuRecord record) {
    control::SpuState& state = spus_[record.spec.id];
    state.boot = record.boot;
    state.fenced = record.fenced;
    state.draining = record.draining;
    spu_records_.insert_or_assign(entry.object.name, std::move(record));
}

void RecordChanges::put(const TopicTable::Entry& entry, TopicSpec spec, TopicSettings settings) {
    if (settings != entry.extra.settings || spec != entry.object.spec) {
        ChangedTopic topic;
        topic.spec = std::move(spec);
        topic.settings = settings;
        topics_.insert_or_assign(entry.object.name, std::move(topic));
    }
}

void RecordChanges::remove(const SpuTable::Entry& entry) {
    spus_.erase(entry.object.spec.id);
    spu_records_.insert_or_assign(entry.object.name, std::nullopt);
}

std::vector<Mutation> RecordChanges::mutations() const {
    std::vector<Mutation> all;
    if (cluster_.has_value()) {
        all.push_back(mutation_of(RecordKind::cluster, kClusterRecordName));
        all.back().value = encode_record(*cluster_);
    }
    for (const auto& [name, record] : spu_records_) {
        all.push_back(mutation_of(RecordKind::spu, name));
        if (record.has_value()) {
            all.back().value = encode_record(*record);
        }
    }
    for (const auto& [name, topic] : topics_) {
        const TopicTable::Entry* entry = context_.catalog.topics.find(name);
        WEIR_ASSERT(entry != nullptr);
        TopicRecord record;
        record.uid = entry->extra.uid;
        record.settings = topic.settings;
        record.spec = topic.spec;
        record.status = entry->object.status;
        if (mutant(Mutant::update_not_stored)) {
            continue;
        }
        all.push_back(mutation_of(RecordKind::topic, name));
        all.back().value = encode_record(record);
    }
    for (const auto& [name, partition] : partitions_) {
        const PartitionTable::Entry* entry = context_.catalog.partitions.find(name);
        WEIR_ASSERT(entry != nullptr);
        StoredPartition stored = partition;
        stored.spec = spec_under(std::move(stored.spec), stored.record);
        all.push_back(mutation_of(RecordKind::partition, name));
        all.back().value = encode_record(stored);
        if (!mutant(Mutant::record_stored_blindly)) {
            all.back().expected_revision = entry->extra.revision;
        }
    }
    return all;
}

// One of the partitions is not as the SC knew it. Without a look at the store every later change
// would be decided on what is known here, and be refused as well.
Task<Result<void>> RecordChanges::read_again() {
    std::vector<std::string> names;
    names.reserve(partitions_.size());
    for (const auto& [name, record] : partitions_) {
        names.push_back(name);
    }
    for (const std::string& name : names) {
        StoreKey key;
        key.kind = RecordKind::partition;
        key.name = name;
        WEIR_CO_TRY(const std::optional<StoreValue> found,
                    co_await context_.store.get(std::move(key)));
        const PartitionTable::Entry* entry = context_.catalog.partitions.find(name);
        WEIR_ASSERT(entry != nullptr);
        if (found.has_value() && found->revision != entry->extra.revision) {
            WEIR_CO_TRY(StoredPartition stored, decode_stored_partition(found->bytes));
            reports_.put_stored(*entry, std::move(stored), found->revision);
        }
    }
    context_.catalog.notify();
    co_return Result<void>();
}

Task<Result<void>> RecordChanges::commit() {
    if (empty()) {
        co_return Result<void>();
    }
    const Result<std::uint64_t> committed = co_await context_.store.commit(mutations());
    if (!committed.has_value()) {
        if (committed.error().code == ErrorCode::already_exists &&
            !mutant(Mutant::conflict_not_read_again)) {
            WEIR_CO_CHECK(co_await read_again());
        }
        co_return fail(committed.error());
    }
    const std::uint64_t revision = *committed;
    Catalog& catalog = context_.catalog;
    if (cluster_.has_value()) {
        catalog.cluster = *cluster_;
    }
    for (const auto& [name, record] : spu_records_) {
        if (!record.has_value()) {
            catalog.spus.remove(name);
            continue;
        }
        // Only what SPUs report can have changed meanwhile.
        const SpuTable::Entry* entry = catalog.spus.find(name);
        WEIR_ASSERT(entry != nullptr);
        catalog.spus.put(entry->object, extra_of(*record));
    }
    for (auto& [name, topic] : topics_) {
        const TopicTable::Entry* entry = catalog.topics.find(name);
        WEIR_ASSERT(entry != nullptr);
        TopicExtra extra = entry->extra;
        extra.settings = topic.settings;
        TopicObject object = entry->object;
        object.spec = std::move(topic.spec);
        catalog.topics.put(std::move(object), extra);
    }
    for (auto& [name, partition] : partitions_) {
        const PartitionTable::Entry* entry = catalog.partitions.find(name);
        WEIR_ASSERT(entry != nullptr);
        reports_.put_stored(*entry, std::move(partition), revision);
    }
    partitions_.clear();
    topics_.clear();
    spu_records_.clear();
    cluster_.reset();
    catalog.notify();
    co_return Result<void>();
}

}  // namespace weir::sc
