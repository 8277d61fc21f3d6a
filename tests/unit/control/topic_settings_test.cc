// Settings of topics and of the cluster become those of a record.
#include "core/control/topic_settings.h"

#include "core/control/record_check.h"
#include "tests/support/control_worlds.h"

#include <gtest/gtest.h>

namespace weir::control {

TEST(TopicSettings, WhatNobodySaysFollowsTheNumberOfReplicas) {
    PartitionRecord record;
    apply_settings(record, TopicSettings(), 1);
    EXPECT_EQ(record.min_live, 1U);
    EXPECT_TRUE(record.ride_through);
    EXPECT_EQ(record.durability, Durability::fsync);
    EXPECT_EQ(record.unclean_policy, UncleanPolicy::balanced);
    EXPECT_EQ(record.ack_floor, AckFloor::none);
    EXPECT_FALSE(record.strict_reads);
    apply_settings(record, TopicSettings(), 3);
    EXPECT_EQ(record.min_live, 2U);
    EXPECT_FALSE(record.ride_through);
    apply_settings(record, TopicSettings(), 2);
    EXPECT_EQ(record.min_live, 1U);
    apply_settings(record, TopicSettings(), 5);
    EXPECT_EQ(record.min_live, 3U);
}

TEST(TopicSettings, TheTopicSaysBeforeTheCluster) {
    TopicSettings topic;
    topic.min_live = 3;
    topic.strict_reads = false;
    TopicSettings cluster;
    cluster.min_live = 5;
    cluster.strict_reads = true;
    cluster.ack_floor = AckFloor::committed;
    const TopicSettings merged = merge(topic, cluster);
    EXPECT_EQ(merged.min_live, 3U);
    EXPECT_EQ(merged.strict_reads, false);
    EXPECT_EQ(merged.ack_floor, AckFloor::committed);
    PartitionRecord record;
    apply_settings(record, cluster, 3);
    EXPECT_EQ(record.min_live, 3U);
}

TEST(TopicSettings, MinLiveIsFromOneToAllReplicas) {
    TopicSettings settings;
    EXPECT_TRUE(check_settings(settings, 1).has_value());
    for (const std::uint32_t good : {1U, 2U, 3U}) {
        settings.min_live = good;
        EXPECT_TRUE(check_settings(settings, 3).has_value());
    }
    for (const std::uint32_t bad : {0U, 4U}) {
        settings.min_live = bad;
        EXPECT_FALSE(check_settings(settings, 3).has_value());
        EXPECT_FALSE(change_settings(test::online_record({1, 2, 3}), settings).has_value());
    }
}

TEST(TopicSettings, AChangeIsOneVersionAndKeepsTheRecordGood) {
    PartitionRecord record = test::online_record({1, 2, 3});
    record.lrs = {SpuId(1)};
    record.elr = {SpuId(2), SpuId(3)};
    record.leader = SpuId(1);
    ASSERT_TRUE(check_record(record).empty());
    TopicSettings settings;
    EXPECT_EQ(*change_settings(record, settings), record);
    settings.min_live = 1;
    settings.ack_floor = AckFloor::committed;
    const Result<PartitionRecord> next = change_settings(record, settings);
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->version.value(), record.version.value() + 1);
    EXPECT_EQ(next->leader_epoch, record.leader_epoch);
    EXPECT_EQ(next->ack_floor, AckFloor::committed);
    EXPECT_TRUE(next->elr.empty());
    EXPECT_TRUE(check_record(*next).empty());
}

TEST(TopicSettings, DurabilityStays) {
    TopicSettings settings;
    settings.durability = Durability::fsync;
    EXPECT_TRUE(change_settings(test::online_record({1, 2, 3}), settings).has_value());
    settings.durability = Durability::async;
    EXPECT_FALSE(change_settings(test::online_record({1, 2, 3}), settings).has_value());
}

}  // namespace weir::control
