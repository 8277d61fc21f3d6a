#include "apps/weir/documents.h"

#include "core/model/replica_key.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cctype>

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

Json ids_of(const std::vector<SpuId>& spus) {
    Json ids = Json::array();
    for (const SpuId spu : spus) {
        ids.push_back(spu.value());
    }
    return ids;
}

Json mirror_of(const PartitionMirrorConfig& mirror) {
    Json body;
    if (const auto* remote = std::get_if<RemotePartitionConfig>(&mirror)) {
        body["homeCluster"] = remote->home_cluster;
        body["homeSpuKey"] = remote->home_spu_key;
        body["homeSpuId"] = remote->home_spu_id.value();
        body["homeSpuEndpoint"] = remote->home_spu_endpoint;
        body["target"] = remote->target;
        return Json{{"remote", std::move(body)}};
    }
    const auto& home = std::get<HomePartitionConfig>(mirror);
    body["remoteCluster"] = home.remote_cluster;
    body["remoteReplica"] = home.remote_replica;
    body["source"] = home.source;
    return Json{{"home", std::move(body)}};
}

Json replicas_of(const ReplicaSpec& replicas) {
    Json out;
    if (const auto* assigned = std::get_if<AssignedReplicas>(&replicas)) {
        Json maps = Json::array();
        for (const PartitionMap& map : assigned->maps) {
            Json row;
            row["id"] = map.id;
            row["replicas"] = ids_of(map.replicas);
            if (map.mirror.has_value()) {
                row["mirror"] = mirror_of(*map.mirror);
            }
            maps.push_back(std::move(row));
        }
        out["assigned"] = std::move(maps);
    } else if (const auto* computed = std::get_if<ComputedReplicas>(&replicas)) {
        Json body;
        body["partitions"] = computed->partition_count;
        body["replicationFactor"] = computed->replication_factor;
        // Left out when it is true, as the reference does.
        if (!computed->ignore_rack_assignment) {
            body["ignoreRackAssignment"] = false;
        }
        out["computed"] = std::move(body);
    } else {
        const auto& mirror = std::get<MirrorReplicas>(replicas);
        Json body;
        if (const auto* home = std::get_if<HomeMirrorConfig>(&mirror)) {
            Json partitions = Json::array();
            for (const HomePartitionConfig& partition : home->partitions) {
                partitions.push_back(mirror_of(partition)["home"]);
            }
            body["home"] = Json{{"partitions", std::move(partitions)}, {"source", home->source}};
        } else {
            const auto& remote = std::get<RemoteMirrorConfig>(mirror);
            body["remote"] = Json{{"homeCluster", remote.home_cluster}, {"target", remote.target}};
        }
        out["mirror"] = std::move(body);
    }
    return out;
}

void add_storage(Json& out, const std::optional<CleanupPolicy>& cleanup,
                 const std::optional<TopicStorageConfig>& storage) {
    if (cleanup.has_value()) {
        out["cleanupPolicy"] = Json{{"segment", Json{{"timeInSeconds", cleanup->time_in_seconds}}}};
    }
    if (storage.has_value()) {
        Json body = Json::object();
        if (storage->segment_size_bytes.has_value()) {
            body["segmentSize"] = *storage->segment_size_bytes;
        }
        if (storage->max_partition_size_bytes.has_value()) {
            body["maxPartitionSize"] = *storage->max_partition_size_bytes;
        }
        out["storage"] = std::move(body);
    }
}

void add_deduplication(Json& out, const std::optional<Deduplication>& deduplication) {
    if (!deduplication.has_value()) {
        return;
    }
    Json bounds{{"count", deduplication->bound_count}};
    if (deduplication->bound_age.has_value()) {
        bounds["age"] = fmt::format("{}s", deduplication->bound_age->s());
    }
    Json transform{{"uses", deduplication->filter_uses}, {"with", deduplication->filter_with}};
    out["deduplication"] =
        Json{{"bounds", std::move(bounds)}, {"filter", Json{{"transform", std::move(transform)}}}};
}

Json endpoint_of(const Endpoint& endpoint) {
    return Json{{"port", endpoint.port},
                {"host", endpoint.host},
                {"encryption", endpoint.encryption == Encryption::ssl ? "SSL" : "PLAINTEXT"}};
}

Json replica_of(const ReplicaStatus& replica) {
    return Json{
        {"spu", replica.spu.value()}, {"hw", replica.hw.value()}, {"leo", replica.leo.value()}};
}

}  // namespace

std::string name_of(TopicResolution resolution) {
    constexpr std::array<const char*, 6> kNames = {
        "Init", "Pending", "InsufficientResources", "InvalidConfig", "Provisioned", "Deleting"};
    return kNames[static_cast<std::size_t>(resolution)];
}

std::string name_of(PartitionResolution resolution) {
    constexpr std::array<const char*, 5> kNames = {"Offline", "Online", "LeaderOffline",
                                                   "ElectionLeaderFound", "OutOfStorage"};
    return kNames[static_cast<std::size_t>(resolution)];
}

std::string name_of(SpuResolution resolution) {
    constexpr std::array<const char*, 3> kNames = {"Online", "Offline", "Init"};
    return kNames[static_cast<std::size_t>(resolution)];
}

std::string name_of(CompressionAlgorithm algorithm) {
    constexpr std::array<const char*, 6> kNames = {"None", "Gzip", "Snappy", "Lz4", "Any", "Zstd"};
    return kNames[static_cast<std::size_t>(algorithm)];
}

std::string list_of(const std::vector<SpuId>& spus) {
    std::string out = "[";
    for (const SpuId spu : spus) {
        out += fmt::format("{}{}", out.size() > 1 ? ", " : "", spu.value());
    }
    return out + "]";
}

std::string to_lower(std::string text) {
    for (char& letter : text) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    return text;
}

Json to_document(const TopicObject& topic) {
    Json spec;
    spec["replicas"] = replicas_of(topic.spec.replicas);
    add_storage(spec, topic.spec.cleanup_policy, topic.spec.storage);
    spec["compressionType"] = name_of(topic.spec.compression_type);
    add_deduplication(spec, topic.spec.deduplication);
    spec["system"] = topic.spec.system;
    Json replica_map = Json::object();
    for (const auto& [partition, spus] : topic.status.replica_map) {
        replica_map[std::to_string(partition)] = ids_of(spus);
    }
    Json mirror_map = Json::object();
    for (const auto& [partition, mirror] : topic.status.mirror_map) {
        mirror_map[std::to_string(partition)] = mirror_of(mirror);
    }
    Json status;
    status["resolution"] = name_of(topic.status.resolution);
    status["replicaMap"] = std::move(replica_map);
    status["mirrorMap"] = std::move(mirror_map);
    status["reason"] = topic.status.reason;
    return Json{{"name", topic.name}, {"spec", std::move(spec)}, {"status", std::move(status)}};
}

Json to_document(const PartitionObject& partition) {
    Json spec;
    spec["leader"] = partition.spec.leader.value();
    spec["replicas"] = ids_of(partition.spec.replicas);
    add_storage(spec, partition.spec.cleanup_policy, partition.spec.storage);
    spec["compressionType"] = name_of(partition.spec.compression_type);
    add_deduplication(spec, partition.spec.deduplication);
    spec["system"] = partition.spec.system;
    if (partition.spec.mirror.has_value()) {
        spec["mirror"] = mirror_of(*partition.spec.mirror);
    }
    Json replicas = Json::array();
    for (const ReplicaStatus& replica : partition.status.replicas) {
        replicas.push_back(replica_of(replica));
    }
    Json status;
    status["resolution"] = name_of(partition.status.resolution);
    status["leader"] = replica_of(partition.status.leader);
    status["lsr"] = partition.status.live_replica_count;
    status["replicas"] = std::move(replicas);
    status["size"] = partition.status.size_bytes;
    status["isBeingDeleted"] = partition.status.is_being_deleted;
    status["baseOffset"] = partition.status.base_offset.value();
    return Json{{"name", partition.name}, {"spec", std::move(spec)}, {"status", std::move(status)}};
}

Json to_document(const SpuObject& spu) {
    Json ingress = Json::array();
    for (const IngressAddress& address : spu.spec.public_endpoint.ingress) {
        Json item;
        item["hostname"] = address.hostname.has_value() ? Json(*address.hostname) : Json();
        item["ip"] = address.ip.has_value() ? Json(*address.ip) : Json();
        ingress.push_back(std::move(item));
    }
    Json spec;
    spec["id"] = spu.spec.id.value();
    spec["spuType"] = spu.spec.spu_type == SpuType::custom ? "Custom" : "Managed";
    spec["publicEndpoint"] =
        Json{{"port", spu.spec.public_endpoint.port},
             {"ingress", std::move(ingress)},
             {"encryption",
              spu.spec.public_endpoint.encryption == Encryption::ssl ? "SSL" : "PLAINTEXT"}};
    spec["privateEndpoint"] = endpoint_of(spu.spec.private_endpoint);
    spec["rack"] = spu.spec.rack.has_value() ? Json(*spu.spec.rack) : Json();
    spec["publicEndpointLocal"] = spu.spec.public_endpoint_local.has_value()
                                      ? endpoint_of(*spu.spec.public_endpoint_local)
                                      : Json();
    Json status{{"resolution", name_of(spu.status.resolution)}};
    return Json{{"name", spu.name}, {"spec", std::move(spec)}, {"status", std::move(status)}};
}

nlohmann::ordered_json replication_of(const PartitionRecord& record) {
    SpuSet adding;
    for (const AssignedReplica& replica : record.adding) {
        adding.push_back(replica.spu);
    }
    return nlohmann::ordered_json{{"leader", record.leader.value()},
                                  {"leaderEpoch", record.leader_epoch.value()},
                                  {"liveReplicas", ids_of(record.lrs)},
                                  {"eligibleReplicas", ids_of(record.elr)},
                                  {"lastKnownReplicas", ids_of(record.last_known)},
                                  {"adding", ids_of(adding)},
                                  {"removing", ids_of(record.removing)},
                                  {"minLive", record.min_live}};
}

}  // namespace weir::cli
