#include "core/control/topic_machine.h"

#include "core/base/assert.h"
#include "core/control/even_placement.h"

#include <algorithm>
#include <utility>

namespace weir::control {

namespace {

TopicStatus with(TopicStatus status, TopicResolution resolution, std::string reason) {
    status.resolution = resolution;
    status.reason = std::move(reason);
    return status;
}

// A topic that does not ignore racks, in a cluster where every SPU has one (control-plane spec 8.4,
// the advice at its end). One SPU without a rack, and placement is by load: no promise about
// racks could be kept.
bool places_by_rack(const ComputedReplicas& computed, const ClusterView& view) {
    return !computed.ignore_rack_assignment && !view.online.empty() &&
           std::all_of(view.online.begin(), view.online.end(),
                       [&](SpuId spu) { return view.racks.contains(spu); });
}

// Rows that are complete stay; the others follow in turn behind all partitions of the cluster.
std::optional<ReplicaMap> place_by_rack(const ComputedReplicas& computed, const TopicStatus& status,
                                        const ClusterView& view) {
    ReplicaMap map;
    std::vector<std::uint32_t> missing;
    for (std::uint32_t partition = 0; partition < computed.partition_count; ++partition) {
        const auto kept = status.replica_map.find(partition);
        if (kept != status.replica_map.end() &&
            kept->second.size() == computed.replication_factor) {
            map[partition] = kept->second;
        } else {
            missing.push_back(partition);
        }
    }
    EvenPlacementInput input;
    input.spus = view.online;
    input.racks = view.racks;
    input.row_count = static_cast<std::uint32_t>(missing.size());
    input.replication_factor = computed.replication_factor;
    for (const auto& [spu, weight] : view.weights) {
        input.start_index += weight.leader_count;
    }
    auto rows = place_evenly(input);
    if (!rows.has_value()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < missing.size(); ++i) {
        map[missing[i]] = std::move((*rows)[i]);
    }
    return map;
}

// One replica for each remote, or for each SPU at home (control-plane spec 8.4). Without any there
// is nothing to place yet.
std::optional<ReplicaMap> place_mirror(const TopicSpec& spec, const TopicStatus& status,
                                       const ClusterView& view) {
    PlacementInput input;
    input.registered_spu_count = view.rules.spus.size();
    input.online = view.online;
    input.weights = view.weights;
    input.partition_count = partition_count_of(spec.replicas);
    input.replication_factor = 1;
    input.current = status.replica_map;
    if (input.partition_count == 0) {
        return std::nullopt;
    }
    return place_replicas(input);
}

// What each partition of a topic that mirrors has at the other end.
std::map<std::uint32_t, PartitionMirrorConfig> mirror_map_of(const ReplicaSpec& replicas) {
    std::map<std::uint32_t, PartitionMirrorConfig> map;
    const auto* mirror = std::get_if<MirrorReplicas>(&replicas);
    if (mirror == nullptr) {
        return map;
    }
    std::uint32_t number = 0;
    if (const auto* home = std::get_if<HomeMirrorConfig>(mirror)) {
        for (const HomePartitionConfig& partition : home->partitions) {
            map[number++] = partition;
        }
        return map;
    }
    const auto& remote = std::get<RemoteMirrorConfig>(*mirror);
    for (const HomeSpu& spu : remote.home_spus) {
        RemotePartitionConfig partition;
        partition.home_cluster = remote.home_cluster;
        partition.home_spu_key = spu.key;
        partition.home_spu_id = spu.id;
        partition.home_spu_endpoint = spu.endpoint;
        partition.target = remote.target;
        map[number++] = std::move(partition);
    }
    return map;
}

std::optional<ReplicaMap> place(const TopicSpec& spec, const TopicStatus& status,
                                const ClusterView& view) {
    if (const auto* assigned = std::get_if<AssignedReplicas>(&spec.replicas)) {
        ReplicaMap map;
        for (const PartitionMap& row : assigned->maps) {
            map[row.id] = row.replicas;
        }
        return map;
    }
    if (std::holds_alternative<MirrorReplicas>(spec.replicas)) {
        return place_mirror(spec, status, view);
    }
    const auto* computed = std::get_if<ComputedReplicas>(&spec.replicas);
    WEIR_ASSERT(computed != nullptr);
    if (places_by_rack(*computed, view)) {
        return place_by_rack(*computed, status, view);
    }
    PlacementInput input;
    input.registered_spu_count = view.rules.spus.size();
    input.online = view.online;
    input.weights = view.weights;
    input.partition_count = computed->partition_count;
    input.replication_factor = computed->replication_factor;
    input.current = status.replica_map;
    return place_replicas(input);
}

}  // namespace

TopicStatus step_topic(const TopicSpec& spec, const TopicStatus& status, const ClusterView& view) {
    switch (status.resolution) {
        case TopicResolution::init:
        case TopicResolution::invalid_config: {
            const std::optional<Refusal> refusal = check_topic_spec(spec, view.rules);
            if (refusal.has_value()) {
                return with(status, TopicResolution::invalid_config, refusal->message);
            }
            return with(status, TopicResolution::pending, "waiting for live spus");
        }
        case TopicResolution::pending:
        case TopicResolution::insufficient_resources: {
            std::optional<ReplicaMap> map = place(spec, status, view);
            if (!map.has_value()) {
                return with(status, TopicResolution::insufficient_resources, "");
            }
            TopicStatus placed = with(status, TopicResolution::provisioned, "");
            placed.replica_map = *std::move(map);
            placed.mirror_map = mirror_map_of(spec.replicas);
            return placed;
        }
        case TopicResolution::provisioned:
            // Partitions are only ever added.
            if (partition_count_of(spec.replicas) > status.replica_map.size()) {
                return with(status, TopicResolution::pending, "");
            }
            return status;
        case TopicResolution::deleting: return status;
    }
    return status;
}

TopicStatus settle_topic(const TopicSpec& spec, TopicStatus status, const ClusterView& view) {
    // Init, Pending, Provisioned, and one more for a spec that has grown: never more than four.
    for (int i = 0; i < 8; ++i) {
        TopicStatus next = step_topic(spec, status, view);
        if (next == status) {
            return status;
        }
        status = std::move(next);
    }
    WEIR_ASSERT(false && "the topic machine does not come to rest");
    return status;
}

PartitionSpec partition_spec_for(const TopicSpec& spec, const std::vector<SpuId>& row) {
    WEIR_ASSERT(!row.empty());
    PartitionSpec partition;
    partition.leader = row.front();
    partition.replicas = row;
    partition.cleanup_policy = spec.cleanup_policy;
    partition.storage = spec.storage;
    partition.compression_type = spec.compression_type;
    partition.deduplication = spec.deduplication;
    partition.system = spec.system;
    return partition;
}

}  // namespace weir::control
