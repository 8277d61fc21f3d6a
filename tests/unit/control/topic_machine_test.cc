#include "core/control/topic_machine.h"

#include <gtest/gtest.h>

namespace weir::control {

namespace {

ClusterView view_of(std::initializer_list<int> registered, std::initializer_list<int> online) {
    ClusterView view;
    view.rules.partition_count_max = 100;
    for (const int id : registered) {
        view.rules.spus.insert(SpuId(id));
    }
    for (const int id : online) {
        view.online.emplace_back(id);
    }
    return view;
}

TopicSpec topic(std::uint32_t partitions) {
    ComputedReplicas replicas;
    replicas.partition_count = partitions;
    replicas.replication_factor = 1;
    TopicSpec spec;
    spec.replicas = replicas;
    return spec;
}

}  // namespace

TEST(TopicMachine, GoesThroughTheStatesOfTheSpec) {
    const ClusterView view = view_of({1}, {1});
    TopicStatus status;
    status = step_topic(topic(1), status, view);
    EXPECT_EQ(status.resolution, TopicResolution::pending);
    EXPECT_EQ(status.reason, "waiting for live spus");
    status = step_topic(topic(1), status, view);
    EXPECT_EQ(status.resolution, TopicResolution::provisioned);
    EXPECT_EQ(status.reason, "");
    EXPECT_EQ(status.replica_map.at(0), std::vector<SpuId>{SpuId(1)});
    EXPECT_EQ(step_topic(topic(1), status, view), status);
}

// Two racks of two; the rows go from rack to rack, and behind what exists.
TEST(TopicMachine, PlacesByRackWhenEverySpuHasOne) {
    ClusterView view = view_of({1, 2, 3, 4}, {1, 2, 3, 4});
    view.racks = {{SpuId(1), "a"}, {SpuId(2), "a"}, {SpuId(3), "b"}, {SpuId(4), "b"}};
    const auto leaders = [](const TopicStatus& status) {
        std::vector<int> ids;
        for (const auto& [partition, row] : status.replica_map) {
            ids.push_back(row.front().value());
        }
        return ids;
    };
    TopicStatus status = settle_topic(topic(3), TopicStatus(), view);
    EXPECT_EQ(leaders(status), (std::vector<int>{1, 4, 2}));
    view.weights[SpuId(1)].leader_count = 1;
    view.weights[SpuId(2)].leader_count = 1;
    view.weights[SpuId(4)].leader_count = 1;
    status = settle_topic(topic(5), status, view);
    EXPECT_EQ(leaders(status), (std::vector<int>{1, 4, 2, 3, 1}));

    TopicSpec ignoring = topic(3);
    std::get<ComputedReplicas>(ignoring.replicas).ignore_rack_assignment = true;
    view.weights.clear();
    EXPECT_EQ(leaders(settle_topic(ignoring, TopicStatus(), view)), (std::vector<int>{1, 2, 3}));
    view.racks.erase(SpuId(4));
    EXPECT_EQ(leaders(settle_topic(topic(3), TopicStatus(), view)), (std::vector<int>{1, 2, 3}));
}

TEST(TopicMachine, WaitsForAnOnlineSpu) {
    TopicStatus status = settle_topic(topic(2), TopicStatus(), view_of({1}, {}));
    EXPECT_EQ(status.resolution, TopicResolution::insufficient_resources);
    EXPECT_TRUE(status.replica_map.empty());
    status = settle_topic(topic(2), status, view_of({1}, {1}));
    EXPECT_EQ(status.resolution, TopicResolution::provisioned);
    EXPECT_EQ(status.replica_map.size(), 2U);
}

TEST(TopicMachine, AddedPartitionsKeepTheOldRows) {
    const ClusterView view = view_of({1, 2}, {1, 2});
    TopicStatus status = settle_topic(topic(1), TopicStatus(), view);
    ClusterView later = view;
    later.weights[SpuId(1)].leader_count = 1;
    const TopicStatus pending = step_topic(topic(2), status, later);
    EXPECT_EQ(pending.resolution, TopicResolution::pending);
    EXPECT_EQ(pending.replica_map, status.replica_map);
    status = settle_topic(topic(2), status, later);
    EXPECT_EQ(status.resolution, TopicResolution::provisioned);
    EXPECT_EQ(status.replica_map.at(0), std::vector<SpuId>{SpuId(1)});
    EXPECT_EQ(status.replica_map.at(1), std::vector<SpuId>{SpuId(2)});
}

TEST(TopicMachine, AssignedTopicsTakeTheirMap) {
    AssignedReplicas replicas;
    PartitionMap row;
    row.replicas = {SpuId(2)};
    replicas.maps.push_back(row);
    TopicSpec spec;
    spec.replicas = replicas;
    // The SPU must exist, and need not be online.
    const TopicStatus status = settle_topic(spec, TopicStatus(), view_of({1, 2}, {1}));
    EXPECT_EQ(status.resolution, TopicResolution::provisioned);
    EXPECT_EQ(status.replica_map.at(0), std::vector<SpuId>{SpuId(2)});
}

TEST(TopicMachine, InvalidSpecSaysWhy) {
    const TopicStatus status = settle_topic(topic(0), TopicStatus(), view_of({1}, {1}));
    EXPECT_EQ(status.resolution, TopicResolution::invalid_config);
    EXPECT_EQ(status.reason, "partition must be greater than 0");
}

TEST(TopicMachine, PartitionsTakeTheTopicsSettings) {
    TopicSpec spec = topic(1);
    spec.system = true;
    spec.compression_type = CompressionAlgorithm::zstd;
    spec.cleanup_policy = CleanupPolicy();
    spec.cleanup_policy->time_in_seconds = 60;
    const PartitionSpec partition = partition_spec_for(spec, {SpuId(2)});
    EXPECT_EQ(partition.leader, SpuId(2));
    EXPECT_EQ(partition.replicas, std::vector<SpuId>{SpuId(2)});
    EXPECT_TRUE(partition.system);
    EXPECT_EQ(partition.compression_type, CompressionAlgorithm::zstd);
    EXPECT_EQ(partition.cleanup_policy->time_in_seconds, 60U);
}

}  // namespace weir::control
