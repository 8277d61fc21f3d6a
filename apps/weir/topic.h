// `weir topic ...`
#pragma once

#include "apps/weir/output.h"
#include "apps/weir/replication.h"
#include "apps/weir/target.h"
#include "core/model/mirror.h"
#include "core/model/partition.h"
#include "core/model/topic.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

// How long and how much is kept, and which compression, as given.
struct TopicStorageOptions {
    std::optional<std::string> retention_time;
    std::optional<std::string> segment_size;
    std::optional<std::string> max_partition_size;
    std::optional<std::string> compression_type;
};

struct TopicCreateOptions {
    std::string name;
    std::uint32_t partitions = 1;
    std::uint32_t replication = 1;
    bool ignore_rack_assignment = false;
    // JSON: [{"id": 0, "replicas": [5001]}, ...]
    std::optional<std::string> replica_assignment_file;
    // YAML: the whole topic.
    std::optional<std::string> config_file;
    // The home's end of a mirrored topic, with a partition for each remote cluster in the file
    // (JSON: ["edge1", ...]), or with none yet.
    bool mirror = false;
    std::optional<std::string> mirror_file;
    // The home sends, the remotes receive; else the other way round.
    bool home_to_remote = false;
    TopicStorageOptions storage;
    bool dry_run = false;
    bool system = false;
    TopicSettingOptions settings;
};

struct TopicListOptions {
    std::string output = "table";
    bool system = false;
};

struct TopicDescribeOptions {
    std::string name;
    std::string output = "table";
};

struct TopicDeleteOptions {
    std::vector<std::string> names;
    bool continue_on_error = false;
    bool system = false;
    bool force = false;
};

struct TopicAddPartitionOptions {
    std::string name;
    std::uint32_t count = 1;
};

struct TopicAddMirrorOptions {
    std::string name;
    std::string remote;
    bool home_to_remote = false;
};

struct TopicUpdateOptions {
    std::string name;
    TopicStorageOptions storage;
    TopicSettingOptions settings;
};

// Errors say which option is wrong.
Result<TopicChanges> parse_changes(const TopicStorageOptions& options);

// The name and spec that the options ask for. Errors say which option is wrong.
struct NamedTopicSpec {
    std::string name;
    TopicSpec spec;
};
Result<NamedTopicSpec> make_topic_spec(const TopicCreateOptions& options);
// The remote clusters that a topic names and `mirrors` does not know.
std::vector<std::string> unknown_remotes(const TopicSpec& spec,
                                         const std::vector<MirrorObject>& mirrors);

// By the name of the topic: what its partitions hold on their leaders.
using TopicSizes = std::map<std::string, std::uint64_t>;
TopicSizes sizes_by_topic(const std::vector<PartitionObject>& partitions);
Table topic_table(const std::vector<TopicObject>& topics, const TopicSizes& sizes);
Table topic_description(const TopicObject& topic);

int topic_create(const Target& target, const TopicCreateOptions& options);
int topic_list(const Target& target, const TopicListOptions& options);
int topic_describe(const Target& target, const TopicDescribeOptions& options);
int topic_delete(const Target& target, const TopicDeleteOptions& options);
int topic_update(const Target& target, const TopicUpdateOptions& options);
int topic_add_partition(const Target& target, const TopicAddPartitionOptions& options);
int topic_add_mirror(const Target& target, const TopicAddMirrorOptions& options);

}  // namespace weir::cli
