#include "core/control/placement.h"

#include <gtest/gtest.h>

namespace weir::control {

namespace {

std::vector<SpuId> ids(std::initializer_list<int> values) {
    std::vector<SpuId> result;
    for (const int value : values) {
        result.emplace_back(value);
    }
    return result;
}

}  // namespace

// The worked example of the spec, 8.4: t1-0 [0,1,2], t1-1 [1,2], t2-0 [0,3] exist.
TEST(Placement, FollowsTheExampleOfTheSpec) {
    PlacementInput input;
    input.registered_spu_count = 4;
    input.online = ids({0, 1, 2, 3});
    input.weights[SpuId(0)].leader_count = 2;
    input.weights[SpuId(1)].leader_count = 1;
    input.weights[SpuId(1)].follower_count = 1;
    input.weights[SpuId(2)].follower_count = 2;
    input.weights[SpuId(3)].follower_count = 1;
    input.partition_count = 5;
    input.replication_factor = 3;
    const auto map = place_replicas(input);
    ASSERT_TRUE(map.has_value());
    EXPECT_EQ(map->at(0), ids({2, 0, 1}));
    EXPECT_EQ(map->at(1), ids({3, 0, 1}));
    EXPECT_EQ(map->at(2), ids({1, 3, 0}));
    EXPECT_EQ(map->at(3), ids({2, 3, 0}));
    EXPECT_EQ(map->at(4), ids({3, 2, 1}));
}

TEST(Placement, KeepsCompleteRowsAndPlacesTheRest) {
    PlacementInput input;
    input.registered_spu_count = 2;
    input.online = ids({1, 2});
    input.weights[SpuId(1)].leader_count = 1;
    input.partition_count = 3;
    input.replication_factor = 1;
    input.current[0] = ids({1});
    const auto map = place_replicas(input);
    ASSERT_TRUE(map.has_value());
    EXPECT_EQ(map->at(0), ids({1}));
    EXPECT_EQ(map->at(1), ids({2}));
    EXPECT_EQ(map->at(2), ids({1}));
}

TEST(Placement, FailsAsAWholeWhenSpusAreMissing) {
    PlacementInput input;
    input.registered_spu_count = 1;
    input.online = ids({1});
    input.partition_count = 1;
    input.replication_factor = 2;
    EXPECT_FALSE(place_replicas(input).has_value());
    input.registered_spu_count = 2;
    EXPECT_FALSE(place_replicas(input).has_value());
    input.online = {};
    input.replication_factor = 1;
    EXPECT_FALSE(place_replicas(input).has_value());
}

}  // namespace weir::control
