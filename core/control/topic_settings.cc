#include "core/control/topic_settings.h"

#include "core/base/assert.h"
#include "core/control/live_sets.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::control {

namespace {

template <typename T>
std::optional<T> first_of(const std::optional<T>& a, const std::optional<T>& b) {
    return a.has_value() ? a : b;
}

}  // namespace

std::uint32_t default_min_live(std::size_t replica_count) {
    return replica_count >= 3 ? static_cast<std::uint32_t>(replica_count / 2 + 1) : 1;
}

TopicSettings merge(const TopicSettings& topic, const TopicSettings& cluster) {
    TopicSettings merged;
    merged.min_live = first_of(topic.min_live, cluster.min_live);
    merged.durability = first_of(topic.durability, cluster.durability);
    merged.unclean_policy = first_of(topic.unclean_policy, cluster.unclean_policy);
    merged.ack_floor = first_of(topic.ack_floor, cluster.ack_floor);
    merged.strict_reads = first_of(topic.strict_reads, cluster.strict_reads);
    merged.ride_through = first_of(topic.ride_through, cluster.ride_through);
    return merged;
}

Result<void> check_settings(const TopicSettings& settings, std::size_t replica_count) {
    const std::uint32_t min_live = settings.min_live.value_or(1);
    if (min_live < 1 || min_live > replica_count) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("min_live is {}, and must be from 1 to the number of replicas, {}",
                                min_live, replica_count));
    }
    return {};
}

void apply_settings(PartitionRecord& record, const TopicSettings& settings,
                    std::size_t replica_count) {
    WEIR_ASSERT(replica_count >= 1);
    const std::uint32_t wanted = settings.min_live.value_or(default_min_live(replica_count));
    record.min_live =
        std::clamp<std::uint32_t>(wanted, 1, static_cast<std::uint32_t>(replica_count));
    record.durability = settings.durability.value_or(Durability::fsync);
    record.unclean_policy = settings.unclean_policy.value_or(UncleanPolicy::balanced);
    record.ack_floor = settings.ack_floor.value_or(AckFloor::none);
    record.strict_reads = settings.strict_reads.value_or(false);
    record.ride_through = settings.ride_through.value_or(replica_count == 1);
}

Result<PartitionRecord> change_settings(const PartitionRecord& record,
                                        const TopicSettings& changes) {
    WEIR_CHECK(check_settings(changes, record.replicas.size()));
    if (changes.durability.value_or(record.durability) != record.durability) {
        return fail(ErrorCode::invalid_argument,
                    "the durability of a topic stays as it was created");
    }
    PartitionRecord next = record;
    next.min_live = changes.min_live.value_or(record.min_live);
    next.unclean_policy = changes.unclean_policy.value_or(record.unclean_policy);
    next.ack_floor = changes.ack_floor.value_or(record.ack_floor);
    next.strict_reads = changes.strict_reads.value_or(record.strict_reads);
    next.ride_through = changes.ride_through.value_or(record.ride_through);
    // With fewer demanded there may be enough now.
    forget_outsiders_if_enough(next);
    if (next != record) {
        next.version = next_version(record.version);
    }
    return next;
}

TopicSpec with_changes(TopicSpec spec, const TopicChanges& changes) {
    if (changes.retention_seconds.has_value()) {
        spec.cleanup_policy.emplace().time_in_seconds = *changes.retention_seconds;
    }
    if (changes.segment_size_bytes.has_value() || changes.max_partition_size_bytes.has_value()) {
        TopicStorageConfig storage = spec.storage.value_or(TopicStorageConfig());
        storage.segment_size_bytes =
            first_of(changes.segment_size_bytes, storage.segment_size_bytes);
        storage.max_partition_size_bytes =
            first_of(changes.max_partition_size_bytes, storage.max_partition_size_bytes);
        spec.storage = storage;
    }
    spec.compression_type = changes.compression_type.value_or(spec.compression_type);
    return spec;
}

}  // namespace weir::control
