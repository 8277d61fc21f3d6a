#include "core/sc/topics.h"

#include "core/base/mutant.h"
#include "core/control/new_partition.h"
#include "core/control/topic_settings.h"
#include "core/sc/records.h"
#include "core/sc/status.h"
#include "core/sc/topic_changes.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::sc {

namespace {

using wire::ApiError;
using wire::ErrorTag;

// Between the moment when the watches of clients tell that a topic is there, and the answer to its
// creation. Fluvio's clients look a topic up in what their own watch has told them, on a connection
// of its own, and do not wait for it: who creates a topic and uses it at once would not find it.
constexpr Duration kWatchersHeadStart = Duration::from_ms(10);

// Control-plane spec 8.6, as a real SC lists it.
TopicSpec consumer_offset_spec() {
    ComputedReplicas replicas;
    replicas.partition_count = 1;
    replicas.replication_factor = 1;
    TopicSpec spec;
    spec.replicas = replicas;
    spec.system = true;
    spec.cleanup_policy.emplace();
    spec.cleanup_policy->time_in_seconds = 604'800;
    spec.storage.emplace();
    spec.storage->segment_size_bytes = 512'000'000;
    spec.storage->max_partition_size_bytes = 2'048'000'000;
    return spec;
}

Mutation store_topic(const std::string& name, const TopicRecord& record) {
    Mutation mutation;
    mutation.key.kind = RecordKind::topic;
    mutation.key.name = name;
    mutation.value = encode_record(record);
    return mutation;
}

// 1 at least; a spec that makes no sense has been refused before.
std::size_t replica_count(const TopicSpec& spec) {
    std::size_t count = 1;
    if (const auto* computed = std::get_if<ComputedReplicas>(&spec.replicas)) {
        count = computed->replication_factor;
    } else if (const auto* assigned = std::get_if<AssignedReplicas>(&spec.replicas)) {
        count = assigned->maps.empty() ? 1 : assigned->maps.front().replicas.size();
    }
    return std::max<std::size_t>(count, 1);
}

bool usable(PartitionResolution resolution) {
    return resolution == PartitionResolution::online ||
           resolution == PartitionResolution::out_of_storage;
}

}  // namespace

Topics::Topics(Context& context, const Spus& spus, PartitionReports& reports)
    : context_(context), spus_(spus), reports_(reports), log_(context.env.log, "sc.topics") {}

Topics::Plan Topics::plan(std::string name, TopicExtra extra, TopicSpec spec, TopicStatus status,
                          const Records& given) const {
    const control::ClusterView view =
        context_.catalog.cluster_view(context_.config.partitions_per_topic_max);
    Plan plan;
    plan.extra = extra;
    plan.topic.name = name;
    plan.topic.status = control::settle_topic(spec, std::move(status), view);
    plan.topic.spec = std::move(spec);
    TopicRecord record;
    record.uid = extra.uid;
    record.settings = extra.settings;
    record.spec = plan.topic.spec;
    record.status = plan.topic.status;
    plan.mutations.push_back(store_topic(name, record));
    if (plan.topic.status.resolution != TopicResolution::provisioned) {
        return plan;
    }
    for (const auto& [number, row] : plan.topic.status.replica_map) {
        PartitionExtra held;
        held.key.topic = name;
        held.key.partition = number;
        const auto known = given.find(number);
        held.record = known == given.end() ? new_record(extra, number, row) : known->second;
        PartitionObject partition;
        partition.name = to_string(held.key);
        if (context_.catalog.partitions.find(partition.name) != nullptr) {
            continue;
        }
        partition.spec = spec_under(control::partition_spec_for(plan.topic.spec, row), held.record);
        if (const auto mirror = plan.topic.status.mirror_map.find(number);
            mirror != plan.topic.status.mirror_map.end()) {
            partition.spec.mirror = mirror->second;
        }
        StoredPartition stored;
        stored.record = held.record;
        stored.spec = partition.spec;
        Mutation mutation;
        mutation.key.kind = RecordKind::partition;
        mutation.key.name = partition.name;
        mutation.value = encode_record(stored);
        mutation.expected_revision = 0;
        plan.mutations.push_back(std::move(mutation));
        plan.partitions.push_back(std::move(partition));
        plan.partition_extras.push_back(std::move(held));
    }
    return plan;
}

PartitionRecord Topics::new_record(const TopicExtra& topic, std::uint32_t number,
                                   const std::vector<SpuId>& row) const {
    control::NewPartition partition;
    partition.topic_uid = topic.uid;
    partition.partition = PartitionId(number);
    for (const SpuId spu : row) {
        AssignedReplica replica;
        replica.spu = spu;
        replica.uid = draw_uid(context_.uid_prng);
        partition.replicas.push_back(replica);
    }
    partition.settings = control::merge(topic.settings, context_.config.new_topics);
    const control::SpuStates states = context_.catalog.spu_states();
    PartitionRecord record = control::new_partition(partition, states, spus_.away(states));
    record.leader_epoch = free_epoch(context_, record);
    return record;
}

Task<Result<void>> Topics::carry_out(Plan plan) {
    WEIR_CO_TRY(const std::uint64_t revision,
                co_await context_.store.commit(std::move(plan.mutations)));
    context_.catalog.topics.put(std::move(plan.topic), plan.extra);
    for (std::size_t i = 0; i < plan.partitions.size(); ++i) {
        plan.partition_extras[i].revision = revision;
        context_.catalog.partitions.put(std::move(plan.partitions[i]),
                                        std::move(plan.partition_extras[i]));
    }
    context_.catalog.notify();
    co_return Result<void>();
}

Task<wire::Status> Topics::store_new(std::string name, TopicSpec spec, TopicSettings settings,
                                     bool dry_run) {
    if (const auto refusal = control::check_topic_name(name)) {
        co_return refused_topic(name, spec, *refusal);
    }
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::topic_not_provisioned, to_string(guard.error()));
    }
    if (context_.catalog.topics.find(name) != nullptr) {
        co_return status_error(name, ErrorTag::topic_already_exists,
                               fmt::format("Topic '{}' already exists", name));
    }
    const control::ClusterView view =
        context_.catalog.cluster_view(context_.config.partitions_per_topic_max);
    if (const auto refusal = control::check_topic_spec(spec, view.rules)) {
        co_return refused_topic(name, spec, *refusal);
    }
    const Result<void> checked = control::check_settings(settings, replica_count(spec));
    if (!checked.has_value()) {
        co_return status_error(name, ErrorTag::topic_invalid_configuration,
                               checked.error().context);
    }
    if (dry_run) {
        co_return status_ok(name);
    }
    TopicExtra extra;
    extra.uid = draw_uid(context_.uid_prng);
    extra.settings = settings;
    Plan created = plan(name, extra, std::move(spec), TopicStatus());
    created.mutations.front().expected_revision = 0;
    const Result<void> stored = co_await carry_out(std::move(created));
    if (!stored.has_value()) {
        WEIR_LOG(log_, warn, "topic {} not stored: {}", name, to_string(stored.error()));
        co_return status_error(name, ErrorTag::topic_not_provisioned,
                               fmt::format("error: {}", to_string(stored.error())));
    }
    WEIR_LOG(log_, info, "topic {} created, uid {}", name, to_string(extra.uid));
    co_return status_ok(name);
}

std::size_t Topics::online_count(const std::string& name) const {
    std::size_t count = 0;
    for (const ReplicaKey& key : context_.catalog.partitions_of(name)) {
        const PartitionTable::Entry* entry = context_.catalog.partitions.find(to_string(key));
        if (usable(entry->object.status.resolution)) {
            ++count;
        }
    }
    return count;
}

Task<wire::Status> Topics::wait_online(std::string name, Uid uid, CancelToken token) {
    Deadline deadline(context_.env.clock, context_.env.clock.now() + context_.config.topic_wait,
                      token);
    std::size_t online = 0;
    std::size_t wanted = 0;
    while (true) {
        const TopicTable::Entry* topic = context_.catalog.topics.find(name);
        if (topic == nullptr || topic->extra.uid != uid) {
            co_return status_error(name, ErrorTag::topic_not_provisioned,
                                   "the topic was deleted while it was being created");
        }
        wanted = control::partition_count_of(topic->object.spec.replicas);
        online = online_count(name);
        if (online >= wanted) {
            const Result<void> told = co_await sleep_for(context_.env.clock, context_.env.executor,
                                                         kWatchersHeadStart, deadline.token());
            WEIR_MAYBE(told.has_value());
            co_return status_ok(name);
        }
        if (context_.env.probe.fault(FaultPoint::sc_topic_wait_short)) {
            break;
        }
        const Result<void> waited = co_await context_.catalog.changed().wait(deadline.token());
        if (!waited.has_value()) {
            break;
        }
    }
    co_return status_error(name, ErrorTag::topic_not_provisioned,
                           fmt::format("only {} out of {} provisioned", online, wanted));
}

Task<wire::Status> Topics::create(wire::CreateRequest request, TopicSettings settings,
                                  CancelToken token) {
    const std::string name = request.name;
    // A topic that mirrors may wait for its first remote for ever (control-plane spec 8.2).
    const bool at_once = request.dry_run || std::holds_alternative<MirrorReplicas>(
                                                std::get<TopicSpec>(request.spec).replicas);
    const bool dry_run = request.dry_run;
    wire::Status status =
        co_await store_new(name, std::get<TopicSpec>(std::move(request.spec)), settings, dry_run);
    if (!status.error.ok() || at_once) {
        co_return status;
    }
    const TopicTable::Entry* topic = context_.catalog.topics.find(name);
    if (topic == nullptr) {
        co_return status_error(name, ErrorTag::topic_not_provisioned,
                               "the topic was deleted while it was being created");
    }
    co_return co_await wait_online(name, topic->extra.uid, token);
}

Task<wire::Status> Topics::remove(std::string name, bool force) {
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::topic_error, to_string(guard.error()));
    }
    const TopicTable::Entry* topic = context_.catalog.topics.find(name);
    if (topic == nullptr) {
        co_return status_error(name, ErrorTag::topic_not_found, "not found");
    }
    if (const auto* mirror = std::get_if<MirrorReplicas>(&topic->object.spec.replicas);
        mirror != nullptr && std::holds_alternative<RemoteMirrorConfig>(*mirror)) {
        co_return status_error(name, ErrorTag::mirror_delete_from_remote,
                               "cannot delete mirrored topic from remote");
    }
    if (topic->object.spec.system && !force) {
        wire::ErrorTwoTexts payload;
        payload.first = "topic";
        payload.second = name;
        co_return status_error(name, ApiError(ErrorTag::system_spec_deletion_attempt,
                                              wire::ErrorPayload(std::move(payload))));
    }
    const std::vector<ReplicaKey> partitions = context_.catalog.partitions_of(name);
    if (context_.doubts.concern(topic->extra.uid)) {
        co_return status_error(name, ErrorTag::topic_error, kInDoubt);
    }
    std::vector<Mutation> mutations;
    Mutation mutation;
    mutation.key.kind = RecordKind::topic;
    mutation.key.name = name;
    mutations.push_back(mutation);
    for (const ReplicaKey& key : partitions) {
        mutation.key.kind = RecordKind::partition;
        mutation.key.name = to_string(key);
        mutations.push_back(mutation);
    }
    if (mutant(Mutant::deletion_not_stored)) {
        mutations.clear();
    }
    const auto stored = co_await context_.store.commit(std::move(mutations));
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::topic_error, to_string(stored.error()));
    }
    for (const ReplicaKey& key : partitions) {
        context_.catalog.partitions.remove(to_string(key));
    }
    context_.deleted_topics.insert(topic->extra.uid);
    context_.catalog.topics.remove(name);
    context_.catalog.notify();
    WEIR_LOG(log_, info, "topic {} deleted with {} partitions", name, partitions.size());
    co_return status_ok(name);
}

Task<wire::Status> Topics::update(wire::UpdateTopic request) {
    const std::string name = request.name;
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::topic_error, to_string(guard.error()));
    }
    const TopicTable::Entry* topic = context_.catalog.topics.find(name);
    if (topic == nullptr) {
        co_return status_error(wire::cut_text(name), ErrorTag::topic_not_found, "not found");
    }
    if (context_.doubts.concern(topic->extra.uid)) {
        co_return status_error(name, ErrorTag::topic_error, kInDoubt);
    }
    const auto* add = std::get_if<wire::AddPartition>(&request.action);
    std::variant<TopicSpec, wire::Status> changed =
        add != nullptr ? changed_spec(topic->object, *add, context_.config.partitions_per_topic_max)
                       : changed_spec(topic->object, std::get<wire::AddMirror>(request.action),
                                      context_.catalog);
    if (auto* refusal = std::get_if<wire::Status>(&changed)) {
        co_return std::move(*refusal);
    }
    Plan grown =
        plan(name, topic->extra, std::get<TopicSpec>(std::move(changed)), topic->object.status);
    const Result<void> stored = co_await carry_out(std::move(grown));
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::topic_error, to_string(stored.error()));
    }
    co_return status_ok(name);
}

Task<Result<void>> Topics::place_waiting() {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await context_.changing.lock());
    std::vector<std::string> waiting;
    for (const auto& [name, entry] : context_.catalog.topics.entries()) {
        if (entry.object.status.resolution != TopicResolution::provisioned) {
            waiting.push_back(name);
        }
    }
    for (const std::string& name : waiting) {
        // Nobody else changes topics while the guard is held.
        const TopicTable::Entry* topic = context_.catalog.topics.find(name);
        if (context_.doubts.concern(topic->extra.uid)) {
            // An SPU has partitions of it that the metadata have lost.
            continue;
        }
        Plan placed = plan(name, topic->extra, topic->object.spec, topic->object.status);
        if (placed.topic.status == topic->object.status) {
            continue;
        }
        WEIR_LOG(log_, info, "topic {} is placed now", name);
        WEIR_CO_CHECK(co_await carry_out(std::move(placed)));
    }
    co_return Result<void>();
}

Task<Result<void>> Topics::create_consumer_offset_topic() {
    if (context_.catalog.topics.find(kConsumerOffsetTopic) != nullptr) {
        co_return Result<void>();
    }
    TopicSpec spec = consumer_offset_spec();
    const wire::Status status =
        co_await store_new(kConsumerOffsetTopic, std::move(spec), TopicSettings(), false);
    if (!status.error.ok() && status.error.tag != ErrorTag::topic_already_exists) {
        co_return fail(ErrorCode::unavailable, status.message.value_or("cannot be stored"));
    }
    co_return Result<void>();
}

}  // namespace weir::sc
