#include "core/control/topic_rules.h"

#include "core/model/smartmodule_name.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::control {

namespace {

Refusal refuse(RefusalKind kind, std::string message) {
    Refusal refusal;
    refusal.kind = kind;
    refusal.message = std::move(message);
    return refusal;
}

}  // namespace

std::optional<Refusal> check_topic_limits(const TopicSpec& spec) {
    if (spec.cleanup_policy.has_value() &&
        spec.cleanup_policy->time_in_seconds < kRetentionSecondsMin) {
        return refuse(RefusalKind::invalid_configuration,
                      fmt::format("retention_secs {} is less than minimum {}",
                                  spec.cleanup_policy->time_in_seconds, kRetentionSecondsMin));
    }
    if (!spec.storage.has_value()) {
        return std::nullopt;
    }
    const std::uint64_t segment_size =
        spec.storage->segment_size_bytes.value_or(kSegmentSizeDefault);
    if (segment_size < kSegmentSizeMin) {
        return refuse(
            RefusalKind::invalid_configuration,
            fmt::format("segment_size {} is less than minimum {}", segment_size, kSegmentSizeMin));
    }
    if (!spec.storage->max_partition_size_bytes.has_value()) {
        return std::nullopt;
    }
    const std::uint64_t partition_size = *spec.storage->max_partition_size_bytes;
    if (partition_size < kMaxPartitionSizeMin) {
        return refuse(RefusalKind::invalid_configuration,
                      fmt::format("max_partition_size {} is less than minimum {}", partition_size,
                                  kMaxPartitionSizeMin));
    }
    if (partition_size < segment_size) {
        return refuse(RefusalKind::invalid_configuration,
                      fmt::format("max_partition_size {} is less than segment size {}",
                                  partition_size, segment_size));
    }
    return std::nullopt;
}

namespace {

std::optional<Refusal> check_deduplication(const TopicSpec& spec, const TopicRuleInput& input) {
    if (!spec.deduplication.has_value()) {
        return std::nullopt;
    }
    const std::string& uses = spec.deduplication->filter_uses;
    const std::optional<std::string> key = smartmodule_key(uses);
    if (!key.has_value()) {
        return refuse(RefusalKind::deduplication_name_invalid,
                      fmt::format("'{}' is not [group/]name[@version]", uses));
    }
    if (!input.smartmodules.contains(*key)) {
        return refuse(RefusalKind::deduplication_module_unknown,
                      fmt::format("SmartModule '{}' is not loaded: create it first", uses));
    }
    return std::nullopt;
}

std::optional<Refusal> check_computed(const ComputedReplicas& replicas,
                                      const TopicRuleInput& input) {
    if (replicas.partition_count == 0) {
        return refuse(RefusalKind::topic_error, "partition must be greater than 0");
    }
    if (replicas.replication_factor == 0) {
        return refuse(RefusalKind::topic_error, "replication factor must be greater than 0");
    }
    if (replicas.partition_count > input.partition_count_max) {
        return refuse(RefusalKind::topic_error,
                      fmt::format("a topic has at most {} partitions (asked for {})",
                                  input.partition_count_max, replicas.partition_count));
    }
    return std::nullopt;
}

std::optional<std::string> check_row(const PartitionMap& row, std::size_t index,
                                     std::size_t replica_count) {
    if (row.id != index) {
        return fmt::format("partition ids must start at 0 and be consecutive: found {} at {}",
                           row.id, index);
    }
    if (row.replicas.empty()) {
        return fmt::format("partition {} has no replicas", row.id);
    }
    if (row.replicas.size() != replica_count) {
        return fmt::format(
            "all partitions must have the same number of replicas: {} has {}, 0 has "
            "{}",
            row.id, row.replicas.size(), replica_count);
    }
    std::set<SpuId> seen;
    for (const SpuId spu : row.replicas) {
        if (spu.value() < 0) {
            return fmt::format("invalid spu id: {}", spu.value());
        }
        if (!seen.insert(spu).second) {
            return fmt::format("partition {} has spu {} twice", row.id, spu.value());
        }
    }
    return std::nullopt;
}

std::optional<Refusal> check_assigned(const AssignedReplicas& replicas,
                                      const TopicRuleInput& input) {
    if (replicas.maps.empty()) {
        return refuse(RefusalKind::topic_error, "no assigned partitions");
    }
    if (replicas.maps.size() > input.partition_count_max) {
        return refuse(RefusalKind::topic_error,
                      fmt::format("a topic has at most {} partitions (asked for {})",
                                  input.partition_count_max, replicas.maps.size()));
    }
    const std::size_t replica_count = replicas.maps.front().replicas.size();
    for (std::size_t i = 0; i < replicas.maps.size(); ++i) {
        if (auto reason = check_row(replicas.maps[i], i, replica_count)) {
            return refuse(RefusalKind::topic_error, *std::move(reason));
        }
    }
    for (const PartitionMap& row : replicas.maps) {
        for (const SpuId spu : row.replicas) {
            if (!input.spus.contains(spu)) {
                return refuse(RefusalKind::topic_error,
                              fmt::format("invalid spu id: {}", spu.value()));
            }
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> check_resource_name(std::string_view name) {
    if (name.empty()) {
        return "A name must not be empty";
    }
    if (name.size() > kResourceNameSizeMax) {
        return fmt::format("A name has at most {} characters", kResourceNameSizeMax);
    }
    const bool characters_fine = std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    });
    if (!characters_fine) {
        return "A name has only lowercase letters (a-z), digits and dashes";
    }
    if (name.front() == '-' || name.back() == '-') {
        return "A name neither starts nor ends with a dash";
    }
    return std::nullopt;
}

std::optional<Refusal> check_topic_name(std::string_view name) {
    const std::optional<std::string> reason = check_resource_name(name);
    if (!reason.has_value()) {
        return std::nullopt;
    }
    return refuse(RefusalKind::invalid_name,
                  fmt::format("Invalid topic name: '{}'. {}", name.substr(0, 256), *reason));
}

std::optional<Refusal> check_topic_spec(const TopicSpec& spec, const TopicRuleInput& input) {
    if (auto refusal = check_topic_limits(spec)) {
        return refusal;
    }
    if (auto refusal = check_deduplication(spec, input)) {
        return refusal;
    }
    if (const auto* computed = std::get_if<ComputedReplicas>(&spec.replicas)) {
        return check_computed(*computed, input);
    }
    if (const auto* assigned = std::get_if<AssignedReplicas>(&spec.replicas)) {
        return check_assigned(*assigned, input);
    }
    // A topic that mirrors is not checked (control-plane spec 8.2).
    return std::nullopt;
}

std::uint32_t partition_count_of(const ReplicaSpec& replicas) {
    if (const auto* computed = std::get_if<ComputedReplicas>(&replicas)) {
        return computed->partition_count;
    }
    if (const auto* assigned = std::get_if<AssignedReplicas>(&replicas)) {
        return static_cast<std::uint32_t>(assigned->maps.size());
    }
    const auto& mirror = std::get<MirrorReplicas>(replicas);
    if (const auto* home = std::get_if<HomeMirrorConfig>(&mirror)) {
        return static_cast<std::uint32_t>(home->partitions.size());
    }
    return static_cast<std::uint32_t>(std::get<RemoteMirrorConfig>(mirror).home_spus.size());
}

}  // namespace weir::control
