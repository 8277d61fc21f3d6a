// What the metadata store holds for each kind of object, as bytes.
//
// A record is a format number and the object in kObjectVersion of the wire. Statuses that SPUs
// report (offsets, sizes, online or not) are not stored: they are derived again after a start.
// Decoding answers `corrupt`: these bytes were ours. A record of another format is refused with a
// text that names both formats.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/model/mirror.h"
#include "core/model/partition.h"
#include "core/model/partition_record.h"
#include "core/model/smartmodule.h"
#include "core/model/spu.h"
#include "core/model/spu_group.h"
#include "core/model/table_format.h"
#include "core/model/topic.h"
#include "core/model/topic_settings.h"
#include "core/model/uid.h"
#include "core/sc/metadata_store.h"

namespace weir::sc {

struct ClusterRecord {
    Uid cluster_id;
    // One more at each start of the SC, before it serves.
    ScEpoch sc_epoch;
    // The last boot epoch that was given to an SPU.
    BootEpoch boot_counter = kNoBoot;
    friend bool operator==(const ClusterRecord&, const ClusterRecord&) = default;
};

struct TopicRecord {
    Uid uid;
    TopicSettings settings;
    TopicSpec spec;
    TopicStatus status;
    friend bool operator==(const TopicRecord&, const TopicRecord&) = default;
};

struct StoredPartition {
    PartitionRecord record;
    // Its leader is the record's, or the last one while nobody leads; its replicas are the
    // record's.
    PartitionSpec spec;
    // The record is older than the cluster, and something that has happened since is not in it
    // (Doubts). Stored with the change that left it out: it would be forgotten by a restart.
    bool in_doubt = false;
    friend bool operator==(const StoredPartition&, const StoredPartition&) = default;
};

struct SpuRecord {
    SpuSpec spec;
    // Of the SPU's data folder; none until it has registered for the first time.
    Uid storage_id;
    // Of the process that registered last, and what it was given.
    Uid boot_id;
    BootEpoch boot = kNoBoot;
    // Taken for gone: in no LRS, leads nothing.
    bool fenced = true;
    // Asked to give up what it has.
    bool draining = false;
    friend bool operator==(const SpuRecord&, const SpuRecord&) = default;
};

// The record of the one object of kind cluster.
inline constexpr const char* kClusterRecordName = "cluster";

Bytes encode_record(const ClusterRecord& record);
Bytes encode_record(const TopicRecord& record);
Bytes encode_record(const StoredPartition& partition);
Bytes encode_record(const SpuRecord& record);
Result<ClusterRecord> decode_cluster_record(ByteSpan bytes);
Result<TopicRecord> decode_topic_record(ByteSpan bytes);
Result<StoredPartition> decode_stored_partition(ByteSpan bytes);
Result<SpuRecord> decode_spu_record(ByteSpan bytes);

// SmartModuleSpec, TableFormatSpec, SpuGroupSpec, MirrorSpec.
template <typename Spec>
Bytes encode_spec_record(const Spec& spec);
template <typename Spec>
Result<Spec> decode_spec_record(ByteSpan bytes);

}  // namespace weir::sc
