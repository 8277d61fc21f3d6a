// What a topic, or a cluster for its topics, asks of replication (replication.md 5.10 to 5.12), and
// what of a topic's storage can be changed while it lives.
//
// Values. TopicSettings, nothing set: the next one says, the topic before the cluster before the
// defaults. What applies is frozen into each partition's record when the partition is made.
#pragma once

#include "core/model/partition_record.h"
#include "core/model/topic.h"

#include <cstdint>
#include <optional>

namespace weir {

struct TopicSettings {
    // From 1 to the number of replicas; else most of three or more, or 1.
    std::optional<std::uint32_t> min_live;
    std::optional<Durability> durability;
    std::optional<UncleanPolicy> unclean_policy;
    std::optional<AckFloor> ack_floor;
    std::optional<bool> strict_reads;
    // Else only for partitions with one replica.
    std::optional<bool> ride_through;

    bool any() const { return *this != TopicSettings(); }
    friend bool operator==(const TopicSettings&, const TopicSettings&) = default;
};

// Nothing set: it stays as it is.
struct TopicChanges {
    std::optional<std::uint32_t> retention_seconds;
    std::optional<std::uint32_t> segment_size_bytes;
    std::optional<std::uint64_t> max_partition_size_bytes;
    std::optional<CompressionAlgorithm> compression_type;

    bool any() const { return *this != TopicChanges(); }
    friend bool operator==(const TopicChanges&, const TopicChanges&) = default;
};

}  // namespace weir
