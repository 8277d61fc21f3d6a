// Topics, partitions, SPUs.

#include "apps/weir/fluvio/yaml.h"
#include "apps/weir/fluvio/yaml_emit.h"

#include <fmt/core.h>

#include <utility>

namespace weir::cli::fluvio {
namespace {

void put_fields(Emitter& out, const HomePartitionConfig& config) {
    put(out, "remoteCluster", config.remote_cluster);
    put(out, "remoteReplica", config.remote_replica);
    put(out, "source", config.source);
}

void put_mirror(Emitter& out, const PartitionMirrorConfig& mirror) {
    out << YAML::BeginMap;
    if (const auto* home = std::get_if<HomePartitionConfig>(&mirror)) {
        begin_map(out, "home");
        put_fields(out, *home);
    } else {
        const auto& remote = std::get<RemotePartitionConfig>(mirror);
        begin_map(out, "remote");
        put(out, "homeCluster", remote.home_cluster);
        put(out, "homeSpuKey", remote.home_spu_key);
        put(out, "homeSpuId", remote.home_spu_id.value());
        put(out, "homeSpuEndpoint", remote.home_spu_endpoint);
        put(out, "target", remote.target);
    }
    out << YAML::EndMap << YAML::EndMap;
}

void put_mirror(Emitter& out, const std::optional<PartitionMirrorConfig>& mirror) {
    out << key("mirror");
    if (mirror.has_value()) {
        put_mirror(out, *mirror);
    } else {
        out << YAML::Null;
    }
}

void put_replicas(Emitter& out, const MirrorReplicas& mirror) {
    begin_variant(out, "replicas", "mirror");
    if (const auto* home = std::get_if<HomeMirrorConfig>(&mirror)) {
        begin_map(out, "home");
        out << key("partitions") << YAML::BeginSeq;
        for (const HomePartitionConfig& partition : home->partitions) {
            out << YAML::BeginMap;
            put_fields(out, partition);
            out << YAML::EndMap;
        }
        out << YAML::EndSeq;
        put(out, "source", home->source);
    } else {
        const auto& remote = std::get<RemoteMirrorConfig>(mirror);
        begin_map(out, "remote");
        put(out, "homeCluster", remote.home_cluster);
        out << key("homeSpus") << YAML::BeginSeq;
        for (const HomeSpu& spu : remote.home_spus) {
            out << YAML::BeginMap;
            put(out, "id", spu.id.value());
            put(out, "key", spu.key);
            put(out, "endpoint", spu.endpoint);
            out << YAML::EndMap;
        }
        out << YAML::EndSeq;
        put(out, "target", remote.target);
    }
    out << YAML::EndMap << YAML::EndMap;
}

void put_replicas(Emitter& out, const AssignedReplicas& assigned) {
    out << key("replicas") << YAML::LocalTag("assigned") << YAML::BeginSeq;
    for (const PartitionMap& map : assigned.maps) {
        out << YAML::BeginMap;
        put(out, "id", map.id);
        out << key("replicas");
        put_ids(out, map.replicas);
        if (map.mirror.has_value()) {
            put_mirror(out, map.mirror);
        }
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

void put_replicas(Emitter& out, const ComputedReplicas& computed) {
    begin_variant(out, "replicas", "computed");
    put(out, "partitions", computed.partition_count);
    put(out, "replicationFactor", computed.replication_factor);
    put(out, "ignoreRackAssignment", computed.ignore_rack_assignment);
    out << YAML::EndMap;
}

// In the largest unit that holds it exactly, so that reading gives the same.
std::string text_of(Duration duration) {
    constexpr std::array<std::pair<std::int64_t, const char*>, 4> kUnits = {
        {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}}};
    for (const auto& [size, unit] : kUnits) {
        if (duration.ns() % size == 0) {
            return fmt::format("{}{}", duration.ns() / size, unit);
        }
    }
    return "0s";
}

void put_deduplication(Emitter& out, const Deduplication& deduplication) {
    begin_map(out, "deduplication");
    begin_map(out, "bounds");
    put(out, "count", deduplication.bound_count);
    std::optional<std::string> age;
    if (deduplication.bound_age.has_value()) {
        age = text_of(*deduplication.bound_age);
    }
    put(out, "age", age);
    out << YAML::EndMap;
    begin_map(out, "filter");
    begin_map(out, "transform");
    put(out, "uses", deduplication.filter_uses);
    out << key("with") << YAML::BeginMap;
    for (const auto& [name, value] : deduplication.filter_with) {
        out << YAML::Key << Text{name} << YAML::Value << Text{value};
    }
    out << YAML::EndMap << YAML::EndMap << YAML::EndMap << YAML::EndMap;
}

template <typename Spec>
void put_shared(Emitter& out, const Spec& spec) {
    if (spec.cleanup_policy.has_value()) {
        begin_variant(out, "cleanupPolicy", "segment");
        put(out, "timeInSeconds", spec.cleanup_policy->time_in_seconds);
        out << YAML::EndMap;
    }
    if (spec.storage.has_value()) {
        begin_map(out, "storage");
        put(out, "segmentSize", spec.storage->segment_size_bytes);
        put(out, "maxPartitionSize", spec.storage->max_partition_size_bytes);
        out << YAML::EndMap;
    }
    put_named(out, "compressionType", spec.compression_type, kCompressionNames);
    if (spec.deduplication.has_value()) {
        put_deduplication(out, *spec.deduplication);
    }
    put(out, "system", spec.system);
}

void put_fields(Emitter& out, const TopicSpec& spec) {
    std::visit([&out](const auto& replicas) { put_replicas(out, replicas); }, spec.replicas);
    put_shared(out, spec);
}

void put_fields(Emitter& out, const TopicStatus& status) {
    put_named(out, "resolution", status.resolution, kTopicResolutionNames);
    begin_map(out, "replicaMap");
    for (const auto& [partition, spus] : status.replica_map) {
        out << YAML::Key << partition << YAML::Value;
        put_ids(out, spus);
    }
    out << YAML::EndMap;
    begin_map(out, "mirrorMap");
    for (const auto& [partition, mirror] : status.mirror_map) {
        out << YAML::Key << partition << YAML::Value;
        put_mirror(out, mirror);
    }
    out << YAML::EndMap;
    put(out, "reason", status.reason);
}

void put_fields(Emitter& out, const PartitionSpec& spec) {
    put(out, "leader", spec.leader.value());
    out << key("replicas");
    put_ids(out, spec.replicas);
    put_shared(out, spec);
    put_mirror(out, spec.mirror);
}

void put_replica_status(Emitter& out, const ReplicaStatus& status) {
    out << YAML::BeginMap;
    put(out, "spu", status.spu.value());
    put(out, "hw", status.hw.value());
    put(out, "leo", status.leo.value());
    out << YAML::EndMap;
}

void put_fields(Emitter& out, const PartitionStatus& status) {
    put_named(out, "resolution", status.resolution, kPartitionResolutionNames);
    out << key("leader");
    put_replica_status(out, status.leader);
    put(out, "lsr", status.live_replica_count);
    out << key("replicas") << YAML::BeginSeq;
    for (const ReplicaStatus& replica : status.replicas) {
        put_replica_status(out, replica);
    }
    out << YAML::EndSeq;
    put(out, "size", status.size_bytes);
    put(out, "isBeingDeleted", status.is_being_deleted);
    put(out, "baseOffset", status.base_offset.value());
}

void put_endpoint(Emitter& out, const char* name, const Endpoint& endpoint) {
    begin_map(out, name);
    put(out, "port", endpoint.port);
    put(out, "host", endpoint.host);
    put_named(out, "encryption", endpoint.encryption, kEncryptionNames);
    out << YAML::EndMap;
}

void put_fields(Emitter& out, const SpuSpec& spec) {
    put(out, "spuId", spec.id.value());
    put_named(out, "spuType", spec.spu_type, kSpuTypeNames);
    begin_map(out, "publicEndpoint");
    put(out, "port", spec.public_endpoint.port);
    out << key("ingress") << YAML::BeginSeq;
    for (const IngressAddress& address : spec.public_endpoint.ingress) {
        out << YAML::BeginMap;
        put(out, "hostname", address.hostname);
        put(out, "ip", address.ip);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
    put_named(out, "encryption", spec.public_endpoint.encryption, kEncryptionNames);
    out << YAML::EndMap;
    put_endpoint(out, "privateEndpoint", spec.private_endpoint);
    if (spec.rack.has_value()) {
        put(out, "rack", *spec.rack);
    }
    if (spec.public_endpoint_local.has_value()) {
        put_endpoint(out, "publicEndpointLocal", *spec.public_endpoint_local);
    }
}

void put_fields(Emitter& out, const SpuStatus& status) {
    put_named(out, "resolution", status.resolution, kSpuResolutionNames);
}

}  // namespace

template <>
std::string to_yaml<TopicSpec>(const Object<TopicSpec>& object, const Kin& kin) {
    return write_object<TopicSpec>(object, kin, &put_fields, &put_fields);
}

template <>
std::string to_yaml<PartitionSpec>(const Object<PartitionSpec>& object, const Kin& kin) {
    return write_object<PartitionSpec>(object, kin, &put_fields, &put_fields);
}

template <>
std::string to_yaml<SpuSpec>(const Object<SpuSpec>& object, const Kin& kin) {
    return write_object<SpuSpec>(object, kin, &put_fields, &put_fields);
}

}  // namespace weir::cli::fluvio
