// Topics: what a user asked for, and what became of it (control-plane spec 4.1).
//
// Values without behaviour; no owner, any executor.
#pragma once

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/model/object.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir {

enum class CompressionAlgorithm : std::uint8_t { none, gzip, snappy, lz4, any, zstd };

// Closed segments older than this are removed.
struct CleanupPolicy {
    std::uint32_t time_in_seconds = 0;
    friend bool operator==(const CleanupPolicy&, const CleanupPolicy&) = default;
};

struct TopicStorageConfig {
    std::optional<std::uint32_t> segment_size_bytes;
    std::optional<std::uint64_t> max_partition_size_bytes;
    friend bool operator==(const TopicStorageConfig&, const TopicStorageConfig&) = default;
};

struct Deduplication {
    std::uint64_t bound_count = 0;
    std::optional<Duration> bound_age;
    // A SmartModule by its qualified name, and its parameters.
    std::string filter_uses;
    std::map<std::string, std::string> filter_with;
    friend bool operator==(const Deduplication&, const Deduplication&) = default;
};

struct RemotePartitionConfig {
    std::string home_cluster;
    std::string home_spu_key;
    SpuId home_spu_id;
    std::string home_spu_endpoint;
    bool target = false;
    friend bool operator==(const RemotePartitionConfig&, const RemotePartitionConfig&) = default;
};

struct HomePartitionConfig {
    std::string remote_cluster;
    std::string remote_replica;
    bool source = false;
    friend bool operator==(const HomePartitionConfig&, const HomePartitionConfig&) = default;
};

using PartitionMirrorConfig = std::variant<RemotePartitionConfig, HomePartitionConfig>;

// One row of an assigned topic; the first replica is the preferred leader.
struct PartitionMap {
    std::uint32_t id = 0;
    std::vector<SpuId> replicas;
    std::optional<PartitionMirrorConfig> mirror;
    friend bool operator==(const PartitionMap&, const PartitionMap&) = default;
};

struct AssignedReplicas {
    std::vector<PartitionMap> maps;
    friend bool operator==(const AssignedReplicas&, const AssignedReplicas&) = default;
};

struct ComputedReplicas {
    std::uint32_t partition_count = 0;
    std::uint32_t replication_factor = 0;
    bool ignore_rack_assignment = false;
    friend bool operator==(const ComputedReplicas&, const ComputedReplicas&) = default;
};

struct HomeSpu {
    SpuId id;
    std::string key;
    std::string endpoint;
    friend bool operator==(const HomeSpu&, const HomeSpu&) = default;
};

struct RemoteMirrorConfig {
    std::string home_cluster;
    std::vector<HomeSpu> home_spus;
    bool target = false;
    friend bool operator==(const RemoteMirrorConfig&, const RemoteMirrorConfig&) = default;
};

struct HomeMirrorConfig {
    std::vector<HomePartitionConfig> partitions;
    bool source = false;
    friend bool operator==(const HomeMirrorConfig&, const HomeMirrorConfig&) = default;
};

using MirrorReplicas = std::variant<RemoteMirrorConfig, HomeMirrorConfig>;
using ReplicaSpec = std::variant<AssignedReplicas, ComputedReplicas, MirrorReplicas>;

enum class TopicResolution : std::uint8_t {
    init,
    pending,
    insufficient_resources,
    invalid_config,
    provisioned,
    deleting,
};

struct TopicStatus {
    TopicResolution resolution = TopicResolution::init;
    // Partition number to SPUs, preferred leader first.
    std::map<std::uint32_t, std::vector<SpuId>> replica_map;
    std::map<std::uint32_t, PartitionMirrorConfig> mirror_map;
    // For a person; empty when there is nothing to say.
    std::string reason;
    friend bool operator==(const TopicStatus&, const TopicStatus&) = default;
};

struct TopicSpec {
    using Status = TopicStatus;
    static constexpr ObjectKind kKind = ObjectKind::topic;

    ReplicaSpec replicas = ComputedReplicas();
    std::optional<CleanupPolicy> cleanup_policy;
    std::optional<TopicStorageConfig> storage;
    CompressionAlgorithm compression_type = CompressionAlgorithm::any;
    std::optional<Deduplication> deduplication;
    bool system = false;
    friend bool operator==(const TopicSpec&, const TopicSpec&) = default;
};

using TopicObject = Object<TopicSpec>;

// The system topic that holds consumers' offsets (control-plane spec 8.6).
inline constexpr const char* kConsumerOffsetTopic = "consumer-offset";

}  // namespace weir
