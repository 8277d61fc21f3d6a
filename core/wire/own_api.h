// Requests of our own on the SC's public port: what an operator of replicated partitions needs and
// Fluvio's protocol has no words for (docs/decisions/0010).
//
// Framed like any other request there, with keys far above Fluvio's and versions of their own. They
// are not listed in the ApiVersions answer, which stays that of Fluvio: a server that does not know
// one closes the connection. Values own their bytes. Decoding answers `malformed` on anything that
// does not follow the layout.
#pragma once

#include "core/base/ids.h"
#include "core/model/partition.h"
#include "core/model/partition_record.h"
#include "core/model/replica_key.h"
#include "core/model/topic.h"
#include "core/model/topic_settings.h"
#include "core/wire/codec.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::wire {

enum class OwnApi : std::uint16_t {
    operate = 20'001,
    create_topic = 20'002,
    alter_topic = 20'003,
    describe_cluster = 20'004,
    begin_producer = 20'005,
};

// nullopt for a key that is not one of ours.
std::optional<OwnApi> own_api_from_key(std::uint16_t key);
std::string_view to_string(OwnApi api);

// Of each of them.
inline constexpr Version kOwnVersionMin = 1;
inline constexpr Version kOwnVersionMax = 1;

// ---- Operate

enum class OperatorVerb : std::uint8_t {
    // The partition `key` shall be held by `spus`, preferred leader first.
    reassign,
    // What a reassignment of `key` has not finished is given up.
    cancel_reassignment,
    // The preferred leader of `key` shall lead it.
    elect_preferred,
    // The SPU `spus[0]` gives away what it leads and holds; it stays so until undrain.
    drain,
    undrain,
    // Records of `key` below `offset` are deleted. Answered when that is stored: the replicas
    // delete
    // as soon as they hear of it.
    delete_records,
    // The metadata are older than the cluster: what the SPUs have reported counts from now on. With
    // `force` also without those SPUs that have not reported.
    adopt,
};

struct Operate {
    OperatorVerb verb = OperatorVerb::reassign;
    ReplicaKey key;
    std::vector<SpuId> spus;
    Offset offset;
    bool force = false;
    friend bool operator==(const Operate&, const Operate&) = default;
};

struct Operated {
    // It is stored and under way; otherwise nothing has changed.
    bool accepted = false;
    // For a person; the details are one line each.
    std::string message;
    std::vector<std::string> details;
    friend bool operator==(const Operated&, const Operated&) = default;
};

// ---- CreateTopic and AlterTopic: answered with a Status, as Create is

struct CreateTopic {
    std::string name;
    bool dry_run = false;
    TopicSpec spec;
    TopicSettings settings;
    friend bool operator==(const CreateTopic&, const CreateTopic&) = default;
};

// Settings that are not named stay.
struct AlterTopic {
    std::string name;
    TopicSettings settings;
    TopicChanges changes;
    friend bool operator==(const AlterTopic&, const AlterTopic&) = default;
};

// ---- DescribeCluster: what the SC knows of replication

struct DescribeCluster {
    // Partitions of system topics instead of all others.
    bool system = false;
    friend bool operator==(const DescribeCluster&, const DescribeCluster&) = default;
};

struct DescribedSpu {
    SpuId id;
    std::string name;
    bool online = false;
    bool fenced = false;
    bool draining = false;
    friend bool operator==(const DescribedSpu&, const DescribedSpu&) = default;
};

struct DescribedPartition {
    ReplicaKey key;
    PartitionRecord record;
    // What the leader has reported last; a follower that is not attached has -1.
    PartitionStatus status;
    friend bool operator==(const DescribedPartition&, const DescribedPartition&) = default;
};

struct ClusterDescription {
    // What an operator has to decide (adopt); one line each, empty in peace.
    std::vector<std::string> doubts;
    std::vector<DescribedSpu> spus;
    std::vector<DescribedPartition> partitions;
    friend bool operator==(const ClusterDescription&, const ClusterDescription&) = default;
};

// ---- BeginProducer: an answer says that all SPUs store a batch with a producer id once, however
// often it is sent (replication.md, "Idempotent producers")

struct BeginProducer {
    friend bool operator==(const BeginProducer&, const BeginProducer&) = default;
};

struct ProducerBegun {
    // Nobody else has it. Not negative.
    std::int64_t producer_id = 0;
    friend bool operator==(const ProducerBegun&, const ProducerBegun&) = default;
};

// Also in the SC's store.
Result<TopicSettings> decode_topic_settings(Reader& reader, Version version);
void encode(Writer& writer, const TopicSettings& settings, Version version);
Result<CreateTopic> decode_create_topic(Reader& reader, Version version);
void encode(Writer& writer, const CreateTopic& request, Version version);
Result<AlterTopic> decode_alter_topic(Reader& reader, Version version);
void encode(Writer& writer, const AlterTopic& request, Version version);
Result<DescribeCluster> decode_describe_cluster(Reader& reader, Version version);
void encode(Writer& writer, const DescribeCluster& request, Version version);
Result<ClusterDescription> decode_cluster_description(Reader& reader, Version version);
void encode(Writer& writer, const ClusterDescription& answer, Version version);

Result<BeginProducer> decode_begin_producer(Reader& reader, Version version);
void encode(Writer& writer, const BeginProducer& request, Version version);
Result<ProducerBegun> decode_producer_begun(Reader& reader, Version version);
void encode(Writer& writer, const ProducerBegun& answer, Version version);

Result<Operate> decode_operate(Reader& reader, Version version);
void encode(Writer& writer, const Operate& request, Version version);
Result<Operated> decode_operated(Reader& reader, Version version);
void encode(Writer& writer, const Operated& answer, Version version);

}  // namespace weir::wire
