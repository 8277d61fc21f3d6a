#include "core/control/topic_rules.h"

#include <gtest/gtest.h>

namespace weir::control {

namespace {

TopicRuleInput rules() {
    TopicRuleInput input;
    input.spus = {SpuId(1), SpuId(2)};
    input.smartmodules = {"dedup-bloom-filter-fluvio-0.1.0", "plain"};
    input.partition_count_max = 100;
    return input;
}

TopicSpec computed(std::uint32_t partitions, std::uint32_t replication) {
    ComputedReplicas replicas;
    replicas.partition_count = partitions;
    replicas.replication_factor = replication;
    TopicSpec spec;
    spec.replicas = replicas;
    return spec;
}

TopicSpec assigned(std::vector<std::vector<int>> rows) {
    AssignedReplicas replicas;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        PartitionMap map;
        map.id = static_cast<std::uint32_t>(i);
        for (const int id : rows[i]) {
            map.replicas.emplace_back(id);
        }
        replicas.maps.push_back(map);
    }
    TopicSpec spec;
    spec.replicas = replicas;
    return spec;
}

std::string message_of(const TopicSpec& spec) {
    const auto refusal = check_topic_spec(spec, rules());
    return refusal.has_value() ? refusal->message : "";
}

}  // namespace

TEST(ResourceName, Rules) {
    EXPECT_FALSE(check_resource_name("a").has_value());
    EXPECT_FALSE(check_resource_name("topic-12").has_value());
    EXPECT_FALSE(check_resource_name(std::string(63, 'x')).has_value());
    EXPECT_TRUE(check_resource_name("").has_value());
    EXPECT_TRUE(check_resource_name(std::string(64, 'x')).has_value());
    EXPECT_TRUE(check_resource_name("Upper").has_value());
    EXPECT_TRUE(check_resource_name("under_score").has_value());
    EXPECT_TRUE(check_resource_name("-a").has_value());
    EXPECT_TRUE(check_resource_name("a-").has_value());
    EXPECT_TRUE(check_resource_name("a/b").has_value());
    EXPECT_TRUE(check_resource_name("..").has_value());
    const auto refusal = check_topic_name("A");
    ASSERT_TRUE(refusal.has_value());
    EXPECT_EQ(refusal->kind, RefusalKind::invalid_name);
    EXPECT_EQ(refusal->message.find("Invalid topic name: 'A'. "), 0U);
}

// The texts that were recorded from a real SC.
TEST(TopicRules, TextsAreThoseOfTheRecordings) {
    TopicSpec spec = computed(1, 1);
    spec.cleanup_policy = CleanupPolicy();
    spec.cleanup_policy->time_in_seconds = 1;
    EXPECT_EQ(message_of(spec), "retention_secs 1 is less than minimum 10");

    spec = computed(1, 1);
    spec.storage = TopicStorageConfig();
    spec.storage->segment_size_bytes = 1;
    EXPECT_EQ(message_of(spec), "segment_size 1 is less than minimum 1024");

    spec.storage->segment_size_bytes = 1024;
    spec.storage->max_partition_size_bytes = 1024;
    EXPECT_EQ(message_of(spec), "max_partition_size 1024 is less than minimum 2048");

    spec.storage->segment_size_bytes = 10'000;
    spec.storage->max_partition_size_bytes = 5'000;
    EXPECT_EQ(message_of(spec), "max_partition_size 5000 is less than segment size 10000");

    spec.storage->segment_size_bytes.reset();
    EXPECT_EQ(message_of(spec), "max_partition_size 5000 is less than segment size 1073741824");
    EXPECT_EQ(check_topic_spec(spec, rules())->kind, RefusalKind::invalid_configuration);
}

TEST(TopicRules, ComputedCounts) {
    EXPECT_EQ(message_of(computed(1, 1)), "");
    EXPECT_EQ(message_of(computed(100, 1)), "");
    EXPECT_EQ(message_of(computed(0, 1)), "partition must be greater than 0");
    EXPECT_EQ(message_of(computed(1, 0)), "replication factor must be greater than 0");
    EXPECT_EQ(message_of(computed(1, 3)), "");
    EXPECT_NE(message_of(computed(101, 1)).find("at most 100"), std::string::npos);
    EXPECT_EQ(check_topic_spec(computed(0, 1), rules())->kind, RefusalKind::topic_error);
}

TEST(TopicRules, AssignedMaps) {
    EXPECT_EQ(message_of(assigned({{1}, {2}, {1}})), "");
    EXPECT_NE(message_of(assigned({})), "");
    EXPECT_NE(message_of(assigned({{}})), "");
    EXPECT_NE(message_of(assigned({{1}, {1, 2}})), "");
    EXPECT_NE(message_of(assigned({{-1}})), "");
    EXPECT_NE(message_of(assigned({{1, 1}})), "");
    EXPECT_EQ(message_of(assigned({{7}})), "invalid spu id: 7");
    EXPECT_EQ(message_of(assigned({{1, 2}, {2, 1}})), "");
    TopicSpec shifted = assigned({{1}});
    std::get<AssignedReplicas>(shifted.replicas).maps[0].id = 1;
    EXPECT_NE(message_of(shifted), "");
}

TEST(TopicRules, DeduplicationNeedsItsModule) {
    TopicSpec spec = computed(1, 1);
    spec.deduplication = Deduplication();
    spec.deduplication->filter_uses = "fluvio/dedup-bloom-filter@0.1.0";
    EXPECT_EQ(message_of(spec), "");
    spec.deduplication->filter_uses = "fluvio/dedup-bloom-filter@0.1";
    EXPECT_EQ(message_of(spec), "");
    spec.deduplication->filter_uses = "plain";
    EXPECT_EQ(message_of(spec), "");
    spec.deduplication->filter_uses = "fluvio/other@0.1.0";
    EXPECT_EQ(check_topic_spec(spec, rules())->kind, RefusalKind::deduplication_module_unknown);
    spec.deduplication->filter_uses = "fluvio/other@x";
    EXPECT_EQ(check_topic_spec(spec, rules())->kind, RefusalKind::deduplication_name_invalid);
}

TEST(TopicRules, MirrorTopicsAreNotChecked) {
    TopicSpec spec;
    spec.replicas = MirrorReplicas(HomeMirrorConfig());
    EXPECT_EQ(message_of(spec), "");
}

}  // namespace weir::control
