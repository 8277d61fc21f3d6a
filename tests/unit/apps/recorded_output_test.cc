// What Fluvio's command line printed for an answer of its SC, and what ours prints for the same
// bytes.
#include "apps/weir/documents.h"
#include "apps/weir/listing.h"
#include "apps/weir/topic.h"
#include "tests/unit/apps/recorded.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace weir::cli {
namespace {

std::vector<PartitionObject> by_name(std::vector<PartitionObject> partitions) {
    std::sort(partitions.begin(), partitions.end(),
              [](const auto& a, const auto& b) { return a.name < b.name; });
    return partitions;
}

// Our tables have a column more at the end.
Table without_last(Table table) {
    table.header.pop_back();
    for (std::vector<std::string>& row : table.rows) {
        row.pop_back();
    }
    return table;
}

TEST(RecordedOutput, ListsTopics) {
    for (const char* command : {"topic-list", "topic-list-system"}) {
        EXPECT_EQ(render(without_last(topic_table(recorded_list<TopicObject>(command), {}))),
                  recorded_stdout(command));
    }
}

TEST(RecordedOutput, ATopicIsAsLargeAsItsPartitions) {
    std::vector<PartitionObject> partitions(3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        partitions[i].name = to_string(ReplicaKey{"a-b", i});
        partitions[i].status.size_bytes = i == 2 ? kPartitionSizeUnknown : 1'000;
    }
    TopicObject topic;
    topic.name = "a-b";
    const Table table = topic_table({topic}, sizes_by_topic(partitions));
    EXPECT_EQ(table.header.back(), "SIZE");
    EXPECT_EQ(table.rows.front().back(), "2.0 KB");
}

TEST(RecordedOutput, ListsTopicsAsJson) {
    nlohmann::ordered_json document = nlohmann::ordered_json::array();
    for (const TopicObject& topic : recorded_list<TopicObject>("topic-list-json")) {
        document.push_back(to_document(topic));
    }
    EXPECT_EQ(render(document, OutputFormat::json), recorded_stdout("topic-list-json"));
}

TEST(RecordedOutput, DescribesATopic) {
    const std::vector<TopicObject> topics = recorded_list<TopicObject>("topic-describe");
    ASSERT_EQ(topics.size(), 1U);
    EXPECT_EQ(render(topic_description(topics.front())), recorded_stdout("topic-describe"));
}

TEST(RecordedOutput, ListsPartitions) {
    for (const char* command : {"partition-list", "partition-list-system"}) {
        EXPECT_EQ(render(partition_table(by_name(recorded_list<PartitionObject>(command)), {})),
                  recorded_stdout(command));
    }
}

TEST(RecordedOutput, ListsSpus) {
    EXPECT_EQ(render(spu_table(recorded_list<SpuObject>("spu-list"))), recorded_stdout("spu-list"));
}

TEST(RecordedOutput, ListsConsumers) {
    wire::ConsumerOffset consumer;
    consumer.consumer_id = "reader";
    consumer.replica = ReplicaKey{"one", 0};
    consumer.offset = 63;
    consumer.modified_time_s = 1'000;
    const Table table = consumer_table({consumer}, {{consumer.replica, 70}}, 1'001);
    EXPECT_EQ(render(without_last(table)), recorded_stdout("consumer-list"));
    EXPECT_EQ(table.rows.front().back(), "6");
    EXPECT_EQ(consumer_table({consumer}, {}, 1'001).rows.front().back(), "-");
}

TEST(RecordedOutput, MakesTheSpecsThatTheReferenceSent) {
    TopicCreateOptions options;
    options.name = "opts";
    options.partitions = 2;
    options.storage.retention_time = "1h";
    options.storage.segment_size = "10 MB";
    options.storage.max_partition_size = "100 MB";
    options.storage.compression_type = "zstd";
    options.ignore_rack_assignment = true;
    EXPECT_EQ(std::get<TopicSpec>(recorded_create("topic-create-all-options").spec),
              make_topic_spec(options).value().spec);
    TopicCreateOptions assigned;
    assigned.name = "assigned";
    assigned.replica_assignment_file = "tests/data/captures/inputs/assign.json";
    EXPECT_EQ(std::get<TopicSpec>(recorded_create("topic-create-assigned").spec),
              make_topic_spec(assigned).value().spec);
    TopicCreateOptions file;
    file.config_file = "tests/data/captures/inputs/topic.yaml";
    const NamedTopicSpec from_file = make_topic_spec(file).value();
    const wire::CreateRequest recorded = recorded_create("topic-create-config");
    EXPECT_EQ(from_file.name, recorded.name);
    EXPECT_EQ(std::get<TopicSpec>(recorded.spec), from_file.spec);
}

TEST(Output, WritesYamlAndToml) {
    nlohmann::ordered_json item;
    item["name"] = "one";
    item["ids"] = {1, 2};
    item["none"] = nullptr;
    item["spec"] = {{"system", false}, {"text", "a: b"}};
    const nlohmann::ordered_json document = nlohmann::ordered_json::array({item});
    EXPECT_EQ(render(document, OutputFormat::yaml),
              "- name: one\n  ids:\n    - 1\n    - 2\n  none: null\n  spec:\n    system: false\n"
              "    text: \"a: b\"\n");
    EXPECT_EQ(render(document, OutputFormat::toml),
              "[[items]]\nname = \"one\"\nids = [1, 2]\nspec = { \"system\" = false, \"text\" = "
              "\"a: b\" }\n\n");
    EXPECT_EQ(render(nlohmann::ordered_json::array(), OutputFormat::json), "[]\n");
}

}  // namespace
}  // namespace weir::cli
