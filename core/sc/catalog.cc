#include "core/sc/catalog.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace weir::sc {

namespace {

template <typename Table, typename Spec>
void put_spec(Table& table, const std::string& name, Spec spec) {
    Object<Spec> object;
    object.name = name;
    object.spec = std::move(spec);
    table.put(std::move(object), NoExtra());
}

template <typename Spec, typename Table>
Result<void> load_spec(Table& table, const StoreItem& item) {
    WEIR_TRY(Spec spec, decode_spec_record<Spec>(item.value.bytes));
    put_spec(table, item.name, std::move(spec));
    return Result<void>();
}

}  // namespace

SpuExtra extra_of(const SpuRecord& record) {
    SpuExtra extra;
    extra.storage_id = record.storage_id;
    extra.boot_id = record.boot_id;
    extra.boot = record.boot;
    extra.fenced = record.fenced;
    extra.draining = record.draining;
    return extra;
}

SpuRecord record_of(const SpuTable::Entry& entry) {
    SpuRecord record;
    record.spec = entry.object.spec;
    record.storage_id = entry.extra.storage_id;
    record.boot_id = entry.extra.boot_id;
    record.boot = entry.extra.boot;
    record.fenced = entry.extra.fenced;
    record.draining = entry.extra.draining;
    return record;
}

Result<void> Catalog::load_partition(const StoreItem& item) {
    WEIR_TRY(StoredPartition stored, decode_stored_partition(item.value.bytes));
    const Result<ReplicaKey> key = parse_replica_key(item.name);
    if (!key.has_value()) {
        return fail(ErrorCode::corrupt, key.error().context);
    }
    const TopicTable::Entry* topic = topics.find(key->topic);
    if (topic == nullptr || topic->extra.uid != stored.record.topic_uid) {
        return fail(ErrorCode::corrupt,
                    fmt::format("partition '{}' does not belong to a topic", item.name));
    }
    PartitionObject object;
    object.name = item.name;
    object.spec = std::move(stored.spec);
    PartitionExtra extra;
    extra.key = *key;
    extra.record = std::move(stored.record);
    extra.revision = item.value.revision;
    extra.in_doubt = stored.in_doubt;
    partitions.put(std::move(object), std::move(extra));
    return Result<void>();
}

void Catalog::load_spu(const std::string& name, SpuRecord record) {
    SpuObject object;
    object.name = name;
    object.spec = std::move(record.spec);
    // One that was here before is missing now; one that never was is awaited.
    object.status.resolution =
        record.storage_id.is_none() ? SpuResolution::init : SpuResolution::offline;
    spus.put(std::move(object), extra_of(record));
}

Result<void> Catalog::load_item(RecordKind kind, const StoreItem& item) {
    switch (kind) {
        case RecordKind::cluster: {
            WEIR_TRY(cluster, decode_cluster_record(item.value.bytes));
            return Result<void>();
        }
        case RecordKind::topic: {
            WEIR_TRY(TopicRecord record, decode_topic_record(item.value.bytes));
            TopicObject object;
            object.name = item.name;
            object.spec = std::move(record.spec);
            object.status = std::move(record.status);
            TopicExtra extra;
            extra.uid = record.uid;
            extra.settings = record.settings;
            topics.put(std::move(object), extra);
            return Result<void>();
        }
        case RecordKind::partition: return load_partition(item);
        case RecordKind::spu: {
            WEIR_TRY(SpuRecord record, decode_spu_record(item.value.bytes));
            load_spu(item.name, std::move(record));
            return Result<void>();
        }
        case RecordKind::smartmodule: return load_spec<SmartModuleSpec>(smartmodules, item);
        case RecordKind::table_format: return load_spec<TableFormatSpec>(table_formats, item);
        case RecordKind::spu_group: return load_spec<SpuGroupSpec>(spu_groups, item);
        case RecordKind::mirror: return load_spec<MirrorSpec>(mirrors, item);
    }
    return fail(ErrorCode::corrupt, "unknown kind of record");
}

Task<Result<void>> Catalog::load(MetadataStore& store) {
    // Topics before their partitions.
    constexpr std::array<RecordKind, 8> kOrder = {RecordKind::cluster,     RecordKind::topic,
                                                  RecordKind::partition,   RecordKind::spu,
                                                  RecordKind::smartmodule, RecordKind::table_format,
                                                  RecordKind::spu_group,   RecordKind::mirror};
    for (const RecordKind kind : kOrder) {
        WEIR_CO_TRY(const std::vector<StoreItem> items, co_await store.list(kind));
        for (const StoreItem& item : items) {
            const Result<void> loaded = load_item(kind, item);
            if (!loaded.has_value()) {
                co_return fail(loaded.error().code, fmt::format("metadata of '{}': {}", item.name,
                                                                loaded.error().context));
            }
        }
    }
    co_return Result<void>();
}

const SpuTable::Entry* Catalog::find_spu(SpuId id) const {
    for (const auto& [name, entry] : spus.entries()) {
        if (entry.object.spec.id == id) {
            return &entry;
        }
    }
    return nullptr;
}

control::SpuStates Catalog::spu_states() const {
    control::SpuStates states;
    for (const auto& [name, entry] : spus.entries()) {
        control::SpuState& state = states[entry.object.spec.id];
        state.boot = entry.extra.boot;
        state.fenced = entry.extra.fenced;
        state.draining = entry.extra.draining;
    }
    return states;
}

control::ClusterView Catalog::cluster_view(std::uint32_t partition_count_max) const {
    control::ClusterView view;
    view.rules.partition_count_max = partition_count_max;
    for (const auto& [name, entry] : spus.entries()) {
        view.rules.spus.insert(entry.object.spec.id);
        if (entry.object.status.resolution == SpuResolution::online && !entry.extra.draining) {
            view.online.push_back(entry.object.spec.id);
        }
        if (entry.object.spec.rack.has_value()) {
            view.racks[entry.object.spec.id] = *entry.object.spec.rack;
        }
    }
    std::sort(view.online.begin(), view.online.end());
    for (const auto& [name, entry] : smartmodules.entries()) {
        view.rules.smartmodules.insert(name);
    }
    for (const auto& [name, entry] : partitions.entries()) {
        const PartitionSpec& spec = entry.object.spec;
        ++view.weights[spec.leader].leader_count;
        for (const SpuId spu : spec.replicas) {
            if (spu != spec.leader) {
                ++view.weights[spu].follower_count;
            }
        }
    }
    return view;
}

std::vector<ReplicaKey> Catalog::partitions_of(const std::string& topic) const {
    std::vector<ReplicaKey> keys;
    // Names that begin with "topic-" are neighbours, among them those of topics like "topic-x".
    const std::string prefix = topic + "-";
    for (auto at = partitions.entries().lower_bound(prefix);
         at != partitions.entries().end() && at->first.starts_with(prefix); ++at) {
        if (at->second.extra.key.topic == topic) {
            keys.push_back(at->second.extra.key);
        }
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

}  // namespace weir::sc
