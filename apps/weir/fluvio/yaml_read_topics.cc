// Topics, partitions, SPUs.

#include "apps/weir/fluvio/yaml.h"
#include "apps/weir/fluvio/yaml_nodes.h"
#include "apps/weir/text.h"

#include <utility>

namespace weir::cli::fluvio {
namespace {

std::vector<SpuId> ids_of(const Node& list) {
    std::vector<SpuId> ids;
    for (const Node& id : list) {
        ids.emplace_back(id.as<std::int32_t>());
    }
    return ids;
}

HomePartitionConfig read_home_partition(const Node& node) {
    HomePartitionConfig config;
    config.remote_cluster = get<std::string>(node, "remoteCluster");
    config.remote_replica = get<std::string>(node, "remoteReplica");
    config.source = get_or(node, "source", false);
    return config;
}

PartitionMirrorConfig read_partition_mirror(const Node& node) {
    const auto [name, content] = variant_of(node);
    if (name == "home") {
        return read_home_partition(content);
    }
    if (name != "remote") {
        refuse(node, fmt::format("'{}' is no kind of mirror", name));
    }
    RemotePartitionConfig config;
    config.home_cluster = get<std::string>(content, "homeCluster");
    config.home_spu_key = get<std::string>(content, "homeSpuKey");
    config.home_spu_id = SpuId(get<std::int32_t>(content, "homeSpuId"));
    config.home_spu_endpoint = get<std::string>(content, "homeSpuEndpoint");
    config.target = get_or(content, "target", false);
    return config;
}

std::optional<PartitionMirrorConfig> maybe_mirror(const Node& map) {
    return has_value(map, "mirror") ? std::optional(read_partition_mirror(map["mirror"]))
                                    : std::nullopt;
}

MirrorReplicas read_mirror_replicas(const Node& node) {
    // Under the tag, not a tag itself.
    if (has_value(node, "home")) {
        const Node home = node["home"];
        HomeMirrorConfig config;
        const Node partitions = home.IsSequence() ? home : need(home, "partitions");
        for (const Node& partition : partitions) {
            config.partitions.push_back(read_home_partition(partition));
        }
        config.source = home.IsMap() && get_or(home, "source", false);
        return config;
    }
    const Node remote = need(node, "remote");
    RemoteMirrorConfig config;
    config.home_cluster = get<std::string>(remote, "homeCluster");
    for (const Node& spu : need(remote, "homeSpus")) {
        HomeSpu home_spu;
        home_spu.id = SpuId(get<std::int32_t>(spu, "id"));
        home_spu.key = get<std::string>(spu, "key");
        home_spu.endpoint = get<std::string>(spu, "endpoint");
        config.home_spus.push_back(std::move(home_spu));
    }
    config.target = get_or(remote, "target", false);
    return config;
}

AssignedReplicas read_assigned(const Node& node) {
    AssignedReplicas assigned;
    for (const Node& row : node.IsMap() ? need(node, "maps") : node) {
        PartitionMap map;
        map.id = get<std::uint32_t>(row, "id");
        map.replicas = ids_of(need(row, "replicas"));
        map.mirror = maybe_mirror(row);
        assigned.maps.push_back(std::move(map));
    }
    return assigned;
}

ReplicaSpec read_replicas(const Node& node) {
    const auto [name, content] = variant_of(node);
    if (name == "assigned") {
        return read_assigned(content);
    }
    if (name == "mirror") {
        return read_mirror_replicas(content);
    }
    if (name != "computed") {
        refuse(node, fmt::format("'{}' is no way to place replicas", name));
    }
    ComputedReplicas computed;
    computed.partition_count = get<std::uint32_t>(content, "partitions");
    computed.replication_factor = get<std::uint32_t>(content, "replicationFactor");
    // Fluvio leaves it out exactly when it is true, and loses it when it reads its own file.
    computed.ignore_rack_assignment = get_or(content, "ignoreRackAssignment", true);
    return computed;
}

std::optional<CleanupPolicy> read_cleanup(const Node& spec) {
    if (!has_value(spec, "cleanupPolicy")) {
        return std::nullopt;
    }
    const auto [name, content] = variant_of(spec["cleanupPolicy"]);
    if (name != "segment") {
        refuse(spec["cleanupPolicy"], fmt::format("'{}' is no cleanup policy", name));
    }
    CleanupPolicy policy;
    policy.time_in_seconds = get<std::uint32_t>(content, "timeInSeconds");
    return policy;
}

std::optional<TopicStorageConfig> read_storage(const Node& spec) {
    if (!has_value(spec, "storage")) {
        return std::nullopt;
    }
    TopicStorageConfig storage;
    storage.segment_size_bytes = maybe<std::uint32_t>(spec["storage"], "segmentSize");
    storage.max_partition_size_bytes = maybe<std::uint64_t>(spec["storage"], "maxPartitionSize");
    return storage;
}

std::optional<Deduplication> read_deduplication(const Node& spec) {
    if (!has_value(spec, "deduplication")) {
        return std::nullopt;
    }
    const Node node = spec["deduplication"];
    const Node bounds = need(node, "bounds");
    Deduplication deduplication;
    deduplication.bound_count = get<std::uint64_t>(bounds, "count");
    if (const auto age = maybe<std::string>(bounds, "age")) {
        const Result<Duration> parsed = parse_duration(*age);
        if (!parsed.has_value()) {
            refuse(bounds["age"], parsed.error().context);
        }
        deduplication.bound_age = *parsed;
    }
    const Node transform = need(need(node, "filter"), "transform");
    deduplication.filter_uses = get<std::string>(transform, "uses");
    if (has_value(transform, "with")) {
        deduplication.filter_with = transform["with"].as<std::map<std::string, std::string>>();
    }
    return deduplication;
}

// The settings that a topic and its partitions share.
template <typename Spec>
void read_shared(const Node& node, Spec& spec) {
    spec.cleanup_policy = read_cleanup(node);
    spec.storage = read_storage(node);
    spec.compression_type =
        maybe_named<CompressionAlgorithm>(node, "compressionType", kCompressionNames)
            .value_or(CompressionAlgorithm::any);
    spec.deduplication = read_deduplication(node);
    spec.system = get_or(node, "system", false);
}

void read(const Node& node, TopicSpec& spec) {
    spec.replicas = read_replicas(need(node, "replicas"));
    read_shared(node, spec);
}

void read(const Node& node, TopicStatus& status) {
    status.resolution = named<TopicResolution>(need(node, "resolution"), kTopicResolutionNames);
    for (const auto& row : node["replicaMap"]) {
        status.replica_map[row.first.as<std::uint32_t>()] = ids_of(row.second);
    }
    for (const auto& row : node["mirrorMap"]) {
        status.mirror_map[row.first.as<std::uint32_t>()] = read_partition_mirror(row.second);
    }
    status.reason = get_or(node, "reason", std::string());
}

void read(const Node& node, PartitionSpec& spec) {
    spec.leader = SpuId(get<std::int32_t>(node, "leader"));
    spec.replicas = ids_of(need(node, "replicas"));
    read_shared(node, spec);
    spec.mirror = maybe_mirror(node);
}

ReplicaStatus read_replica_status(const Node& node) {
    ReplicaStatus status;
    status.spu = SpuId(get<std::int32_t>(node, "spu"));
    status.hw = Offset(get<std::int64_t>(node, "hw"));
    status.leo = Offset(get<std::int64_t>(node, "leo"));
    return status;
}

void read(const Node& node, PartitionStatus& status) {
    status.resolution =
        named<PartitionResolution>(need(node, "resolution"), kPartitionResolutionNames);
    status.leader = read_replica_status(need(node, "leader"));
    status.live_replica_count = get_or<std::uint32_t>(node, "lsr", 0);
    for (const Node& replica : node["replicas"]) {
        status.replicas.push_back(read_replica_status(replica));
    }
    status.size_bytes = get_or(node, "size", kPartitionSizeUnknown);
    status.is_being_deleted = get_or(node, "isBeingDeleted", false);
    status.base_offset = Offset(get_or<std::int64_t>(node, "baseOffset", 0));
}

Endpoint read_endpoint(const Node& node) {
    Endpoint endpoint;
    endpoint.port = get<std::uint16_t>(node, "port");
    endpoint.host = get<std::string>(node, "host");
    endpoint.encryption = maybe_named<Encryption>(node, "encryption", kEncryptionNames)
                              .value_or(Encryption::plaintext);
    return endpoint;
}

void read(const Node& node, SpuSpec& spec) {
    spec.id = SpuId(get<std::int32_t>(node, "spuId"));
    spec.spu_type = maybe_named<SpuType>(node, "spuType", kSpuTypeNames).value_or(SpuType::managed);
    const Node endpoint = need(node, "publicEndpoint");
    spec.public_endpoint.port = get<std::uint16_t>(endpoint, "port");
    for (const Node& address : endpoint["ingress"]) {
        IngressAddress ingress;
        ingress.hostname = maybe<std::string>(address, "hostname");
        ingress.ip = maybe<std::string>(address, "ip");
        spec.public_endpoint.ingress.push_back(std::move(ingress));
    }
    spec.public_endpoint.encryption =
        maybe_named<Encryption>(endpoint, "encryption", kEncryptionNames)
            .value_or(Encryption::plaintext);
    spec.private_endpoint = read_endpoint(need(node, "privateEndpoint"));
    spec.rack = maybe<std::string>(node, "rack");
    if (has_value(node, "publicEndpointLocal")) {
        spec.public_endpoint_local = read_endpoint(node["publicEndpointLocal"]);
    }
}

void read(const Node& node, SpuStatus& status) {
    status.resolution = named<SpuResolution>(need(node, "resolution"), kSpuResolutionNames);
}

}  // namespace

template <>
Result<Object<TopicSpec>> from_yaml<TopicSpec>(const std::string& text) {
    return read_object<TopicSpec>(text, &read, &read);
}

template <>
Result<Object<PartitionSpec>> from_yaml<PartitionSpec>(const std::string& text) {
    return read_object<PartitionSpec>(text, &read, &read);
}

template <>
Result<Object<SpuSpec>> from_yaml<SpuSpec>(const std::string& text) {
    return read_object<SpuSpec>(text, &read, &read);
}

}  // namespace weir::cli::fluvio
