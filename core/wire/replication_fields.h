// The layouts of the messages of replication, each once for both directions. Private to core/wire;
// see archive.h for how they are read.
#pragma once

#include "core/model/partition_record.h"
#include "core/replication/messages.h"
#include "core/wire/archive.h"
#include "core/wire/internal.h"

namespace weir::wire::detail {

template <>
inline constexpr std::uint8_t kEnumCount<Durability> = 3;
template <>
inline constexpr std::uint8_t kEnumCount<UncleanPolicy> = 3;
template <>
inline constexpr std::uint8_t kEnumCount<AckFloor> = 2;
template <>
inline constexpr std::uint8_t kEnumCount<PartitionPhase> = 5;

template <typename A>
void fields(A& a, FieldsOf<A, Uid>& v) {
    a(v.high, v.low);
}

// Of the sender's clock; only the sender reads it again.
template <typename A>
void fields(A& a, FieldsOf<A, Instant>& v) {
    std::int64_t ns = v.ns();
    a(ns);
    if constexpr (A::kDecoding) {
        v = Instant::from_ns(ns);
    }
}

template <typename A>
void fields(A& a, FieldsOf<A, EpochStart>& v) {
    a(v.epoch, v.start);
}

template <typename A>
void fields(A& a, FieldsOf<A, AssignedReplica>& v) {
    a(v.spu, v.uid);
}

template <typename A>
void fields(A& a, FieldsOf<A, PartitionRecord>& v) {
    a(v.topic_uid, v.partition, v.replicas, v.adding, v.removing, v.leader, v.leader_boot,
      v.leader_epoch, v.version, v.lrs, v.elr, v.last_known, v.min_live, v.durability,
      v.unclean_policy, v.ack_floor, v.strict_reads, v.ride_through, v.delete_before, v.phase);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::EpochEnd>& v) {
    a(v.epoch, v.end);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::Attach>& v) {
    a(v.from, v.boot, v.uid, v.epoch, v.nonce, v.leo, v.acked, v.tail);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::AttachOk>& v) {
    a(v.epoch, v.nonce);
    if (a.version() >= internal::kLesoSince) {
        a(v.leso);
    }
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::Diverged>& v) {
    a(v.epoch, v.nonce, v.at.common);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::Reset>& v) {
    a(v.epoch, v.nonce, v.log_start, v.preceding_epoch);
}

// Without the marks: they are read from the batches.
template <typename A>
void fields(A& a, FieldsOf<A, replication::Append>& v) {
    a(v.epoch, v.nonce, v.base, v.preceding_epoch, v.hw, v.log_start, v.sent_at);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::Ack>& v) {
    a(v.from, v.boot, v.epoch, v.nonce, v.acked, v.echo);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::ProbeAnswer>& v) {
    a(v.boot, v.epoch, v.last_epoch, v.leo, v.hw, v.log_start, v.is_healthy);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::Promoted>& v) {
    a(v.boot, v.epoch, v.leo);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::PromoteFailed>& v) {
    a(v.boot, v.epoch);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::AddedMember>& v) {
    a(v.spu, v.uid, v.boot);
}

template <typename A>
void fields(A& a, FieldsOf<A, replication::AlterLrs>& v) {
    a(v.boot, v.epoch, v.version, v.lrs, v.added);
}

}  // namespace weir::wire::detail
