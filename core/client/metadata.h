// What the client knows about the cluster: topics, partitions and SPUs, as the SC's watches tell
// it.
//
// Owned by the Client, which applies the updates; everybody else reads. One shard. References into
// the maps are invalid after a suspension.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/env/network.h"
#include "core/model/partition.h"
#include "core/model/replica_key.h"
#include "core/model/spu.h"
#include "core/model/topic.h"
#include "core/task/cancel.h"
#include "core/task/sync.h"
#include "core/wire/control_plane.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::client {

enum class SpuAddressKind : std::uint8_t { public_address, local_address };

class PartitionWatch;

class Metadata {
public:
    explicit Metadata(Executor& executor) : changed_(executor) {}

    const std::map<std::string, TopicObject>& topics() const { return topics_; }
    const std::map<ReplicaKey, PartitionObject>& partitions() const { return partitions_; }
    const std::map<SpuId, SpuObject>& spus() const { return spus_; }

    // True once each of the three watches has answered.
    bool complete() const { return topics_seen_ && partitions_seen_ && spus_seen_; }

    // 0: no such topic.
    std::uint32_t partition_count(const std::string& topic) const;
    // Partitions whose leader is online, ascending.
    std::vector<std::uint32_t> online_partitions(const std::string& topic) const;
    std::optional<SpuId> leader(const ReplicaKey& key) const;
    // Where clients reach the SPU; nullopt when it is not known or has no address.
    std::optional<HostPort> spu_address(SpuId id, SpuAddressKind kind) const;

    // Applies one answer of a watch, by the rules of control-plane spec 6.3.
    Result<void> apply(const wire::WatchResponse& response);
    // After the next applied update.
    WEIR_CORO_WRAPPER Task<Result<void>> wait_for_change(CancelToken token) const {
        return changed_.wait(token);
    }
    // Counts applied updates.
    std::uint64_t version() const { return version_; }

private:
    friend class PartitionWatch;

    std::map<std::string, TopicObject> topics_;
    std::map<ReplicaKey, PartitionObject> partitions_;
    std::map<SpuId, SpuObject> spus_;
    bool topics_seen_ = false;
    bool partitions_seen_ = false;
    bool spus_seen_ = false;
    std::uint64_t version_ = 0;
    // Waiting changes nothing that a reader sees.
    mutable Notifier changed_;
    // Watching changes nothing that a reader sees.
    mutable IntrusiveList<PartitionWatch> partition_watches_;
};

// Ends what is done with the leader of a partition as soon as the SC names another one, and the
// pause before the next try as soon as anything has changed that the try depends on. A leader whose
// process is stopped, or that is cut off, takes connections and requests and answers none: without
// this its clients wait for the end of their patience, long after the election.
//
// Lives in the frame of the operation; one shard; the Metadata outlives it, or nothing uses it any
// more.
class PartitionWatch : public ListNode {
public:
    PartitionWatch(const Metadata& metadata, ReplicaKey key, CancelToken parent);
    // Cancelled when another SPU leads than when the watch began, or when `parent` is.
    CancelToken leader_token() { return leader_source_.token(); }
    bool leader_changed() const { return leader_changed_; }
    // Cancelled also when the same one leads again, or more or fewer replicas are live.
    CancelToken state_token() { return state_source_.token(); }

private:
    friend class Metadata;
    void compare(const Metadata& metadata);

    ReplicaKey key_;
    std::optional<SpuId> leader_;
    std::optional<PartitionResolution> resolution_;
    std::uint32_t live_replica_count_ = 0;
    bool leader_changed_ = false;
    CancelSource leader_source_;
    CancelSource state_source_;
};

}  // namespace weir::client
