// What an operator of replicated partitions does: `weir partition reassign|elect`,
// `weir spu drain|undrain`, `weir cluster adopt`. Only an SC of Weir knows these requests.
#pragma once

#include "apps/weir/target.h"
#include "core/base/result.h"
#include "core/model/topic_settings.h"
#include "core/wire/own_api.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

// As given; nothing: not named.
struct TopicSettingOptions {
    std::optional<std::uint32_t> min_live;
    std::optional<std::string> durability;
    std::optional<std::string> unclean_policy;
    std::optional<std::string> ack_floor;
    std::optional<bool> strict_reads;
    std::optional<bool> ride_through;
};
Result<TopicSettings> parse_settings(const TopicSettingOptions& options);

struct PartitionReassignOptions {
    std::string topic;
    std::uint32_t partition = 0;
    // Preferred leader first.
    std::vector<std::int32_t> spus;
    bool cancel = false;
};

struct PartitionElectOptions {
    std::string topic;
    std::uint32_t partition = 0;
};

struct SpuDrainOptions {
    std::int32_t id = -1;
};

struct ClusterAdoptOptions {
    bool force = false;
};

// Partitions that are not as they shall be, one sentence each: no leader, too few live replicas, or
// which replica is missing and why.
std::vector<std::string> replication_problems(const wire::ClusterDescription& cluster);

int partition_reassign(const Target& target, const PartitionReassignOptions& options);
int partition_elect(const Target& target, const PartitionElectOptions& options);
int spu_drain(const Target& target, const SpuDrainOptions& options);
int spu_undrain(const Target& target, const SpuDrainOptions& options);
int cluster_adopt(const Target& target, const ClusterAdoptOptions& options);

}  // namespace weir::cli
