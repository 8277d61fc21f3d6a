// What an operator does to topics: the second half of topics.h.

#include "core/base/assert.h"
#include "core/control/topic_settings.h"
#include "core/sc/record_changes.h"
#include "core/sc/records.h"
#include "core/sc/status.h"
#include "core/sc/topic_changes.h"
#include "core/sc/topics.h"

#include <algorithm>
#include <utility>

namespace weir::sc {

using wire::ErrorTag;

namespace {

PartitionSpec with_settings_of(const TopicSpec& topic, PartitionSpec spec) {
    spec.cleanup_policy = topic.cleanup_policy;
    spec.storage = topic.storage;
    spec.compression_type = topic.compression_type;
    return spec;
}

}  // namespace

PartitionRecord Topics::bare_record(const Uid& topic_uid, std::uint32_t number,
                                    std::size_t replica_count) const {
    PartitionRecord record;
    record.topic_uid = topic_uid;
    record.partition = PartitionId(number);
    TopicSettings settings = context_.config.new_topics;
    for (const auto& [name, topic] : context_.catalog.topics.entries()) {
        if (topic.extra.uid == topic_uid) {
            settings = control::merge(topic.extra.settings, settings);
        }
    }
    control::apply_settings(record, settings, replica_count);
    return record;
}

Task<Result<void>> Topics::put_back(std::string name, Uid uid,
                                    std::map<std::uint32_t, PartitionRecord> records) {
    TopicExtra extra;
    extra.uid = uid;
    TopicSpec spec;
    TopicStatus status;
    if (const TopicTable::Entry* topic = context_.catalog.topics.find(name)) {
        WEIR_ASSERT(topic->extra.uid == uid);
        extra = topic->extra;
        spec = topic->object.spec;
        status = topic->object.status;
    } else {
        spec.replicas = ComputedReplicas();
    }
    auto* computed = std::get_if<ComputedReplicas>(&spec.replicas);
    for (const auto& [number, record] : records) {
        std::vector<SpuId>& row = status.replica_map[number];
        for (const AssignedReplica& replica : record.replicas) {
            row.push_back(replica.spu);
        }
        if (computed != nullptr) {
            computed->partition_count = std::max(computed->partition_count, number + 1);
            computed->replication_factor =
                std::max(computed->replication_factor, static_cast<std::uint32_t>(row.size()));
        }
    }
    status.resolution = TopicResolution::provisioned;
    Plan found = plan(std::move(name), extra, std::move(spec), std::move(status), records);
    co_return co_await carry_out(std::move(found));
}

// The topic and its partitions, in one transaction.
Task<wire::Status> Topics::alter(wire::AlterTopic request) {
    const std::string name = request.name;
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::topic_error, to_string(guard.error()));
    }
    const TopicTable::Entry* topic = context_.catalog.topics.find(name);
    if (topic == nullptr) {
        co_return status_error(wire::cut_text(name), ErrorTag::topic_not_found, "not found");
    }
    std::variant<TopicSpec, wire::Status> changed = changed_spec(topic->object, request.changes);
    if (auto* refusal = std::get_if<wire::Status>(&changed)) {
        co_return std::move(*refusal);
    }
    if (context_.doubts.concern(topic->extra.uid)) {
        co_return status_error(name, ErrorTag::topic_error, kInDoubt);
    }
    TopicSpec spec = std::get<TopicSpec>(std::move(changed));
    RecordChanges changes(context_, reports_);
    for (const ReplicaKey& key : context_.catalog.partitions_of(name)) {
        const PartitionTable::Entry* entry = context_.catalog.partitions.find(to_string(key));
        Result<PartitionRecord> next =
            control::change_settings(entry->extra.record, request.settings);
        if (!next.has_value()) {
            co_return status_error(name, ErrorTag::topic_invalid_configuration,
                                   next.error().context);
        }
        changes.put(*entry, *std::move(next));
        changes.put(*entry, with_settings_of(spec, entry->object.spec));
    }
    changes.put(*topic, std::move(spec), control::merge(request.settings, topic->extra.settings));
    const Result<void> stored = co_await changes.commit();
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::topic_error, to_string(stored.error()));
    }
    co_return status_ok(name);
}

}  // namespace weir::sc
