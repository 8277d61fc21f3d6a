#include "core/sc/spu_session.h"

#include "core/base/mutant.h"
#include "core/control/live_sets.h"
#include "core/env/dawdle.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::sc {

namespace {

using namespace wire::internal;
using wire::Reader;

rpc::FrameLimits session_limits() {
    rpc::FrameLimits limits;
    limits.payload_size_min = kInternalHeaderSize;
    // A report of every partition of an SPU at once.
    limits.payload_size_max = 64U << 20;
    return limits;
}

ReplicaRef ref_of(const ReplicaAssignment& assignment) {
    ReplicaRef ref;
    ref.key = assignment.key;
    ref.topic_uid = assignment.record.topic_uid;
    return ref;
}

ReplicaAssignment assignment_of(const PartitionTable::Entry& entry) {
    ReplicaAssignment assignment;
    assignment.key = entry.extra.key;
    assignment.record = entry.extra.record;
    assignment.spec = entry.object.spec;
    return assignment;
}

SpuAddress address_of(const SpuTable::Entry& entry) {
    SpuAddress address;
    address.id = entry.object.spec.id;
    address.name = entry.object.name;
    address.private_host = entry.object.spec.private_endpoint.host;
    address.private_port = entry.object.spec.private_endpoint.port;
    address.online = entry.object.status.resolution == SpuResolution::online;
    return address;
}

bool says_nothing(const Assignments& message) {
    return !message.full && message.removed_replicas.empty() && message.replicas.empty() &&
           message.removed_spus.empty() && message.spus.empty() && message.removed_topics.empty() &&
           message.topics.empty() && !message.smartmodules.has_value();
}

std::uint32_t milliseconds(Duration duration) {
    return static_cast<std::uint32_t>(std::max<std::int64_t>(1, duration.ms()));
}

}  // namespace

SpuSession::SpuSession(Services& services, Connection& connection, CancelToken token)
    : services_(services),
      connection_(connection),
      log_(services.context.env.log, "sc.private"),
      scope_(services.context.env.executor, token),
      reader_(connection, session_limits()),
      writer_(connection, services.context.env.executor),
      partitions_(services.context.catalog.partitions),
      topics_(services.context.catalog.topics),
      spus_(services.context.catalog.spus),
      smartmodules_(services.context.catalog.smartmodules) {}

Task<void> SpuSession::run() {
    const Result<void> served = co_await serve();
    if (!served.has_value() && served.error().code != ErrorCode::cancelled) {
        WEIR_LOG(log_, info, "{} (spu {}): {}", connection_.peer(),
                 spu_.has_value() ? spu_->value() : -1, to_string(served.error()));
    }
    co_await scope_.close();
    if (spu_.has_value()) {
        services_.spus.detach(*spu_, *this);
    }
}

Task<Result<BufferSlice>> SpuSession::read_frame() {
    Clock& clock = services_.context.env.clock;
    const Duration timeout = mutant(Mutant::silent_peer_kept)
                                 ? Duration::from_s(1'000'000)
                                 : services_.context.config.spu_heartbeat_timeout;
    Deadline deadline(clock, clock.now() + timeout, scope_.token());
    Result<std::optional<BufferSlice>> frame = co_await reader_.next(deadline.token());
    if (!frame.has_value()) {
        co_return fail(deadline.translate(frame.error()));
    }
    if (!frame->has_value()) {
        co_return fail(ErrorCode::connection_closed, "the SPU has closed the connection");
    }
    co_return **std::move(frame);
}

Task<Result<void>> SpuSession::flush() {
    Clock& clock = services_.context.env.clock;
    Deadline deadline(clock, clock.now() + services_.context.config.spu_heartbeat_timeout,
                      scope_.token());
    const Result<void> flushed = co_await writer_.flush(deadline.token());
    if (!flushed.has_value()) {
        co_return fail(deadline.translate(flushed.error()));
    }
    co_return Result<void>();
}

template <typename T>
void SpuSession::enqueue(const T& message, CorrelationId correlation_id) {
    rpc::OutFrame frame;
    frame.head = message_frame(message, version_, correlation_id, writer_.take_spare());
    writer_.enqueue(std::move(frame));
}

Task<Result<void>> SpuSession::register_spu() {
    WEIR_CO_TRY(const BufferSlice frame, co_await read_frame());
    Reader reader(frame.span());
    WEIR_CO_TRY(const InternalHeader header, decode_internal_header(reader));
    if (header.kind != MessageKind::register_spu) {
        co_return fail(ErrorCode::malformed,
                       fmt::format("{} before the registration", to_string(header.kind)));
    }
    WEIR_CO_TRY(const RegisterSpu request,
                decode_message<RegisterSpu>(reader, kInternalHelloVersion));
    const Config& config = services_.context.config;
    const Instant heard = services_.context.env.clock.now();
    const auto version = choose_internal_version(request.version_min, request.version_max);
    Registered answer;
    if (version.has_value()) {
        answer = co_await services_.registration.admit(request, scope_.token());
        if (!may_lease(heard) && answer.result == RegisterResult::accepted) {
            answer.result = RegisterResult::unavailable;
            answer.message = "whether the term of this SC lasts is not known";
        }
    } else {
        answer.result = RegisterResult::version_mismatch;
        answer.message = fmt::format("versions {} to {} are spoken here", kInternalVersionMin,
                                     kInternalVersionMax);
    }
    answer.version = version.value_or(kInternalHelloVersion);
    answer.lease_ms = milliseconds(lease_of(config.spu_heartbeat_timeout));
    answer.heartbeat_interval_ms = milliseconds(config.spu_heartbeat_interval);
    answer.heartbeat_timeout_ms = milliseconds(config.spu_heartbeat_timeout);
    answer.report_interval_ms = milliseconds(config.spu_report_interval);
    const bool accepted = answer.result == RegisterResult::accepted;
    if (accepted) {
        // At once, while what was checked still holds.
        spu_ = request.spu;
        services_.spus.attach(request.spu, *this);
    }
    enqueue(answer, header.correlation_id);
    WEIR_CO_CHECK(co_await flush());
    version_ = answer.version;
    if (!accepted) {
        co_return fail(ErrorCode::permission_denied,
                       fmt::format("spu {} refused: {}", request.spu.value(), answer.message));
    }
    WEIR_LOG(log_, info, "spu {} is online from {} ({}, boot {})", request.spu.value(),
             connection_.peer(), request.software, to_string(request.boot_id));
    co_return Result<void>();
}

Task<Result<void>> SpuSession::serve() {
    WEIR_CO_CHECK(co_await register_spu());
    scope_.spawn(push_assignments());
    while (true) {
        WEIR_CO_TRY(const BufferSlice frame, co_await read_frame());
        // Another connection of the same SPU may have taken over while this one waited.
        if (!services_.spus.attached(*spu_, *this)) {
            co_return fail(ErrorCode::unavailable, "replaced by a newer connection");
        }
        if (services_.context.env.probe.fault(FaultPoint::sc_session_dropped)) {
            co_return fail(ErrorCode::unavailable, "opened anew");
        }
        WEIR_CO_CHECK(take(frame));
        if (writer_.queued_size_bytes() > 0) {
            WEIR_CO_CHECK(co_await flush());
        }
    }
}

Result<void> SpuSession::take(const BufferSlice& frame) {
    Reader reader(frame.span());
    WEIR_TRY(const InternalHeader header, decode_internal_header(reader));
    if (header.kind == MessageKind::spu_report) {
        WEIR_TRY(const SpuReport report, decode_message<SpuReport>(reader, header.version));
        services_.reports.report(*spu_, report);
        note_applied(report.assignment_sequence);
        return Result<void>();
    }
    if (header.kind == MessageKind::heartbeat) {
        WEIR_TRY(const Heartbeat heartbeat, decode_message<Heartbeat>(reader, header.version));
        services_.spus.heard(*spu_);
        if (services_.context.doubts.all) {
            // As at a registration: what it leads by these metadata others may lead by newer ones.
            return fail(ErrorCode::unavailable, "the metadata are older than the cluster");
        }
        if (!may_lease(services_.context.env.clock.now())) {
            return Result<void>();
        }
        HeartbeatAck ack;
        ack.sequence = heartbeat.sequence;
        ack.doubted = doubted_until_told();
        enqueue(ack, CorrelationId());
        return Result<void>();
    }
    if (header.kind == MessageKind::sc_messages) {
        WEIR_TRY(const ScMessages messages, decode_message<ScMessages>(reader, header.version));
        services_.partitions.take(*spu_, messages);
        return Result<void>();
    }
    if (header.kind == MessageKind::replica_removed) {
        WEIR_TRY(const ReplicaRemoved removed,
                 decode_message<ReplicaRemoved>(reader, header.version));
        WEIR_LOG(log_, debug, "spu {} has removed {}", spu_->value(),
                 to_string(removed.replica.key));
        return Result<void>();
    }
    return fail(ErrorCode::malformed, fmt::format("{} is not for the SC", to_string(header.kind)));
}

bool SpuSession::may_lease(Instant heard) const {
    const Context& context = services_.context;
    return context.store.may_lease(heard, context.config.spu_heartbeat_timeout);
}

void SpuSession::note_applied(std::uint64_t sequence) {
    while (!smartmodules_sent_.empty() && smartmodules_sent_.front().sequence <= sequence) {
        smartmodules_applied_ = smartmodules_sent_.front().epoch;
        smartmodules_sent_.pop_front();
        // Whoever has created one waits for this.
        services_.context.catalog.notify();
    }
}

void SpuSession::add_replicas(Assignments& message) {
    const PartitionTable::Delta delta = partitions_.look();
    for (const auto* removed : delta.removed) {
        const auto sent = sent_replicas_.find(removed->object.name);
        if (sent != sent_replicas_.end() &&
            sent->second.record.topic_uid == removed->extra.topic_uid()) {
            message.removed_replicas.push_back(ref_of(sent->second));
            sent_replicas_.erase(sent);
        }
    }
    for (const auto* entry : delta.updated) {
        const bool mine = control::assigned_uid(entry->extra.record, *spu_).has_value();
        const auto sent = sent_replicas_.find(entry->object.name);
        if (!mine) {
            if (sent != sent_replicas_.end()) {
                message.removed_replicas.push_back(ref_of(sent->second));
                sent_replicas_.erase(sent);
            }
            continue;
        }
        ReplicaAssignment assignment = assignment_of(*entry);
        if (sent != sent_replicas_.end() && sent->second == assignment) {
            continue;
        }
        message.replicas.push_back(assignment);
        sent_replicas_.insert_or_assign(entry->object.name, std::move(assignment));
    }
    partitions_.advance();
    std::sort(message.replicas.begin(), message.replicas.end(),
              [](const auto& a, const auto& b) { return a.key < b.key; });
    std::sort(message.removed_replicas.begin(), message.removed_replicas.end());
}

void SpuSession::add_topics(Assignments& message) {
    const TopicTable::Delta delta = topics_.look();
    for (const auto* removed : delta.removed) {
        const auto sent = sent_topics_.find(removed->object.name);
        if (sent != sent_topics_.end() && sent->second == removed->extra.uid) {
            TopicRef ref;
            ref.name = sent->first;
            ref.uid = sent->second;
            message.removed_topics.push_back(std::move(ref));
            sent_topics_.erase(sent);
        }
    }
    for (const auto* entry : delta.updated) {
        const auto [sent, inserted] =
            sent_topics_.try_emplace(entry->object.name, entry->extra.uid);
        // A topic keeps its uid for life, and its end has been seen above.
        WEIR_ASSERT(inserted || sent->second == entry->extra.uid);
        if (inserted) {
            TopicRef ref;
            ref.name = sent->first;
            ref.uid = sent->second;
            message.topics.push_back(std::move(ref));
        }
    }
    topics_.advance();
    std::sort(message.topics.begin(), message.topics.end());
    std::sort(message.removed_topics.begin(), message.removed_topics.end());
}

void SpuSession::add_spus(Assignments& message) {
    const SpuTable::Delta delta = spus_.look();
    for (const auto* removed : delta.removed) {
        if (sent_spus_.erase(removed->object.spec.id) > 0) {
            message.removed_spus.push_back(removed->object.spec.id);
        }
    }
    for (const auto* entry : delta.updated) {
        SpuAddress address = address_of(*entry);
        const auto sent = sent_spus_.find(address.id);
        if (sent == sent_spus_.end() || sent->second != address) {
            message.spus.push_back(address);
            sent_spus_.insert_or_assign(address.id, std::move(address));
        }
    }
    spus_.advance();
}

void SpuSession::add_smartmodules(Assignments& message) {
    if (!smartmodules_.behind()) {
        return;
    }
    message.smartmodules.emplace();
    for (const auto& [name, entry] : services_.context.catalog.smartmodules.entries()) {
        message.smartmodules->push_back(name);
    }
    smartmodules_.advance();
}

SpuId SpuSession::offsets_leader() const {
    ReplicaKey key;
    key.topic = kConsumerOffsetTopic;
    const PartitionTable::Entry* entry = services_.context.catalog.partitions.find(to_string(key));
    return entry == nullptr ? SpuId(-1) : entry->object.spec.leader;
}

std::vector<PartitionRef> SpuSession::doubted() const {
    std::vector<PartitionRef> partitions;
    if (mutant(Mutant::doubted_leader_keeps_lease)) {
        return partitions;
    }
    const Doubts& doubts = services_.context.doubts;
    const auto add = [&partitions](const control::PartitionRef& ref) {
        PartitionRef& partition = partitions.emplace_back();
        partition.topic_uid = ref.topic_uid;
        partition.partition = ref.partition;
    };
    for (const control::PartitionRef& ref : doubts.partitions) {
        add(ref);
    }
    for (const auto* of : {&doubts.emptied, &doubts.unlisted}) {
        for (const auto& [ref, spu] : *of) {
            add(ref);
        }
    }
    return partitions;
}

// A doubt begins at once, and ends with the record that ends it: by the one before nobody is to be
// led any more.
std::vector<PartitionRef> SpuSession::doubted_until_told() const {
    std::vector<PartitionRef> all = doubted();
    for (const PartitionRef& told : told_doubted_) {
        if (std::find(all.begin(), all.end(), told) == all.end()) {
            all.push_back(told);
        }
    }
    return all;
}

Assignments SpuSession::next_assignments() {
    Assignments message;
    message.full = sequence_ == 0;
    add_replicas(message);
    add_topics(message);
    add_spus(message);
    add_smartmodules(message);
    message.offsets_leader = offsets_leader();
    message.doubted = doubted();
    return message;
}

void SpuSession::probe(const ProbePartitions& message) {
    for (const ProbePartitions::Entry& entry : message.partitions) {
        probes_.insert_or_assign(entry.partition, entry.epoch);
    }
    services_.context.catalog.notify();
}

// After the assignments that were made before it: a newer record lifts what a probe forbids.
void SpuSession::enqueue_probes() {
    if (probes_.empty()) {
        return;
    }
    ProbePartitions message;
    for (const auto& [partition, epoch] : probes_) {
        ProbePartitions::Entry entry;
        entry.partition = partition;
        entry.epoch = epoch;
        message.partitions.push_back(entry);
    }
    probes_.clear();
    enqueue(message, CorrelationId());
}

Task<void> SpuSession::push_assignments() {
    Catalog& catalog = services_.context.catalog;
    while (!scope_.token().cancelled()) {
        const bool behind = partitions_.behind() || topics_.behind() || spus_.behind() ||
                            smartmodules_.behind() || doubted() != told_doubted_;
        // With the first records its lease begins: until then it has the one from before.
        const bool is_held =
            sequence_ == 0 && services_.context.beginning.may_be_deposed(*spu_, catalog.partitions);
        if ((!behind && probes_.empty()) || is_held) {
            const Result<void> waited = co_await catalog.changed().wait(scope_.token());
            if (!waited.has_value()) {
                break;
            }
            continue;
        }
        if (services_.context.env.probe.fault(FaultPoint::sc_assignments_late)) {
            co_await dawdle(services_.context.env, scope_.token());
            continue;
        }
        Assignments message = next_assignments();
        if (!says_nothing(message) || message.offsets_leader != sent_offsets_leader_ ||
            message.doubted != told_doubted_) {
            sent_offsets_leader_ = message.offsets_leader;
            told_doubted_ = message.doubted;
            message.sequence = ++sequence_;
            if (message.smartmodules.has_value()) {
                const std::uint64_t epoch = catalog.smartmodules.epoch();
                smartmodules_sent_.push_back({message.sequence, epoch});
            }
            enqueue(message, CorrelationId());
        }
        enqueue_probes();
        if (writer_.queued_size_bytes() == 0) {
            continue;
        }
        const Result<void> flushed = co_await flush();
        if (!flushed.has_value()) {
            // Ends the reading task, too.
            scope_.cancel();
            break;
        }
    }
}

Task<void> serve_spu(Services& services, std::unique_ptr<Connection> connection,
                     CancelToken token) {
    SpuSession session(services, *connection, token);
    co_await session.run();
}

}  // namespace weir::sc
