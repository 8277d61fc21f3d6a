#include "core/spu/sc_link.h"

#include "core/base/mutant.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>

namespace weir::spu {

using namespace wire::internal;

namespace {

constexpr std::string_view kSoftware = "weir";
// An Assignments message lists every replica of the SPU.
constexpr std::uint32_t kFrameSizeMax = 64U << 20;
constexpr Duration kConnectTimeout = Duration::from_s(5);

template <typename T>
rpc::OutFrame frame_of(const T& message, wire::Version version, rpc::FrameWriter& writer) {
    rpc::OutFrame frame;
    frame.head = message_frame(message, version, CorrelationId(0), writer.take_spare());
    return frame;
}

}  // namespace

class ScLink::Session {
public:
    Session(ScLink& link, std::unique_ptr<Connection> connection)
        : link_(link),
          connection_(std::move(connection)),
          reader_(*connection_, rpc::FrameLimits{kInternalHeaderSize, kFrameSizeMax}),
          writer_(*connection_, link.context_.env.executor),
          last_heard_(link.context_.env.clock.now()) {}

    Task<Result<void>> run(CancelToken token);

private:
    Clock& clock() { return link_.context_.env.clock; }
    Executor& executor() { return link_.context_.env.executor; }

    Task<Result<void>> register_spu(CancelToken token);
    Task<Result<BufferSlice>> next_frame(CancelToken token);
    Task<void> receive(CancelSource& end);
    Result<void> handle(const BufferSlice& frame);
    Task<Result<void>> accept(Registered terms, Instant sent_at);
    Result<void> take_heartbeat_ack(wire::Reader& reader);
    Result<void> take_assignments(wire::Reader& reader);
    Result<void> take_probes(wire::Reader& reader);
    Task<void> send_messages(CancelSource& end);
    void extend_lease(Instant sent_at);
    // True when they are others than before.
    bool take_doubts(const std::vector<wire::internal::PartitionRef>& doubted);
    Task<void> send_reports(CancelSource& end);
    Task<void> send_heartbeats(CancelSource& end);
    Task<Result<void>> send_report(CancelToken token);
    void note_failure(const Error& error) {
        if (!failure_.has_value() && error.code != ErrorCode::cancelled) {
            failure_ = error;
        }
    }

    ScLink& link_;
    std::unique_ptr<Connection> connection_;
    rpc::FrameReader reader_;
    rpc::FrameWriter writer_;
    Registered terms_;
    Instant last_heard_;
    // When the newest request that the SC has answered was sent.
    Instant answered_at_;
    // Heartbeats that are not answered, oldest first.
    struct SentHeartbeat {
        std::uint64_t sequence = 0;
        Instant sent_at;
    };
    std::deque<SentHeartbeat> heartbeats_;
    std::uint64_t assignment_sequence_ = 0;
    // Somebody waits until every SPU knows a SmartModule.
    bool confirmation_due_ = false;
    std::optional<Error> failure_;
};

ScLink::ScLink(Context& context, ReplicaManager& replicas, IdentityFile& identity, Uid boot_id,
               Event* registered)
    : context_(context),
      replicas_(replicas),
      identity_(identity),
      boot_id_(boot_id),
      registered_(registered),
      logger_(context.logger("spu.sc_link")),
      cluster_changed_(context.env.executor) {}

Task<void> ScLink::run_link(CancelToken token) {
    Duration delay = context_.config.sc_retry_delay_min;
    std::string last_failure;
    const Result<void> opened = co_await replicas_.wait_opened(token);
    WEIR_MAYBE(opened.has_value());
    while (!token.cancelled()) {
        was_accepted_ = false;
        const Result<void> result = co_await connect_and_serve(token);
        if (token.cancelled()) {
            co_return;
        }
        const std::string failure =
            result.has_value() ? "the SC closed the connection" : to_string(result.error());
        // One line for each kind of failure, not for each attempt.
        if (failure != last_failure) {
            WEIR_LOG(logger_, warn, "SC {}: {}; trying again",
                     to_string(context_.config.sc_private), failure);
            last_failure = failure;
        }
        if (was_accepted_) {
            delay = context_.config.sc_retry_delay_min;
            last_failure.clear();
        }
        const Result<void> slept =
            co_await sleep_for(context_.env.clock, context_.env.executor, delay, token);
        if (!slept.has_value()) {
            co_return;
        }
        delay = std::min(delay * 2, context_.config.sc_retry_delay_max);
    }
}

Task<Result<void>> ScLink::connect_and_serve(CancelToken token) {
    std::unique_ptr<Connection> connection;
    {
        Deadline deadline(context_.env.clock, context_.env.clock.now() + kConnectTimeout, token);
        Result<std::unique_ptr<Connection>> connected =
            co_await context_.env.network.connect(context_.config.sc_private, deadline.token());
        if (!connected.has_value()) {
            co_return fail(deadline.translate(std::move(connected).error()));
        }
        connection = *std::move(connected);
    }
    Session session(*this, std::move(connection));
    co_return co_await session.run(token);
}

Task<Result<void>> ScLink::Session::run(CancelToken token) {
    {
        Deadline deadline(clock(), clock().now() + kConnectTimeout, token);
        const Result<void> registered = co_await register_spu(deadline.token());
        if (!registered.has_value()) {
            co_return fail(deadline.translate(registered.error()));
        }
    }
    link_.was_accepted_ = true;
    link_.replicas_.note_all();
    // Whichever task ends first ends the connection.
    CancelSource end(token);
    TaskScope scope(executor(), end.token());
    scope.spawn(receive(end));
    scope.spawn(send_reports(end));
    scope.spawn(send_messages(end));
    scope.spawn(send_heartbeats(end));
    co_await scope.join();
    if (failure_.has_value()) {
        co_return fail(*failure_);
    }
    co_return Result<void>();
}

Task<Result<BufferSlice>> ScLink::Session::next_frame(CancelToken token) {
    WEIR_CO_TRY(std::optional<BufferSlice> frame, co_await reader_.next(token));
    if (!frame.has_value()) {
        co_return fail(ErrorCode::connection_closed, "the SC closed the connection");
    }
    last_heard_ = clock().now();
    co_return *std::move(frame);
}

Task<Result<void>> ScLink::Session::register_spu(CancelToken token) {
    if (mutant(Mutant::lower_term_obeyed)) {
        link_.context_.terms.sc_epoch = ScEpoch();
    }
    RegisterSpu hello;
    hello.spu = link_.context_.config.id;
    hello.storage_id = link_.identity_.storage_id();
    hello.cluster_id = link_.identity_.cluster_id();
    hello.clean_boot = link_.identity_.clean_boot();
    hello.boot_id = link_.boot_id_;
    const BootEpoch boot = link_.context_.terms.boot;
    hello.boot = boot != kNoBoot ? boot : link_.identity_.last_boot();
    hello.replicas = link_.replicas_.stored();
    hello.software = std::string(kSoftware);
    hello.sc_epoch = link_.context_.terms.sc_epoch;
    rpc::OutFrame frame = frame_of(hello, kInternalHelloVersion, writer_);
    const Instant sent_at = clock().now();
    WEIR_CO_CHECK(co_await writer_.send(std::move(frame), token));
    WEIR_CO_TRY(const BufferSlice answer, co_await next_frame(token));
    wire::Reader reader(answer.span());
    WEIR_CO_TRY(const InternalHeader header, decode_internal_header(reader));
    if (header.kind != MessageKind::registered) {
        co_return fail(ErrorCode::malformed,
                       fmt::format("{} instead of an answer to the registration",
                                   wire::internal::to_string(header.kind)));
    }
    WEIR_CO_TRY(Registered terms, decode_message<Registered>(reader, kInternalHelloVersion));
    co_return co_await accept(std::move(terms), sent_at);
}

// Not before its cluster is known to be this one's: what follows makes the SPU delete.
Task<Result<void>> ScLink::Session::accept(Registered terms, Instant sent_at) {
    terms_ = std::move(terms);
    if (terms_.result != RegisterResult::accepted) {
        co_return fail(ErrorCode::unavailable,
                       fmt::format("the SC refused SPU {}: {}", link_.context_.config.id.value(),
                                   terms_.message));
    }
    IdentityFile& identity = link_.identity_;
    const bool is_first = identity.cluster_id() == Uid();
    if (!is_first && identity.cluster_id() != terms_.cluster_id) {
        co_return fail(ErrorCode::unavailable,
                       fmt::format("the data of SPU {} are of cluster {}, the SC's is {}",
                                   link_.context_.config.id.value(),
                                   to_string(identity.cluster_id()), to_string(terms_.cluster_id)));
    }
    if (terms_.sc_epoch < link_.context_.terms.sc_epoch) {
        co_return fail(ErrorCode::unavailable,
                       fmt::format("the SC is of term {}, and term {} has begun",
                                   terms_.sc_epoch.value(), link_.context_.terms.sc_epoch.value()));
    }
    const Result<void> kept =
        co_await identity.registered(terms_.cluster_id, terms_.sc_epoch, terms_.boot);
    if (!kept.has_value() && is_first) {
        co_return fail(kept.error());
    }
    if (!kept.has_value()) {
        // A disk that is full must not keep the SPU from serving what it has. While it runs it
        // knows.
        WEIR_LOG(link_.logger_, warn, "term {} is not kept on the disk: {}",
                 terms_.sc_epoch.value(), to_string(kept.error()));
    }
    link_.context_.terms.sc_epoch = terms_.sc_epoch;
    link_.context_.env.probe.tell(TermObeyed{terms_.boot, terms_.sc_epoch});
    link_.context_.terms.boot = terms_.boot;
    extend_lease(sent_at);
    co_return Result<void>();
}

// What this SPU leads may have another leader since its last connection: it has no lease until it
// has the records.
void ScLink::Session::extend_lease(Instant sent_at) {
    answered_at_ = sent_at;
    if (assignment_sequence_ == 0) {
        return;
    }
    Instant& lease_end = link_.context_.terms.lease_end;
    if (mutant(Mutant::lease_by_wall_clock)) {
        lease_end = Instant::from_ns(link_.context_.env.clock.wall_now().ns()) +
                    Duration::from_ms(terms_.lease_ms);
        return;
    }
    lease_end = std::max(lease_end, answered_at_ + Duration::from_ms(terms_.lease_ms));
}

bool ScLink::Session::take_doubts(const std::vector<wire::internal::PartitionRef>& doubted) {
    std::set<wire::internal::PartitionRef> next(doubted.begin(), doubted.end());
    std::swap(next, link_.context_.terms.doubted);
    return next != link_.context_.terms.doubted;
}

Task<void> ScLink::Session::receive(CancelSource& end) {
    while (true) {
        Result<BufferSlice> frame = co_await next_frame(end.token());
        Result<void> handled;
        if (frame.has_value()) {
            handled = handle(*frame);
        } else {
            handled = fail(std::move(frame).error());
        }
        if (!handled.has_value()) {
            note_failure(handled.error());
            end.cancel();
            co_return;
        }
    }
}

Result<void> ScLink::Session::handle(const BufferSlice& frame) {
    wire::Reader reader(frame.span());
    WEIR_TRY(const InternalHeader header, decode_internal_header(reader));
    if (header.kind == MessageKind::heartbeat_ack) {
        return take_heartbeat_ack(reader);
    }
    if (header.kind == MessageKind::assignments) {
        return take_assignments(reader);
    }
    if (header.kind == MessageKind::probe_partitions) {
        return take_probes(reader);
    }
    return fail(ErrorCode::malformed,
                fmt::format("unexpected {} from the SC", wire::internal::to_string(header.kind)));
}

Result<void> ScLink::Session::take_heartbeat_ack(wire::Reader& reader) {
    WEIR_TRY(HeartbeatAck ack, decode_message<HeartbeatAck>(reader, terms_.version));
    if (assignment_sequence_ == 0) {
        // What another connection has said to be in doubt is so until there are records of this
        // one: the lease may be from before, and this SC may not have heard what that one had.
        const auto& known = link_.context_.terms.doubted;
        ack.doubted.insert(ack.doubted.end(), known.begin(), known.end());
    }
    if (take_doubts(ack.doubted)) {
        link_.replicas_.doubts_changed();
    }
    while (!heartbeats_.empty() && heartbeats_.front().sequence <= ack.sequence) {
        if (heartbeats_.front().sequence == ack.sequence) {
            extend_lease(heartbeats_.front().sent_at);
        }
        heartbeats_.pop_front();
    }
    return {};
}

Result<void> ScLink::Session::take_probes(wire::Reader& reader) {
    WEIR_TRY(const ProbePartitions probes, decode_message<ProbePartitions>(reader, terms_.version));
    for (const ProbePartitions::Entry& entry : probes.partitions) {
        const std::shared_ptr<Replica> replica = link_.replicas_.find(entry.partition);
        if (replica != nullptr) {
            replica->probe(entry.epoch);
        }
    }
    return {};
}

Result<void> ScLink::Session::take_assignments(wire::Reader& reader) {
    WEIR_TRY(const Assignments change, decode_message<Assignments>(reader, terms_.version));
    if (change.sequence != assignment_sequence_ + 1 ||
        (assignment_sequence_ == 0 && !change.full)) {
        return fail(ErrorCode::malformed,
                    fmt::format("assignments {} after {}", change.sequence, assignment_sequence_));
    }
    assignment_sequence_ = change.sequence;
    link_.context_.cluster.apply(change);
    const bool doubts_changed = take_doubts(change.doubted);
    link_.replicas_.apply(change);
    if (doubts_changed) {
        link_.replicas_.doubts_changed();
    }
    extend_lease(answered_at_);
    link_.cluster_changed_.notify_all();
    if (change.smartmodules.has_value()) {
        confirmation_due_ = true;
        link_.replicas_.report_due().notify_all();
    }
    if (link_.registered_ != nullptr) {
        link_.registered_->set();
    }
    return {};
}

Task<void> ScLink::Session::send_reports(CancelSource& end) {
    const Duration interval = Duration::from_ms(terms_.report_interval_ms);
    while (true) {
        while (!link_.replicas_.has_report() && !confirmation_due_) {
            const Result<void> due = co_await link_.replicas_.report_due().wait(end.token());
            if (!due.has_value()) {
                co_return;
            }
        }
        if (link_.context_.env.probe.fault(FaultPoint::spu_report_all)) {
            link_.replicas_.note_all();
        }
        const Result<void> sent = co_await send_report(end.token());
        if (!sent.has_value()) {
            note_failure(sent.error());
            end.cancel();
            co_return;
        }
        // Offsets change all the time and are told at this pace. What somebody waits for (a
        // partition that is led, a module that is there) is told at once.
        Deadline turn(clock(), clock().now() + interval, end.token());
        while (!link_.replicas_.has_news() && !confirmation_due_ && !turn.token().cancelled()) {
            static_cast<void>(co_await link_.replicas_.report_due().wait(turn.token()));
        }
        if (end.token().cancelled()) {
            co_return;
        }
    }
}

Task<Result<void>> ScLink::Session::send_report(CancelToken token) {
    SpuReport report;
    report.assignment_sequence = assignment_sequence_;
    report.replicas = link_.replicas_.take_reports();
    if (!report.replicas.empty() || confirmation_due_) {
        confirmation_due_ = false;
        writer_.enqueue(frame_of(report, terms_.version, writer_));
    }
    std::vector<ReplicaRef> removed = link_.replicas_.take_removed();
    for (const ReplicaRef& ref : removed) {
        ReplicaRemoved message;
        message.replica = ref;
        writer_.enqueue(frame_of(message, terms_.version, writer_));
    }
    const Result<void> sent = co_await writer_.flush(token);
    if (!sent.has_value()) {
        link_.replicas_.return_removed(std::move(removed));
    }
    co_return sent;
}

Task<void> ScLink::Session::send_messages(CancelSource& end) {
    ScOutbox& outbox = link_.context_.sc_outbox;
    while (true) {
        if (outbox.empty()) {
            const Result<void> due = co_await outbox.due().wait(end.token());
            if (!due.has_value()) {
                co_return;
            }
            // What the turn brings goes into one frame.
            co_await turn_end(executor());
            continue;
        }
        rpc::OutFrame frame = frame_of(outbox.take(), terms_.version, writer_);
        const Result<void> sent = co_await writer_.send(std::move(frame), end.token());
        if (!sent.has_value()) {
            note_failure(sent.error());
            end.cancel();
            co_return;
        }
    }
}

Task<void> ScLink::Session::send_heartbeats(CancelSource& end) {
    const Duration interval = Duration::from_ms(terms_.heartbeat_interval_ms);
    const Duration timeout = Duration::from_ms(terms_.heartbeat_timeout_ms);
    Heartbeat heartbeat;
    while (true) {
        const Result<void> slept = co_await sleep_for(clock(), executor(), interval, end.token());
        if (!slept.has_value()) {
            co_return;
        }
        Result<void> sent;
        Probe& probe = link_.context_.env.probe;
        if (probe.fault(FaultPoint::spu_heartbeat_extra)) {
            ++heartbeat.sequence;
            heartbeats_.push_back({heartbeat.sequence, clock().now()});
            writer_.enqueue(frame_of(heartbeat, terms_.version, writer_));
        }
        if (clock().now() - last_heard_ > timeout) {
            sent = fail(ErrorCode::timed_out, "nothing heard from the SC");
        } else if (probe.fault(FaultPoint::spu_link_dropped)) {
            sent = fail(ErrorCode::unavailable, "opened anew");
        } else {
            ++heartbeat.sequence;
            heartbeats_.push_back({heartbeat.sequence, clock().now()});
            rpc::OutFrame frame = frame_of(heartbeat, terms_.version, writer_);
            sent = co_await writer_.send(std::move(frame), end.token());
        }
        if (!sent.has_value()) {
            note_failure(sent.error());
            end.cancel();
            co_return;
        }
    }
}

}  // namespace weir::spu
