// What a topic, or a cluster for its topics, asks of replication (replication.md 5.10 to 5.12).
//
// A value. Nothing set: the next one says, the topic before the cluster before the defaults. What
// applies is frozen into each partition's record when the partition is made.
#pragma once

#include "core/model/partition_record.h"

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

}  // namespace weir
