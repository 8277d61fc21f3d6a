// The layouts of our own requests, each once for both directions. Private to core/wire; see
// archive.h for how they are read.
#pragma once

#include "core/wire/object_fields.h"
#include "core/wire/own_api.h"
#include "core/wire/replication_fields.h"

namespace weir::wire::detail {

template <>
inline constexpr std::uint8_t kEnumCount<OperatorVerb> = 7;

template <typename A>
void fields(A& a, FieldsOf<A, Operate>& v) {
    a(v.verb, v.key, v.spus, v.offset, v.force);
}

template <typename A>
void fields(A& a, FieldsOf<A, Operated>& v) {
    a(v.accepted, v.message, v.details);
}

template <typename A>
void fields(A& a, FieldsOf<A, TopicSettings>& v) {
    a(v.min_live, v.durability, v.unclean_policy, v.ack_floor, v.strict_reads, v.ride_through);
}

template <typename A>
void fields(A& a, FieldsOf<A, TopicChanges>& v) {
    a(v.retention_seconds, v.segment_size_bytes, v.max_partition_size_bytes, v.compression_type);
}

template <typename A>
void fields(A& a, FieldsOf<A, CreateTopic>& v) {
    a(v.name, v.dry_run);
    a.at_version(kObjectVersion, v.spec);
    a(v.settings);
}

template <typename A>
void fields(A& a, FieldsOf<A, AlterTopic>& v) {
    a(v.name, v.settings, v.changes);
}

template <typename A>
void fields(A& a, FieldsOf<A, DescribeCluster>& v) {
    a(v.system);
}

template <typename A>
void fields(A&, FieldsOf<A, BeginProducer>&) {}

template <typename A>
void fields(A& a, FieldsOf<A, ProducerBegun>& v) {
    a(v.producer_id);
}

template <typename A>
void fields(A& a, FieldsOf<A, DescribedSpu>& v) {
    a(v.id, v.name, v.online, v.fenced, v.draining);
}

template <typename A>
void fields(A& a, FieldsOf<A, DescribedPartition>& v) {
    a(v.key, v.record);
    a.at_version(kObjectVersion, v.status);
}

template <typename A>
void fields(A& a, FieldsOf<A, ClusterDescription>& v) {
    a(v.doubts, v.spus, v.partitions);
}

}  // namespace weir::wire::detail
