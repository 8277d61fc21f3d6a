// The private protocol between the SC and the SPUs, and among SPUs. Ours alone; versioned so that
// programs of different releases can run together.
//
// Frames as everywhere (i32 length). A payload is an InternalHeader and the body of its message.
// The first exchange of a connection is always encoded in kInternalHelloVersion, whose layout is
// frozen, and settles the version of everything after it.
//
// SPU to SC (the SPU dials the SC's private port):
//   RegisterSpu -> Registered. Then the SC pushes Assignments, first a full one, later changes; the
//   SPU sends SpuReport when something changed (offsets and sizes at most every report interval;
//   a replica that has become usable or unusable at once, because somebody waits for it; and after
//   each Assignments with SmartModules, because their creator waits), Heartbeat
//   every heartbeat interval, ReplicaRemoved when the files of a removed replica are gone. The SC
//   answers each Heartbeat with HeartbeatAck (same sequence), so that either side notices a dead
//   peer; that answer is also the lease: until lease_ms after the SPU sent the heartbeat (or the
//   registration), the SC elects nobody in place of this SPU without hearing of its end. That is
//   not so for a partition whose record may be older than what other SPUs know: HeartbeatAck and
//   Assignments name those (`doubted`), and an SPU has no lease for them. The rules
//   of replication (core/replication/messages.h) speak through Assignments (LeaderIs: a record is
//   part of each assignment), ProbePartitions and ScMessages. After a reconnect everything starts
//   again with RegisterSpu and a full Assignments.
// SPU to SPU (the caller dials the private port of the leader of consumer-offset-0, or of the
// leader of partitions that it follows):
//   PeerHello -> PeerWelcome, then any number of the three consumer-offset requests, each answered
//   by the message of the same name with `Reply`, with the request's correlation id; and
//   PartitionMessages in both directions (core/wire/replication.h).
//
// Values own their bytes. Decoding answers `malformed` on anything that does not follow the layout.
#pragma once

#include "core/base/ids.h"
#include "core/model/partition.h"
#include "core/model/partition_record.h"
#include "core/model/replica_key.h"
#include "core/model/uid.h"
#include "core/replication/messages.h"
#include "core/wire/codec.h"
#include "core/wire/error_code.h"
#include "core/wire/header.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::wire::internal {

inline constexpr Version kInternalHelloVersion = 1;
// What this program speaks.
inline constexpr Version kInternalVersionMin = 1;
inline constexpr Version kInternalVersionMax = 3;
// Of `doubted` in HeartbeatAck and Assignments.
inline constexpr Version kDoubtedSince = 2;
// Of `leso` in AttachOk.
inline constexpr Version kLesoSince = 3;

// The highest version that both ranges have; nullopt when they do not meet.
std::optional<Version> choose_internal_version(Version peer_min, Version peer_max);

enum class MessageKind : std::uint16_t {
    register_spu = 3001,
    registered = 3002,
    assignments = 3003,
    spu_report = 3004,
    replica_removed = 3005,
    heartbeat = 3006,
    heartbeat_ack = 3007,
    probe_partitions = 3008,
    sc_messages = 3009,
    peer_hello = 3101,
    peer_welcome = 3102,
    fetch_consumer_offset = 3103,
    fetch_consumer_offset_reply = 3104,
    update_consumer_offset = 3105,
    update_consumer_offset_reply = 3106,
    delete_consumer_offset = 3107,
    delete_consumer_offset_reply = 3108,
    partition_messages = 3201,
};

std::string_view to_string(MessageKind kind);

struct InternalHeader {
    MessageKind kind = MessageKind::heartbeat;
    // The version of the body.
    Version version = kInternalHelloVersion;
    // Of the request, in a reply; 0 in messages that nobody answers.
    CorrelationId correlation_id;
    friend bool operator==(const InternalHeader&, const InternalHeader&) = default;
};

// Smallest payload of a frame.
inline constexpr std::uint32_t kInternalHeaderSize = 8;

Result<InternalHeader> decode_internal_header(Reader& reader);
void encode(Writer& writer, const InternalHeader& header);

// ---- SPU and SC

// Which partition a message is about; a topic's uid is never used again.
struct PartitionRef {
    Uid topic_uid;
    PartitionId partition;
    friend bool operator==(const PartitionRef&, const PartitionRef&) = default;
    friend auto operator<=>(const PartitionRef&, const PartitionRef&) = default;
};

// A replica as an SPU found it on its disk.
struct StoredReplica {
    PartitionRef partition;
    // The topic's name. An SC that has lost the topic can make it anew.
    std::string topic;
    // Of the assignment that it was made for.
    Uid uid;
    // The highest epoch that it accepted.
    LeaderEpoch fence_epoch = kNoEpoch;
    // Of that epoch, the newest version of the record that it accepted; 0: unknown.
    RecordVersion fence_version;
    // The newest that its log has entered (core/model/entered_epoch.h).
    LeaderEpoch last_epoch = kNoEpoch;
    Offset leo;
    Offset log_start;
    // No damage was found below what was synced.
    bool is_healthy = true;
    // An SC has not listed it, and nothing newer was obeyed since (ReplicaManager).
    bool is_unlisted = false;
    friend bool operator==(const StoredReplica&, const StoredReplica&) = default;
};

struct RegisterSpu {
    static constexpr MessageKind kKind = MessageKind::register_spu;
    SpuId spu;
    // Drawn once when the data folder is created, and durable before it is first sent: tells a
    // wiped disk from a restart. The SC keeps the first one and refuses another (storage_mismatch)
    // until the SPU is unregistered and registered again.
    Uid storage_id;
    // Drawn at each start of the process.
    Uid boot_id;
    // The cluster that this storage belongs to; none before the first registration.
    Uid cluster_id;
    // Of the boot epoch that ended in order, with everything synced; kNoBoot otherwise.
    BootEpoch clean_boot;
    // The boot epoch that this process has from an earlier connection; at its first, that of the
    // last process on this storage, or kNoBoot. The SC gives a process one boot epoch only, as long
    // as no other process has registered since.
    BootEpoch boot;
    // What is on the disk, of every replica whose log could be opened or is damaged.
    std::vector<StoredReplica> replicas;
    Version version_min = kInternalVersionMin;
    Version version_max = kInternalVersionMax;
    // For logs.
    std::string software;
    // What was added later is at the end, and may be missing: an older program neither sends it nor
    // reads it. That is the fence_version of each replica, this, and is_unlisted of each replica:
    // The highest term of an SC that this process has worked for; 0: none.
    ScEpoch sc_epoch;
    friend bool operator==(const RegisterSpu&, const RegisterSpu&) = default;
};

enum class RegisterResult : std::uint8_t {
    accepted,
    // No SPU object with this id: `spu register` first. Retry later.
    unknown_spu,
    // The ranges of versions do not meet.
    version_mismatch,
    // The SC is not ready or stopping. Retry later.
    unavailable,
    // This SPU id was registered with another storage. Do not delete or serve anything; retry
    // later.
    storage_mismatch,
};

struct Registered {
    static constexpr MessageKind kKind = MessageKind::registered;
    RegisterResult result = RegisterResult::accepted;
    // For a person.
    std::string message;
    // Of everything that follows on this connection.
    Version version = kInternalHelloVersion;
    // Which cluster this SC keeps the metadata of. An SPU notes the first one durably and refuses
    // to work for any other: an SC whose metadata were lost must not make the SPUs delete their
    // data.
    Uid cluster_id;
    std::string spu_name;
    // Of this SC's term; every message of the connection is of it.
    ScEpoch sc_epoch;
    // Of this SPU from now on.
    BootEpoch boot;
    std::uint32_t lease_ms = 2'500;
    std::uint32_t heartbeat_interval_ms = 1'000;
    // Without a message for so long, either side gives the connection up.
    std::uint32_t heartbeat_timeout_ms = 10'000;
    std::uint32_t report_interval_ms = 100;
    friend bool operator==(const Registered&, const Registered&) = default;
};

struct ReplicaAssignment {
    ReplicaKey key;
    // Who holds, leads and may lead the partition: LeaderIs of the rules.
    PartitionRecord record;
    // The topic's settings.
    PartitionSpec spec;
    friend bool operator==(const ReplicaAssignment&, const ReplicaAssignment&) = default;
};

struct ReplicaRef {
    ReplicaKey key;
    Uid topic_uid;
    friend bool operator==(const ReplicaRef&, const ReplicaRef&) = default;
    friend auto operator<=>(const ReplicaRef&, const ReplicaRef&) = default;
};

struct SpuAddress {
    SpuId id;
    std::string name;
    std::string private_host;
    std::uint16_t private_port = 0;
    bool online = false;
    friend bool operator==(const SpuAddress&, const SpuAddress&) = default;
};

// A topic that exists, anywhere. Consumer offsets of any other topic are void.
struct TopicRef {
    std::string name;
    Uid uid;
    friend bool operator==(const TopicRef&, const TopicRef&) = default;
    friend auto operator<=>(const TopicRef&, const TopicRef&) = default;
};

// SC to SPU. `full`: these are all replicas of this SPU, all SPUs and all topics, and what is not
// listed is gone. Otherwise a change: first apply the `removed_` lists, then the others (insert or
// replace). A topic that was deleted and created again comes as a removal of the old uid and an
// assignment of the new one.
struct Assignments {
    static constexpr MessageKind kKind = MessageKind::assignments;
    // Rises by one per message of a connection, from 1; the report carries the last one applied.
    std::uint64_t sequence = 0;
    bool full = false;
    std::vector<ReplicaRef> removed_replicas;
    std::vector<ReplicaAssignment> replicas;
    std::vector<SpuId> removed_spus;
    std::vector<SpuAddress> spus;
    std::vector<TopicRef> removed_topics;
    std::vector<TopicRef> topics;
    // The keys of all SmartModules of the cluster when something about them changed, and in a full
    // message; nullopt: as before.
    std::optional<std::vector<std::string>> smartmodules;
    // Who leads consumer-offset-0, always the current value; SpuId(-1): nobody yet.
    SpuId offsets_leader = SpuId(-1);
    // As in HeartbeatAck.
    std::vector<PartitionRef> doubted;
    friend bool operator==(const Assignments&, const Assignments&) = default;
};

// From the leader of a partition. A follower's entry in `followers` is (spu, -1, -1) until it has
// attached.
struct ReplicaReport {
    ReplicaKey key;
    Uid topic_uid;
    LeaderEpoch leader_epoch;
    // online or out_of_storage; offline: the log cannot be opened.
    PartitionResolution resolution = PartitionResolution::online;
    Offset leo;
    Offset hw;
    Offset log_start;
    std::int64_t size_bytes = 0;
    std::vector<ReplicaStatus> followers;
    friend bool operator==(const ReplicaReport&, const ReplicaReport&) = default;
};

// SPU to SC: the replicas whose state changed since the last report of this connection (all led
// ones in the first). None when it only confirms SmartModules.
struct SpuReport {
    static constexpr MessageKind kKind = MessageKind::spu_report;
    std::uint64_t assignment_sequence = 0;
    std::vector<ReplicaReport> replicas;
    friend bool operator==(const SpuReport&, const SpuReport&) = default;
};

// SPU to SC: the files of this incarnation of the replica are gone from this SPU.
struct ReplicaRemoved {
    static constexpr MessageKind kKind = MessageKind::replica_removed;
    ReplicaRef replica;
    friend bool operator==(const ReplicaRemoved&, const ReplicaRemoved&) = default;
};

struct Heartbeat {
    static constexpr MessageKind kKind = MessageKind::heartbeat;
    std::uint64_t sequence = 0;
    friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

struct HeartbeatAck {
    static constexpr MessageKind kKind = MessageKind::heartbeat_ack;
    std::uint64_t sequence = 0;
    // Version 2. For which the SC grants no lease: an SPU has shown that its record is old, so that
    // somebody else may lead. Always the current value.
    std::vector<PartitionRef> doubted;
    friend bool operator==(const HeartbeatAck&, const HeartbeatAck&) = default;
};

// SC to SPU, before an election: stop acknowledging in lower epochs, and say what you have.
struct ProbePartitions {
    static constexpr MessageKind kKind = MessageKind::probe_partitions;
    struct Entry {
        PartitionRef partition;
        LeaderEpoch epoch;
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    std::vector<Entry> partitions;
    friend bool operator==(const ProbePartitions&, const ProbePartitions&) = default;
};

// SPU to SC: what the rules of its replicas have to say.
struct ScMessages {
    static constexpr MessageKind kKind = MessageKind::sc_messages;
    struct Entry {
        PartitionRef partition;
        replication::ScMessage message;
        friend bool operator==(const Entry&, const Entry&) = default;
    };
    std::vector<Entry> messages;
    friend bool operator==(const ScMessages&, const ScMessages&) = default;
};

// ---- SPU and SPU

struct PeerHello {
    static constexpr MessageKind kKind = MessageKind::peer_hello;
    SpuId spu;
    Version version_min = kInternalVersionMin;
    Version version_max = kInternalVersionMax;
    friend bool operator==(const PeerHello&, const PeerHello&) = default;
};

struct PeerWelcome {
    static constexpr MessageKind kKind = MessageKind::peer_welcome;
    bool accepted = true;
    std::string message;
    Version version = kInternalHelloVersion;
    SpuId spu;
    friend bool operator==(const PeerWelcome&, const PeerWelcome&) = default;
};

struct FetchConsumerOffset {
    static constexpr MessageKind kKind = MessageKind::fetch_consumer_offset;
    ReplicaKey key;
    // As the caller knows it. A leader that knows another one answers topic_not_found, so that no
    // offset of a topic's former life is used.
    Uid topic_uid;
    std::string consumer_id;
    friend bool operator==(const FetchConsumerOffset&, const FetchConsumerOffset&) = default;
};

struct FetchConsumerOffsetReply {
    static constexpr MessageKind kKind = MessageKind::fetch_consumer_offset_reply;
    ApiError error;
    // Of the last consumed record; none stored: nullopt.
    std::optional<std::int64_t> offset;
    friend bool operator==(const FetchConsumerOffsetReply&,
                           const FetchConsumerOffsetReply&) = default;
};

struct UpdateConsumerOffset {
    static constexpr MessageKind kKind = MessageKind::update_consumer_offset;
    ReplicaKey key;
    Uid topic_uid;
    std::string consumer_id;
    std::int64_t offset = 0;
    friend bool operator==(const UpdateConsumerOffset&, const UpdateConsumerOffset&) = default;
};

struct UpdateConsumerOffsetReply {
    static constexpr MessageKind kKind = MessageKind::update_consumer_offset_reply;
    ApiError error;
    friend bool operator==(const UpdateConsumerOffsetReply&,
                           const UpdateConsumerOffsetReply&) = default;
};

struct DeleteConsumerOffset {
    static constexpr MessageKind kKind = MessageKind::delete_consumer_offset;
    ReplicaKey key;
    Uid topic_uid;
    std::string consumer_id;
    friend bool operator==(const DeleteConsumerOffset&, const DeleteConsumerOffset&) = default;
};

struct DeleteConsumerOffsetReply {
    static constexpr MessageKind kKind = MessageKind::delete_consumer_offset_reply;
    ApiError error;
    friend bool operator==(const DeleteConsumerOffsetReply&,
                           const DeleteConsumerOffsetReply&) = default;
};

// T is one of the messages above.
template <typename T>
Result<T> decode_message(Reader& reader, Version version);
template <typename T>
void encode_message(Writer& writer, const T& message, Version version);

#define WEIR_INTERNAL_MESSAGES(EACH) \
    EACH(RegisterSpu);               \
    EACH(Registered);                \
    EACH(Assignments);               \
    EACH(SpuReport);                 \
    EACH(ReplicaRemoved);            \
    EACH(Heartbeat);                 \
    EACH(HeartbeatAck);              \
    EACH(ProbePartitions);           \
    EACH(ScMessages);                \
    EACH(PeerHello);                 \
    EACH(PeerWelcome);               \
    EACH(FetchConsumerOffset);       \
    EACH(FetchConsumerOffsetReply);  \
    EACH(UpdateConsumerOffset);      \
    EACH(UpdateConsumerOffsetReply); \
    EACH(DeleteConsumerOffset);      \
    EACH(DeleteConsumerOffsetReply)
#define WEIR_INTERNAL_MESSAGE(T)                                   \
    extern template Result<T> decode_message<T>(Reader&, Version); \
    extern template void encode_message<T>(Writer&, const T&, Version)
WEIR_INTERNAL_MESSAGES(WEIR_INTERNAL_MESSAGE);
#undef WEIR_INTERNAL_MESSAGE

// A whole frame, length field included: what OutFrame::head takes. `into` is an empty buffer to
// build it in.
template <typename T>
Bytes message_frame(const T& message, Version version, CorrelationId correlation_id,
                    Bytes into = {}) {
    Writer writer(std::move(into));
    begin_frame(writer);
    InternalHeader header;
    header.kind = T::kKind;
    header.version = version;
    header.correlation_id = correlation_id;
    encode(writer, header);
    encode_message(writer, message, version);
    finish_frame(writer);
    return std::move(writer).take();
}

}  // namespace weir::wire::internal
