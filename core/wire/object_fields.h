// The layouts of the metadata objects (control-plane spec 4), each once for both directions.
// Private to core/wire; see archive.h for how they are read.
#pragma once

#include "core/model/mirror.h"
#include "core/model/partition.h"
#include "core/model/replica_key.h"
#include "core/model/smartmodule.h"
#include "core/model/spu.h"
#include "core/model/spu_group.h"
#include "core/model/table_format.h"
#include "core/model/topic.h"
#include "core/wire/archive.h"
#include "core/wire/control_objects.h"

namespace weir::wire::detail {

// Versions that added something (spec 4: only these matter among those in use, and older gates are
// kept where a version down to 11 could tell).
inline constexpr Version kDeduplicationSince = 12;
inline constexpr Version kSystemSince = 13;
inline constexpr Version kMirrorSince = 14;
inline constexpr Version kBaseOffsetSince = 16;
inline constexpr Version kDetailFailureSince = 17;
inline constexpr Version kMirrorFlagsSince = 18;
inline constexpr Version kVisibilitySince = 19;
inline constexpr Version kOutOfStorageSince = 19;

template <>
inline constexpr std::uint8_t kEnumCount<CompressionAlgorithm> = 6;
template <>
inline constexpr std::uint8_t kEnumCount<TopicResolution> = 6;
template <>
inline constexpr std::uint8_t kEnumCount<PartitionResolution> = 5;
template <>
inline constexpr std::uint8_t kEnumCount<Encryption> = 2;
template <>
inline constexpr std::uint8_t kEnumCount<SpuType> = 2;
template <>
inline constexpr std::uint8_t kEnumCount<SpuResolution> = 3;
template <>
inline constexpr std::uint8_t kEnumCount<SpuGroupResolution> = 3;
template <>
inline constexpr std::uint8_t kEnumCount<SmartModuleVisibility> = 2;
template <>
inline constexpr std::uint8_t kEnumCount<WasmFormat> = 2;
template <>
inline constexpr std::uint8_t kEnumCount<DataFormat> = 1;
template <>
inline constexpr std::uint8_t kEnumCount<ColumnAlignment> = 3;
template <>
inline constexpr std::uint8_t kEnumCount<ColumnColor> = 3;
template <>
inline constexpr std::uint8_t kEnumCount<TableFormatResolution> = 5;
template <>
inline constexpr std::uint8_t kEnumCount<MirrorConnection> = 2;
template <>
inline constexpr std::uint8_t kEnumCount<MirrorPairState> = 6;

template <typename A, typename T>
void since(A& a, Version version, T& value) {
    if (a.version() >= version) {
        a(value);
    }
}

// ---- Topic (4.1)

// The policy is an enumeration with one variant, hence the tag.
template <typename A>
void fields(A& a, FieldsOf<A, CleanupPolicy>& v) {
    std::uint8_t tag = 0;
    a(tag);
    if constexpr (A::kDecoding) {
        if (tag != 0) {
            a.fail_with("unknown cleanup policy");
        }
    }
    a(v.time_in_seconds);
}

template <typename A>
void fields(A& a, FieldsOf<A, TopicStorageConfig>& v) {
    a(v.segment_size_bytes, v.max_partition_size_bytes);
}

template <typename A>
void fields(A& a, FieldsOf<A, Deduplication>& v) {
    a(v.bound_count, v.bound_age, v.filter_uses, v.filter_with);
}

template <typename A>
void fields(A& a, FieldsOf<A, RemotePartitionConfig>& v) {
    a(v.home_cluster, v.home_spu_key, v.home_spu_id, v.home_spu_endpoint);
    since(a, kMirrorFlagsSince, v.target);
}

template <typename A>
void fields(A& a, FieldsOf<A, HomePartitionConfig>& v) {
    a(v.remote_cluster, v.remote_replica);
    since(a, kMirrorFlagsSince, v.source);
}

template <typename A>
void fields(A& a, FieldsOf<A, PartitionMap>& v) {
    a(v.id, v.replicas);
    since(a, kMirrorSince, v.mirror);
}

template <typename A>
void fields(A& a, FieldsOf<A, AssignedReplicas>& v) {
    a(v.maps);
}

template <typename A>
void fields(A& a, FieldsOf<A, ComputedReplicas>& v) {
    a(v.partition_count, v.replication_factor, v.ignore_rack_assignment);
}

template <typename A>
void fields(A& a, FieldsOf<A, HomeSpu>& v) {
    a(v.id, v.key, v.endpoint);
}

template <typename A>
void fields(A& a, FieldsOf<A, RemoteMirrorConfig>& v) {
    a(v.home_cluster, v.home_spus);
    since(a, kMirrorFlagsSince, v.target);
}

template <typename A>
void fields(A& a, FieldsOf<A, HomeMirrorConfig>& v) {
    a(v.partitions);
    since(a, kMirrorFlagsSince, v.source);
}

template <typename A>
void fields(A& a, FieldsOf<A, TopicSpec>& v) {
    a(v.replicas, v.cleanup_policy, v.storage, v.compression_type);
    since(a, kDeduplicationSince, v.deduplication);
    since(a, kSystemSince, v.system);
}

// The gated field is not the last one.
template <typename A>
void fields(A& a, FieldsOf<A, TopicStatus>& v) {
    a(v.resolution, v.replica_map);
    since(a, kMirrorSince, v.mirror_map);
    a(v.reason);
}

// ---- Partition (4.2)

template <typename A>
void fields(A& a, FieldsOf<A, ReplicaKey>& v) {
    a(v.topic, v.partition);
}

template <typename A>
void fields(A& a, FieldsOf<A, ReplicaStatus>& v) {
    a(v.spu, v.hw, v.leo);
}

template <typename A>
void fields(A& a, FieldsOf<A, PartitionSpec>& v) {
    a(v.leader, v.replicas, v.cleanup_policy, v.storage, v.compression_type);
    since(a, kDeduplicationSince, v.deduplication);
    since(a, kSystemSince, v.system);
    since(a, kMirrorSince, v.mirror);
}

// An older client cannot decode out_of_storage at all; what it can still do is read.
template <typename A>
void fields(A& a, FieldsOf<A, PartitionStatus>& v) {
    if constexpr (A::kDecoding) {
        a(v.resolution);
    } else {
        const bool hidden =
            v.resolution == PartitionResolution::out_of_storage && a.version() < kOutOfStorageSince;
        a(hidden ? PartitionResolution::online : v.resolution);
    }
    a(v.leader, v.live_replica_count, v.replicas, v.size_bytes, v.is_being_deleted);
    since(a, kBaseOffsetSince, v.base_offset);
}

// ---- SPU and CustomSpu (4.3, 4.4)

template <typename A>
void fields(A& a, FieldsOf<A, IngressAddress>& v) {
    a(v.hostname, v.ip);
}

template <typename A>
void fields(A& a, FieldsOf<A, IngressPort>& v) {
    a(v.port, v.ingress, v.encryption);
}

template <typename A>
void fields(A& a, FieldsOf<A, Endpoint>& v) {
    a(v.port, v.host, v.encryption);
}

template <typename A>
void fields(A& a, FieldsOf<A, SpuSpec>& v) {
    a(v.id, v.spu_type, v.public_endpoint, v.private_endpoint, v.rack, v.public_endpoint_local);
}

template <typename A>
void fields(A& a, FieldsOf<A, SpuStatus>& v) {
    a(v.resolution);
}

template <typename A>
void fields(A& a, FieldsOf<A, CustomSpuSpec>& v) {
    a(v.id, v.public_endpoint, v.private_endpoint, v.rack, v.public_endpoint_local);
}

// ---- SpuGroup (4.5)

template <typename A>
void fields(A& a, FieldsOf<A, ReplicationConfig>& v) {
    a(v.in_sync_replica_min);
}

template <typename A>
void fields(A& a, FieldsOf<A, SpuStorageConfig>& v) {
    a(v.log_dir, v.size);
}

template <typename A>
void fields(A& a, FieldsOf<A, EnvVar>& v) {
    a(v.name, v.value);
}

template <typename A>
void fields(A& a, FieldsOf<A, SpuGroupSpec>& v) {
    a(v.replica_count, v.min_id, v.rack, v.replication, v.storage, v.env);
}

template <typename A>
void fields(A& a, FieldsOf<A, SpuGroupStatus>& v) {
    a(v.resolution, v.reason);
}

// ---- SmartModule (4.6)

template <typename A>
void fields(A& a, FieldsOf<A, SmartModulePackage>& v) {
    a(v.name, v.group, v.version, v.api_version, v.description, v.license);
    since(a, kVisibilitySince, v.visibility);
    a(v.repository);
}

template <typename A>
void fields(A& a, FieldsOf<A, SmartModuleParam>& v) {
    a(v.description, v.optional);
}

template <typename A>
void fields(A& a, FieldsOf<A, SmartModuleMetadata>& v) {
    a(v.package, v.params);
}

template <typename A>
void fields(A& a, FieldsOf<A, SmartModuleSpec>& v) {
    a(v.meta, v.summary_wasm_size_bytes, v.format, v.payload);
}

template <typename A>
void fields(A&, FieldsOf<A, SmartModuleStatus>&) {}

// ---- TableFormat (4.7)

template <typename A>
void fields(A& a, FieldsOf<A, TableColumn>& v) {
    a(v.header_label, v.width, v.alignment, v.key_path, v.format, v.display, v.primary_key,
      v.header_bg_color, v.header_text_color);
}

template <typename A>
void fields(A& a, FieldsOf<A, TableFormatSpec>& v) {
    a(v.name, v.input_format, v.columns, v.smartmodule);
}

template <typename A>
void fields(A& a, FieldsOf<A, TableFormatStatus>& v) {
    a(v.resolution, v.reason);
}

// ---- Mirror (4.8)

template <typename A>
void fields(A& a, FieldsOf<A, ClientTls>& v) {
    a(v.domain, v.ca_cert, v.client_cert, v.client_key);
}

template <typename A>
void fields(A& a, FieldsOf<A, RemoteMirror>& v) {
    a(v.id);
}

template <typename A>
void fields(A& a, FieldsOf<A, HomeMirror>& v) {
    a(v.id, v.remote_id, v.public_endpoint, v.client_tls);
}

template <typename A>
void fields(A& a, FieldsOf<A, MirrorPairStatus>& v) {
    if constexpr (A::kDecoding) {
        a(v.state);
    } else {
        const bool hidden =
            v.state == MirrorPairState::detail_failure && a.version() < kDetailFailureSince;
        a(hidden ? MirrorPairState::failed : v.state);
        if (hidden) {
            return;
        }
    }
    if (v.state == MirrorPairState::detail_failure) {
        a(v.detail);
    }
}

template <typename A>
void fields(A& a, FieldsOf<A, MirrorStatus>& v) {
    a(v.connection, v.pairing_sc, v.pairing_spu, v.last_seen_ms);
}

template <typename A>
void fields(A& a, FieldsOf<A, MirrorSpec>& v) {
    a(v.type);
}

// ---- Name, spec, status

template <typename A, typename O>
    requires requires { typename std::remove_const_t<O>::Spec; }
void fields(A& a, O& v) {
    a(v.name, v.spec, v.status);
}

}  // namespace weir::wire::detail
