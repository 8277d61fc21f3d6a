// From the options and files of `weir topic create` to a topic's spec.
#include "apps/weir/documents.h"
#include "apps/weir/files.h"
#include "apps/weir/text.h"
#include "apps/weir/topic.h"
#include "core/control/topic_settings.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <yaml-cpp/yaml.h>

namespace weir::cli {
namespace {

Result<CompressionAlgorithm> parse_algorithm(const std::string& text) {
    for (const CompressionAlgorithm algorithm :
         {CompressionAlgorithm::none, CompressionAlgorithm::gzip, CompressionAlgorithm::snappy,
          CompressionAlgorithm::lz4, CompressionAlgorithm::any, CompressionAlgorithm::zstd}) {
        if (to_lower(name_of(algorithm)) == to_lower(text)) {
            return algorithm;
        }
    }
    return fail(
        ErrorCode::invalid_argument,
        fmt::format("'{}' is not a compression type: any, none, gzip, snappy, lz4 or zstd", text));
}

Result<AssignedReplicas> read_assignment(const std::string& path) {
    WEIR_TRY(const std::string text, read_file(path));
    const auto wrong = [&path] {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} is not a replica assignment: it must be a JSON list such as "
                                "[{{\"id\": 0, \"replicas\": [5001]}}]",
                                path));
    };
    const nlohmann::json document = nlohmann::json::parse(text, nullptr, false);
    if (!document.is_array()) {
        return wrong();
    }
    AssignedReplicas assigned;
    for (const nlohmann::json& row : document) {
        const bool well_formed = row.is_object() && row.contains("id") &&
                                 row["id"].is_number_unsigned() && row.contains("replicas") &&
                                 row["replicas"].is_array();
        if (!well_formed) {
            return wrong();
        }
        PartitionMap map;
        map.id = row["id"].get<std::uint32_t>();
        for (const nlohmann::json& spu : row["replicas"]) {
            if (!spu.is_number_integer()) {
                return wrong();
            }
            map.replicas.emplace_back(spu.get<std::int32_t>());
        }
        assigned.maps.push_back(std::move(map));
    }
    return assigned;
}

Result<MirrorReplicas> read_mirror(const TopicCreateOptions& options) {
    HomeMirrorConfig home;
    home.source = options.home_to_remote;
    if (!options.mirror_file.has_value()) {
        return home;
    }
    WEIR_TRY(const std::string text, read_file(*options.mirror_file));
    const nlohmann::json names = nlohmann::json::parse(text, nullptr, false);
    const bool well_formed =
        names.is_array() && std::all_of(names.begin(), names.end(), [](const nlohmann::json& name) {
            return name.is_string();
        });
    if (!well_formed) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} does not name remote clusters: it must be a JSON list such as "
                                "[\"edge1\", \"edge2\"]",
                                *options.mirror_file));
    }
    for (const nlohmann::json& name : names) {
        HomePartitionConfig partition;
        partition.remote_cluster = name.get<std::string>();
        partition.remote_replica = options.name + "-0";
        partition.source = options.home_to_remote;
        home.partitions.push_back(std::move(partition));
    }
    return home;
}

Result<std::uint32_t> parse_retention(const std::string& text) {
    WEIR_TRY(const Duration retention, parse_duration(text));
    if (retention.s() > std::numeric_limits<std::uint32_t>::max()) {
        return fail(ErrorCode::invalid_argument, fmt::format("'{}' is too long a retention", text));
    }
    return static_cast<std::uint32_t>(retention.s());
}

Result<std::uint32_t> parse_segment_size(const std::string& text) {
    WEIR_TRY(const std::uint64_t size, parse_size(text));
    if (size > std::numeric_limits<std::uint32_t>::max()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("'{}' is too large a segment: at most 4 GiB", text));
    }
    return static_cast<std::uint32_t>(size);
}

template <typename T>
T value_at(const YAML::Node& node, const char* key, T fallback) {
    return node && node[key] ? node[key].as<T>() : std::move(fallback);
}

void apply_partition_section(TopicSpec& spec, const YAML::Node& node) {
    if (node && node["maps"]) {
        AssignedReplicas assigned;
        for (const YAML::Node& row : node["maps"]) {
            PartitionMap map;
            map.id = row["id"].as<std::uint32_t>();
            for (const YAML::Node& spu : row["replicas"]) {
                map.replicas.emplace_back(spu.as<std::int32_t>());
            }
            assigned.maps.push_back(std::move(map));
        }
        spec.replicas = std::move(assigned);
    } else {
        ComputedReplicas computed;
        computed.partition_count = value_at<std::uint32_t>(node, "count", 1);
        computed.replication_factor = value_at<std::uint32_t>(node, "replication", 1);
        computed.ignore_rack_assignment = value_at(node, "ignore-rack-assignment", false);
        spec.replicas = computed;
    }
}

// nullopt: the file does not say.
std::optional<std::string> text_at(const YAML::Node& node, const char* key) {
    const auto text = value_at<std::string>(node, key, "");
    return text.empty() ? std::nullopt : std::optional(text);
}

Result<NamedTopicSpec> apply_config(const YAML::Node& root) {
    NamedTopicSpec topic;
    topic.name = value_at<std::string>(root["meta"], "name", "");
    apply_partition_section(topic.spec, root["partition"]);
    TopicStorageOptions storage;
    storage.max_partition_size = text_at(root["partition"], "max-size");
    storage.retention_time = text_at(root["retention"], "time");
    storage.segment_size = text_at(root["retention"], "segment-size");
    storage.compression_type = text_at(root["compression"], "type");
    WEIR_TRY(const TopicChanges changes, parse_changes(storage));
    topic.spec = control::with_changes(std::move(topic.spec), changes);
    if (root["deduplication"]) {
        return fail(ErrorCode::not_supported, "deduplication is not supported yet");
    }
    return topic;
}

Result<NamedTopicSpec> read_config(const std::string& path) {
    WEIR_TRY(const std::string text, read_file(path));
    try {
        return apply_config(YAML::Load(text));
    } catch (const YAML::Exception& error) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} is not a topic configuration: {}", path, error.what()));
    }
}

}  // namespace

Result<TopicChanges> parse_changes(const TopicStorageOptions& options) {
    TopicChanges changes;
    if (options.retention_time.has_value()) {
        WEIR_TRY(changes.retention_seconds, parse_retention(*options.retention_time));
    }
    if (options.segment_size.has_value()) {
        WEIR_TRY(changes.segment_size_bytes, parse_segment_size(*options.segment_size));
    }
    if (options.max_partition_size.has_value()) {
        WEIR_TRY(changes.max_partition_size_bytes, parse_size(*options.max_partition_size));
    }
    if (options.compression_type.has_value()) {
        WEIR_TRY(changes.compression_type, parse_algorithm(*options.compression_type));
    }
    return changes;
}

Result<NamedTopicSpec> make_topic_spec(const TopicCreateOptions& options) {
    if (options.config_file.has_value()) {
        return read_config(*options.config_file);
    }
    NamedTopicSpec topic;
    topic.name = options.name;
    if (options.replica_assignment_file.has_value()) {
        WEIR_TRY(topic.spec.replicas, read_assignment(*options.replica_assignment_file));
    } else if (options.mirror || options.mirror_file.has_value()) {
        WEIR_TRY(topic.spec.replicas, read_mirror(options));
    } else if (options.home_to_remote) {
        return fail(ErrorCode::invalid_argument, "--home-to-remote needs --mirror beside it");
    } else {
        ComputedReplicas computed;
        computed.partition_count = options.partitions;
        computed.replication_factor = options.replication;
        computed.ignore_rack_assignment = options.ignore_rack_assignment;
        topic.spec.replicas = computed;
    }
    WEIR_TRY(const TopicChanges changes, parse_changes(options.storage));
    topic.spec = control::with_changes(std::move(topic.spec), changes);
    topic.spec.system = options.system;
    return topic;
}

std::vector<std::string> unknown_remotes(const TopicSpec& spec,
                                         const std::vector<MirrorObject>& mirrors) {
    std::vector<std::string> unknown;
    const auto* replicas = std::get_if<MirrorReplicas>(&spec.replicas);
    const auto* home = replicas != nullptr ? std::get_if<HomeMirrorConfig>(replicas) : nullptr;
    if (home == nullptr) {
        return unknown;
    }
    for (const HomePartitionConfig& partition : home->partitions) {
        const bool known =
            std::any_of(mirrors.begin(), mirrors.end(), [&partition](const MirrorObject& mirror) {
                return mirror.name == partition.remote_cluster;
            });
        if (!known) {
            unknown.push_back(partition.remote_cluster);
        }
    }
    return unknown;
}

}  // namespace weir::cli
