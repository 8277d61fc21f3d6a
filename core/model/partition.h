// Partitions: one per row of a topic's replica map (control-plane spec 4.2).
//
// Values without behaviour; no owner, any executor. The object's name is the text of its
// ReplicaKey.
#pragma once

#include "core/base/ids.h"
#include "core/model/object.h"
#include "core/model/topic.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir {

enum class PartitionResolution : std::uint8_t {
    offline,
    online,
    leader_offline,
    election_leader_found,
    // Readable, not writable: the leader's disk is full.
    out_of_storage,
};

// -1 in any field: not known.
struct ReplicaStatus {
    SpuId spu = SpuId(-1);
    Offset hw = Offset(-1);
    Offset leo = Offset(-1);
    friend bool operator==(const ReplicaStatus&, const ReplicaStatus&) = default;
};

inline constexpr std::int64_t kPartitionSizeUnknown = -2;
inline constexpr std::int64_t kPartitionSizeError = -1;

struct PartitionStatus {
    PartitionResolution resolution = PartitionResolution::offline;
    ReplicaStatus leader;
    // Followers in the LRS: whether they have every record of this moment changes with each one.
    std::uint32_t live_replica_count = 0;
    // Followers only.
    std::vector<ReplicaStatus> replicas;
    // Sum of the stored batches, or one of the two constants above.
    std::int64_t size_bytes = kPartitionSizeUnknown;
    bool is_being_deleted = false;
    // The log start.
    Offset base_offset;
    friend bool operator==(const PartitionStatus&, const PartitionStatus&) = default;
};

struct PartitionSpec {
    using Status = PartitionStatus;
    static constexpr ObjectKind kKind = ObjectKind::partition;

    SpuId leader;
    // With the leader.
    std::vector<SpuId> replicas;
    std::optional<CleanupPolicy> cleanup_policy;
    std::optional<TopicStorageConfig> storage;
    CompressionAlgorithm compression_type = CompressionAlgorithm::any;
    std::optional<Deduplication> deduplication;
    bool system = false;
    std::optional<PartitionMirrorConfig> mirror;
    friend bool operator==(const PartitionSpec&, const PartitionSpec&) = default;
};

using PartitionObject = Object<PartitionSpec>;

}  // namespace weir
