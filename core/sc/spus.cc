#include "core/sc/spus.h"

#include "core/control/fencing.h"
#include "core/control/topic_rules.h"
#include "core/sc/record_changes.h"
#include "core/sc/records.h"
#include "core/sc/status.h"

#include <fmt/core.h>

namespace weir::sc {

namespace {

using wire::ApiError;
using wire::ErrorTag;

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

}  // namespace

Spus::Spus(Context& context, PartitionReports& reports)
    : context_(context), reports_(reports), log_(context.env.log, "sc.spus") {}

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

const SpuTable::Entry* Spus::find_target(const wire::DeleteTarget& target,
                                         std::string& name) const {
    if (const auto* id = std::get_if<SpuId>(&target.key)) {
        name = fmt::format("spu-{}", id->value());
        return context_.catalog.find_spu(*id);
    }
    name = std::get<std::string>(target.key);
    return context_.catalog.spus.find(name);
}

Task<wire::Status> Spus::remove_custom(wire::DeleteTarget target) {
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    std::string name;
    const SpuTable::Entry* entry = find_target(target, name);
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
    // It is not part of the cluster any more: what it led is led by others.
    RecordChanges changes(context_, reports_);
    for (const auto& [partition_name, partition] : context_.catalog.partitions.entries()) {
        changes.put(partition, control::on_fence(changes.record(partition), id));
    }
    changes.remove(*entry);
    const Result<void> stored = co_await changes.commit();
    if (!stored.has_value()) {
        co_return status_error(name, ErrorTag::spu_error, to_string(stored.error()));
    }
    // Its session ends, and it will be refused.
    if (const auto found = presences_.find(id); found != presences_.end()) {
        if (found->second.session != nullptr) {
            found->second.session->end();
        }
        presences_.erase(found);
    }
    reports_.leader_gone(id);
    context_.catalog.notify();
    WEIR_LOG(log_, info, "spu {} ({}) unregistered", id.value(), name);
    co_return status_ok(name);
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

Spus::Presence& Spus::presence(SpuId spu) {
    const auto [place, is_new] = presences_.try_emplace(spu);
    if (is_new) {
        place->second.heard = context_.env.clock.now();
    }
    return place->second;
}

bool Spus::connected(SpuId spu) const {
    const auto found = presences_.find(spu);
    return found != presences_.end() && found->second.session != nullptr;
}

SpuSet Spus::without_smartmodules(std::uint64_t epoch) const {
    SpuSet set;
    for (const auto& [spu, presence] : presences_) {
        if (presence.session != nullptr && !presence.session->has_smartmodules(epoch)) {
            set.push_back(spu);
        }
    }
    return set;
}

SpuSet Spus::away(const control::SpuStates& states) const {
    SpuSet set;
    for (const auto& [spu, state] : states) {
        if (!connected(spu)) {
            set.push_back(spu);
        }
    }
    return set;
}

void Spus::attach(SpuId spu, Session& session) {
    Presence& presence = this->presence(spu);
    if (presence.session != nullptr) {
        context_.env.probe.reached(Sometimes::sc_session_replaced);
        presence.session->end();
        // It has to report again.
        reports_.leader_gone(spu);
    }
    presence = Presence();
    presence.session = &session;
    presence.heard = context_.env.clock.now();
    set_resolution(spu, SpuResolution::online);
    context_.catalog.notify();
}

void Spus::detach(SpuId spu, Session& session) {
    if (!attached(spu, session)) {
        return;
    }
    WEIR_LOG(log_, warn, "spu {} is offline", spu.value());
    context_.env.probe.reached(Sometimes::sc_spu_offline);
    Presence& presence = this->presence(spu);
    presence.session = nullptr;
    presence.has_left = true;
    set_resolution(spu, SpuResolution::offline);
    reports_.leader_gone(spu);
    context_.catalog.notify();
}

bool Spus::attached(SpuId spu, const Session& session) const {
    const auto found = presences_.find(spu);
    return found != presences_.end() && found->second.session == &session;
}

void Spus::register_again(SpuId spu) {
    if (!connected(spu)) {
        return;
    }
    Presence& presence = this->presence(spu);
    presence.session->end();
    presence.session = nullptr;
    set_resolution(spu, SpuResolution::offline);
    reports_.leader_gone(spu);
    context_.catalog.notify();
}

void Spus::heard(SpuId spu) {
    Presence& presence = this->presence(spu);
    presence.heard = context_.env.clock.now();
    const bool before = control::may_unfence(presence.streak);
    presence.streak = control::on_heartbeat(presence.streak);
    if (!before && control::may_unfence(presence.streak)) {
        // Partitions looks whether it was fenced.
        context_.catalog.notify();
    }
}

}  // namespace weir::sc
