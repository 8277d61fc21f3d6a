// The layouts of the private protocol's messages, each once for both directions. Private to
// core/wire; see archive.h for how they are read.
#pragma once

#include "core/wire/internal.h"
#include "core/wire/object_fields.h"
#include "core/wire/replication_fields.h"

namespace weir::wire {

namespace detail {

template <>
inline constexpr std::uint8_t kEnumCount<internal::RegisterResult> = 5;

template <typename A>
void fields(A& a, FieldsOf<A, internal::PartitionRef>& v) {
    a(v.topic_uid, v.partition);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::StoredReplica>& v) {
    a(v.partition, v.topic, v.uid, v.fence_epoch, v.last_epoch, v.leo, v.log_start, v.is_healthy);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::RegisterSpu>& v) {
    a(v.spu, v.storage_id, v.boot_id, v.cluster_id, v.clean_boot, v.boot, v.replicas, v.version_min,
      v.version_max, v.software);
    if (a.at_end()) {
        return;
    }
    for (auto& replica : v.replicas) {
        a(replica.fence_version);
    }
    a(v.sc_epoch);
    if (a.at_end()) {
        return;
    }
    for (auto& replica : v.replicas) {
        a(replica.is_unlisted);
    }
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::Registered>& v) {
    a(v.result, v.message, v.version, v.cluster_id, v.spu_name, v.sc_epoch, v.boot, v.lease_ms,
      v.heartbeat_interval_ms, v.heartbeat_timeout_ms, v.report_interval_ms);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::ReplicaAssignment>& v) {
    a(v.key, v.record);
    a.at_version(kObjectVersion, v.spec);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::ReplicaRef>& v) {
    a(v.key, v.topic_uid);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::SpuAddress>& v) {
    a(v.id, v.name, v.private_host, v.private_port, v.online);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::TopicRef>& v) {
    a(v.name, v.uid);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::Assignments>& v) {
    a(v.sequence, v.full, v.removed_replicas, v.replicas, v.removed_spus, v.spus, v.removed_topics,
      v.topics, v.smartmodules, v.offsets_leader);
    if (a.version() >= internal::kDoubtedSince) {
        a(v.doubted);
    }
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::ReplicaReport>& v) {
    a(v.key, v.topic_uid, v.leader_epoch, v.resolution, v.leo, v.hw, v.log_start, v.size_bytes,
      v.followers);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::SpuReport>& v) {
    a(v.assignment_sequence, v.replicas);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::ReplicaRemoved>& v) {
    a(v.replica);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::Heartbeat>& v) {
    a(v.sequence);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::HeartbeatAck>& v) {
    a(v.sequence);
    if (a.version() >= internal::kDoubtedSince) {
        a(v.doubted);
    }
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::ProbePartitions::Entry>& v) {
    a(v.partition, v.epoch);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::ProbePartitions>& v) {
    a(v.partitions);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::ScMessages::Entry>& v) {
    a(v.partition, v.message);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::ScMessages>& v) {
    a(v.messages);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::PeerHello>& v) {
    a(v.spu, v.version_min, v.version_max);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::PeerWelcome>& v) {
    a(v.accepted, v.message, v.version, v.spu);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::FetchConsumerOffset>& v) {
    a(v.key, v.topic_uid, v.consumer_id);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::FetchConsumerOffsetReply>& v) {
    a(v.error, v.offset);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::UpdateConsumerOffset>& v) {
    a(v.key, v.topic_uid, v.consumer_id, v.offset);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::UpdateConsumerOffsetReply>& v) {
    a(v.error);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::DeleteConsumerOffset>& v) {
    a(v.key, v.topic_uid, v.consumer_id);
}

template <typename A>
void fields(A& a, FieldsOf<A, internal::DeleteConsumerOffsetReply>& v) {
    a(v.error);
}

}  // namespace detail

}  // namespace weir::wire
