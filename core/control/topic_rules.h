// What a name and a topic must be like to be accepted (control-plane spec 8.1 and 8.2).
//
// Pure functions; any executor. The order of the checks and the texts are those of the spec: users
// see them.
#pragma once

#include "core/base/ids.h"
#include "core/model/topic.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::control {

// Why a request is refused; the services map it to a code of the wire.
enum class RefusalKind : std::uint8_t {
    invalid_name,
    invalid_configuration,
    deduplication_name_invalid,
    deduplication_module_unknown,
    // Everything else about a topic.
    topic_error,
};

struct Refusal {
    RefusalKind kind = RefusalKind::topic_error;
    std::string message;
};

inline constexpr std::size_t kResourceNameSizeMax = 63;
inline constexpr std::uint32_t kRetentionSecondsMin = 10;
inline constexpr std::uint32_t kSegmentSizeMin = 1'024;
inline constexpr std::uint64_t kMaxPartitionSizeMin = 2'048;
inline constexpr std::uint64_t kSegmentSizeDefault = 1'073'741'824;

// The reason why `name` cannot be the name of a resource; nullopt when it can.
std::optional<std::string> check_resource_name(std::string_view name);

// 2006: the rule for names in the words of a topic.
std::optional<Refusal> check_topic_name(std::string_view name);

struct TopicRuleInput {
    // Every SPU object, online or not.
    std::set<SpuId> spus;
    // Keys of the SmartModules that are stored.
    std::set<std::string> smartmodules;
    std::uint32_t partition_count_max = 0;
};

// How long and how much is kept: all that a topic can have changed while it lives.
std::optional<Refusal> check_topic_limits(const TopicSpec& spec);
// Everything about the specification itself, after the name and its absence have been checked.
std::optional<Refusal> check_topic_spec(const TopicSpec& spec, const TopicRuleInput& input);

// Partitions that the specification asks for.
std::uint32_t partition_count_of(const ReplicaSpec& replicas);

}  // namespace weir::control
