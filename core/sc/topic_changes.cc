#include "core/sc/topic_changes.h"

#include "core/control/topic_settings.h"
#include "core/sc/status.h"

#include <fmt/core.h>

#include <optional>
#include <utility>

namespace weir::sc {

namespace {

using wire::ApiError;
using wire::ErrorTag;

wire::Status refused_system_update(const std::string& name) {
    wire::ErrorTwoTexts payload;
    payload.first = "topic";
    payload.second = name;
    return status_error(name, ApiError(ErrorTag::system_spec_updating_attempt,
                                       wire::ErrorPayload(std::move(payload))));
}

ErrorTag tag_of(control::RefusalKind kind) {
    switch (kind) {
        case control::RefusalKind::invalid_name: return ErrorTag::topic_invalid_name;
        case control::RefusalKind::invalid_configuration:
            return ErrorTag::topic_invalid_configuration;
        case control::RefusalKind::deduplication_name_invalid:
            return ErrorTag::deduplication_smartmodule_name_invalid;
        case control::RefusalKind::deduplication_module_unknown:
            return ErrorTag::deduplication_smartmodule_not_loaded;
        case control::RefusalKind::topic_error: return ErrorTag::topic_error;
    }
    return ErrorTag::topic_error;
}

// The order of the checks is the specification's (control-plane 8.7).
std::optional<wire::Status> refused_mirror(const TopicObject& topic, const std::string& remote,
                                           const Catalog& catalog) {
    const auto* mirror = catalog.mirrors.find(remote);
    if (mirror == nullptr) {
        return status_error(topic.name, ErrorTag::mirror_not_found, "not found");
    }
    if (!std::holds_alternative<RemoteMirror>(mirror->object.spec.type)) {
        return status_error(topic.name, ErrorTag::mirror_invalid_type, "invalid mirror type");
    }
    const auto* replicas = std::get_if<MirrorReplicas>(&topic.spec.replicas);
    if (replicas == nullptr) {
        return status_error(topic.name, ErrorTag::topic_error, "invalid replica type");
    }
    const auto* home = std::get_if<HomeMirrorConfig>(replicas);
    for (std::size_t i = 0; home != nullptr && i < home->partitions.size(); ++i) {
        if (home->partitions[i].remote_cluster == remote) {
            return status_error(
                topic.name, ErrorTag::mirror_already_exists,
                fmt::format("remote \"{}\" is already assigned to partition: \"{}\"", remote, i));
        }
    }
    if (topic.spec.system) {
        return refused_system_update(topic.name);
    }
    if (home == nullptr) {
        return status_error(topic.name, ErrorTag::topic_invalid_replica_type,
                            "invalid replica type");
    }
    return std::nullopt;
}

}  // namespace

std::variant<TopicSpec, wire::Status> changed_spec(const TopicObject& topic,
                                                   const wire::AddPartition& add,
                                                   std::uint32_t partitions_max) {
    const std::string& name = topic.name;
    if (topic.spec.system) {
        return refused_system_update(name);
    }
    TopicSpec spec = topic.spec;
    auto* computed = std::get_if<ComputedReplicas>(&spec.replicas);
    if (computed == nullptr) {
        return status_error(name, ErrorTag::topic_invalid_replica_type, "invalid replica type");
    }
    const std::uint64_t count = std::uint64_t{computed->partition_count} + add.count;
    if (count > partitions_max) {
        return status_error(
            name, ErrorTag::topic_error,
            fmt::format("a topic has at most {} partitions (asked for {})", partitions_max, count));
    }
    computed->partition_count = static_cast<std::uint32_t>(count);
    return spec;
}

std::variant<TopicSpec, wire::Status> changed_spec(const TopicObject& topic,
                                                   const wire::AddMirror& add,
                                                   const Catalog& catalog) {
    if (auto refusal = refused_mirror(topic, add.remote_cluster, catalog)) {
        return *std::move(refusal);
    }
    TopicSpec spec = topic.spec;
    auto& home = std::get<HomeMirrorConfig>(std::get<MirrorReplicas>(spec.replicas));
    HomePartitionConfig partition;
    partition.remote_cluster = add.remote_cluster;
    partition.remote_replica = topic.name + "-0";
    partition.source = home.source;
    home.partitions.push_back(std::move(partition));
    return spec;
}

std::variant<TopicSpec, wire::Status> changed_spec(const TopicObject& topic,
                                                   const TopicChanges& changes) {
    if (topic.spec.system && changes.any()) {
        return refused_system_update(topic.name);
    }
    TopicSpec spec = control::with_changes(topic.spec, changes);
    // What the topic has already is not judged again.
    if (spec != topic.spec) {
        if (const auto refusal = control::check_topic_limits(spec)) {
            return refused_topic(topic.name, spec, *refusal);
        }
    }
    return spec;
}

wire::Status refused_topic(const std::string& name, const TopicSpec& spec,
                           const control::Refusal& refusal) {
    const ErrorTag tag = tag_of(refusal.kind);
    if (tag == ErrorTag::deduplication_smartmodule_name_invalid) {
        return status_error(wire::cut_text(spec.deduplication->filter_uses),
                            ApiError::with_text(tag, refusal.message));
    }
    if (tag == ErrorTag::deduplication_smartmodule_not_loaded) {
        return status_error(wire::cut_text(spec.deduplication->filter_uses), tag, refusal.message);
    }
    return status_error(name, tag, refusal.message);
}

}  // namespace weir::sc
