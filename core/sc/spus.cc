#include "core/sc/spus.h"

#include "core/control/partition_status.h"
#include "core/control/topic_rules.h"
#include "core/sc/records.h"
#include "core/sc/status.h"

#include <fmt/core.h>

namespace weir::sc {

namespace {

using wire::ApiError;
using wire::ErrorTag;
using wire::internal::Registered;
using wire::internal::RegisterResult;

SpuSpec as_spu(const CustomSpuSpec& custom) {
    SpuSpec spec;
    spec.id = custom.id;
    spec.spu_type = SpuType::custom;
    spec.public_endpoint = custom.public_endpoint;
    spec.private_endpoint = custom.private_endpoint;
    spec.rack = custom.rack;
    spec.public_endpoint_local = custom.public_endpoint_local;
    return spec;
}

Mutation store_spu(const std::string& name, const SpuRecord& record) {
    Mutation mutation;
    mutation.key.kind = RecordKind::spu;
    mutation.key.name = name;
    mutation.value = encode_record(record);
    return mutation;
}

// Nothing that a watcher waits for has changed.
bool only_offsets_differ(const PartitionStatus& a, const PartitionStatus& b) {
    return a.resolution == b.resolution && a.leader.spu == b.leader.spu &&
           a.replicas.size() == b.replicas.size() && a.live_replica_count == b.live_replica_count &&
           (a.size_bytes < 0) == (b.size_bytes < 0);
}

}  // namespace

Spus::Spus(Context& context) : context_(context), log_(context.env.log, "sc.spus") {}

Task<wire::Status> Spus::create_custom(wire::CreateRequest request) {
    const std::string name = request.name;
    const CustomSpuSpec& custom = std::get<CustomSpuSpec>(request.spec);
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::spu_error, to_string(guard.error()));
    }
    if (context_.catalog.spus.find(name) != nullptr ||
        context_.catalog.find_spu(custom.id) != nullptr) {
        co_return status_error(
            name, ErrorTag::spu_already_exists,
            fmt::format("spu '{}({})' already defined", name, custom.id.value()));
    }
    if (const auto reason = control::check_resource_name(name)) {
        co_return status_error(name, ErrorTag::spu_error,
                               fmt::format("invalid spu name '{}': {}", name, *reason));
    }
    if (custom.id.value() < 0) {
        co_return status_error(name, ErrorTag::spu_error,
                               fmt::format("invalid spu id: {}", custom.id.value()));
    }
    if (request.dry_run) {
        co_return wire::Status();
    }
    SpuRecord record;
    record.spec = as_spu(custom);
    std::vector<Mutation> mutations;
    mutations.push_back(store_spu(name, record));
    mutations.back().expected_revision = 0;
    const auto stored = co_await context_.store.commit(std::move(mutations));
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::spu_error, to_string(stored.error()));
    }
    SpuObject object;
    object.name = name;
    object.spec = record.spec;
    context_.catalog.spus.put(std::move(object), SpuExtra());
    context_.catalog.notify();
    WEIR_LOG(log_, info, "spu {} registered as {}", record.spec.id.value(), name);
    co_return status_ok(name);
}

Task<wire::Status> Spus::remove_custom(wire::DeleteTarget target) {
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    const SpuTable::Entry* entry = nullptr;
    std::string name;
    if (const auto* id = std::get_if<SpuId>(&target.key)) {
        name = fmt::format("spu-{}", id->value());
        entry = context_.catalog.find_spu(*id);
    } else {
        name = std::get<std::string>(target.key);
        entry = context_.catalog.spus.find(name);
    }
    if (!guard.has_value()) {
        co_return status_error(name, ErrorTag::spu_error, to_string(guard.error()));
    }
    if (entry == nullptr) {
        co_return status_error(name, ErrorTag::spu_not_found, "not found");
    }
    name = entry->object.name;
    if (entry->object.spec.spu_type != SpuType::custom) {
        co_return status_error(name, ErrorTag::spu_error,
                               "expected 'Custom' spu, found 'Managed' spu");
    }
    const SpuId id = entry->object.spec.id;
    std::vector<Mutation> mutations(1);
    mutations.front().key.kind = RecordKind::spu;
    mutations.front().key.name = name;
    const auto stored = co_await context_.store.commit(std::move(mutations));
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::spu_error, to_string(stored.error()));
    }
    context_.catalog.spus.remove(name);
    // The SPU is not part of the cluster any more: its session ends, and it will be refused.
    if (const auto session = sessions_.find(id); session != sessions_.end()) {
        session->second->replaced();
        sessions_.erase(session);
    }
    leader_gone(id);
    context_.catalog.notify();
    WEIR_LOG(log_, info, "spu {} ({}) unregistered", id.value(), name);
    co_return status_ok(name);
}

Task<Result<void>> Spus::note_storage(std::string name, Uid storage_id) {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await context_.changing.lock());
    const SpuTable::Entry* entry = context_.catalog.spus.find(name);
    if (entry == nullptr || !entry->extra.storage_id.is_none()) {
        co_return fail(ErrorCode::already_exists, "the registration has changed meanwhile");
    }
    SpuRecord record;
    record.spec = entry->object.spec;
    record.storage_id = storage_id;
    std::vector<Mutation> mutations;
    mutations.push_back(store_spu(name, record));
    WEIR_CO_CHECK(co_await context_.store.commit(std::move(mutations)));
    // Only SPUs' resolutions can have changed meanwhile.
    const SpuTable::Entry* now = context_.catalog.spus.find(name);
    WEIR_ASSERT(now != nullptr);
    SpuExtra extra;
    extra.storage_id = storage_id;
    context_.catalog.spus.put(now->object, extra);
    co_return Result<void>();
}

Task<Registered> Spus::check_registration(wire::internal::RegisterSpu request) {
    Registered answer;
    answer.cluster_id = context_.catalog.cluster_id;
    const SpuTable::Entry* entry = context_.catalog.find_spu(request.spu);
    if (entry == nullptr) {
        answer.result = RegisterResult::unknown_spu;
        answer.message = fmt::format("no SPU with id {} is registered", request.spu.value());
        co_return answer;
    }
    answer.spu_name = entry->object.name;
    if (entry->extra.storage_id.is_none()) {
        const Result<void> noted = co_await note_storage(entry->object.name, request.storage_id);
        if (!noted.has_value()) {
            answer.result = RegisterResult::unavailable;
            answer.message = to_string(noted.error());
        }
        co_return answer;
    }
    if (entry->extra.storage_id != request.storage_id) {
        answer.result = RegisterResult::storage_mismatch;
        answer.message = fmt::format(
            "SPU {} was registered with storage {} and comes with {}: if its data are gone for "
            "good, unregister it and register it again",
            request.spu.value(), to_string(entry->extra.storage_id), to_string(request.storage_id));
    }
    co_return answer;
}

void Spus::set_resolution(SpuId spu, SpuResolution resolution) {
    const SpuTable::Entry* entry = context_.catalog.find_spu(spu);
    if (entry == nullptr) {
        return;
    }
    SpuObject object = entry->object;
    object.status.resolution = resolution;
    context_.catalog.spus.put(std::move(object), entry->extra);
}

void Spus::attach(SpuId spu, Session& session) {
    Session*& place = sessions_[spu];
    if (place != nullptr) {
        context_.env.probe.reached(Sometimes::sc_session_replaced);
        place->replaced();
    }
    place = &session;
    set_resolution(spu, SpuResolution::online);
    context_.catalog.notify();
}

void Spus::detach(SpuId spu, Session& session) {
    if (attached(spu, session)) {
        sessions_.erase(spu);
    }
}

bool Spus::attached(SpuId spu, const Session& session) const {
    const auto found = sessions_.find(spu);
    return found != sessions_.end() && found->second == &session;
}

void Spus::offline_if_gone(SpuId spu) {
    if (sessions_.contains(spu)) {
        return;
    }
    const SpuTable::Entry* entry = context_.catalog.find_spu(spu);
    if (entry == nullptr || entry->object.status.resolution != SpuResolution::online) {
        return;
    }
    WEIR_LOG(log_, warn, "spu {} is offline", spu.value());
    context_.env.probe.reached(Sometimes::sc_spu_offline);
    set_resolution(spu, SpuResolution::offline);
    leader_gone(spu);
    context_.catalog.notify();
}

void Spus::leader_gone(SpuId spu) {
    std::vector<std::string> led;
    for (const auto& [name, entry] : context_.catalog.partitions.entries()) {
        if (entry.object.spec.leader == spu) {
            led.push_back(name);
        }
    }
    for (const std::string& name : led) {
        const PartitionTable::Entry* entry = context_.catalog.partitions.find(name);
        PartitionObject object = entry->object;
        object.status = control::leader_gone(current_status(*entry));
        unpublished_.erase(name);
        context_.catalog.partitions.put(std::move(object), entry->extra);
    }
}

PartitionStatus Spus::current_status(const PartitionTable::Entry& entry) const {
    const auto found = unpublished_.find(entry.object.name);
    const bool valid =
        found != unpublished_.end() && found->second.topic_uid == entry.extra.topic_uid;
    return valid ? found->second.status : entry.object.status;
}

void Spus::report_one(SpuId spu, const wire::internal::ReplicaReport& report) {
    const std::string name = to_string(report.key);
    const PartitionTable::Entry* entry = context_.catalog.partitions.find(name);
    // Of a topic that is gone, of its former life, or from somebody who does not lead.
    if (entry == nullptr || entry->extra.topic_uid != report.topic_uid ||
        entry->object.spec.leader != spu || entry->extra.leader_epoch != report.leader_epoch) {
        context_.env.probe.reached(Sometimes::sc_stale_report);
        return;
    }
    control::LeaderReport merged;
    merged.leader = spu;
    merged.resolution = report.resolution;
    merged.hw = report.hw;
    merged.leo = report.leo;
    merged.log_start = report.log_start;
    merged.size_bytes = report.size_bytes;
    merged.followers = report.followers;
    PartitionStatus status = control::merge_report(current_status(*entry), merged);
    if (status == entry->object.status) {
        unpublished_.erase(name);
        return;
    }
    if (only_offsets_differ(status, entry->object.status)) {
        Unpublished& later = unpublished_[name];
        later.topic_uid = entry->extra.topic_uid;
        later.status = std::move(status);
        return;
    }
    unpublished_.erase(name);
    PartitionObject object = entry->object;
    object.status = std::move(status);
    context_.catalog.partitions.put(std::move(object), entry->extra);
}

void Spus::report(SpuId spu, const wire::internal::SpuReport& report) {
    const std::uint64_t before = context_.catalog.partitions.epoch();
    const bool waiting_before = offsets_waiting();
    for (const wire::internal::ReplicaReport& replica : report.replicas) {
        report_one(spu, replica);
    }
    // The publisher waits for the notification, too.
    if (context_.catalog.partitions.epoch() != before || offsets_waiting() != waiting_before) {
        context_.catalog.notify();
    }
}

void Spus::publish_offsets() {
    if (unpublished_.empty()) {
        return;
    }
    std::map<std::string, Unpublished> waiting;
    waiting.swap(unpublished_);
    for (auto& [name, later] : waiting) {
        const PartitionTable::Entry* entry = context_.catalog.partitions.find(name);
        if (entry == nullptr || entry->extra.topic_uid != later.topic_uid) {
            continue;
        }
        PartitionObject object = entry->object;
        object.status = std::move(later.status);
        context_.catalog.partitions.put(std::move(object), entry->extra);
    }
    context_.catalog.notify();
}

}  // namespace weir::sc
