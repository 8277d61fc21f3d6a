// For tests: the SC's private port as a script. It accepts one SPU after another, registers each,
// and sends what `push` is given; it keeps what the SPUs report.
#pragma once

#include "core/env/env.h"
#include "core/rpc/frame.h"
#include "core/task/task_scope.h"
#include "core/wire/internal.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

namespace weir::test {

class FakeSc {
public:
    FakeSc(Env& env, HostPort bind)
        : env_(env), bind_(std::move(bind)), changed_(env.executor), scope_(env.executor) {}

    Result<void> start() {
        WEIR_TRY(listener_, env_.network.listen(bind_));
        scope_.spawn(accept_all());
        return {};
    }
    Task<void> close() { co_await scope_.close(); }

    // The state that a registering SPU gets in full, and that a registered one gets as a change.
    struct State {
        std::vector<wire::internal::ReplicaAssignment> replicas;
        std::vector<wire::internal::SpuAddress> spus;
        std::vector<wire::internal::TopicRef> topics;
        SpuId offsets_leader = SpuId(-1);
    };
    State state;

    static wire::internal::ReplicaAssignment replica(const std::string& topic,
                                                     std::uint32_t partition, std::uint64_t uid,
                                                     SpuId leader) {
        wire::internal::ReplicaAssignment assignment;
        assignment.key = {topic, partition};
        assignment.spec.leader = leader;
        assignment.spec.replicas = {leader};
        PartitionRecord& record = assignment.record;
        record.topic_uid = Uid{1, uid};
        record.partition = PartitionId(partition);
        record.replicas = {{leader, Uid{2, uid}}};
        record.leader = leader;
        record.leader_boot = BootEpoch(1);
        record.leader_epoch = LeaderEpoch(0);
        record.version = RecordVersion(1);
        record.lrs = {leader};
        record.phase = PartitionPhase::online;
        return assignment;
    }
    void add_topic(const std::string& topic, std::uint64_t uid, SpuId leader) {
        state.replicas.push_back(replica(topic, 0, uid, leader));
        state.topics.push_back({topic, Uid{1, uid}});
    }
    // Removes the topic from the state and tells the SPUs.
    void remove_topic(const std::string& topic) {
        wire::internal::Assignments change;
        std::erase_if(state.replicas, [&](const auto& assignment) {
            if (assignment.key.topic != topic) {
                return false;
            }
            change.removed_replicas.push_back({assignment.key, assignment.record.topic_uid});
            change.removed_topics.push_back({topic, assignment.record.topic_uid});
            return true;
        });
        std::erase_if(state.topics, [&](const auto& ref) { return ref.name == topic; });
        push(std::move(change));
    }
    void push(wire::internal::Assignments change) {
        change.offsets_leader = state.offsets_leader;
        for (auto& [session, outbox] : outboxes_) {
            outbox.push_back(change);
        }
        changed_.notify_all();
    }

    // Tells the SPUs of what was added to the state.
    void push_state() {
        wire::internal::Assignments change;
        change.replicas = state.replicas;
        change.topics = state.topics;
        push(std::move(change));
    }

    std::map<ReplicaKey, wire::internal::ReplicaReport> reports;
    std::vector<wire::internal::ReplicaRef> removed;
    // What the replicas have told, in order.
    std::vector<wire::internal::ScMessages::Entry> messages;
    int registration_count = 0;
    int heartbeat_count = 0;
    std::vector<Uid> storage_ids;
    std::vector<wire::internal::RegisterSpu> registrations;
    wire::internal::Registered terms;
    // Of each SPU, as of its last registration.
    std::map<SpuId, BootEpoch> boots;
    // Answered heartbeats are leases.
    bool answers_heartbeats = true;
    // But for these.
    std::vector<wire::internal::PartitionRef> doubted;
    // Records reach the SPUs.
    bool sends_assignments = true;
    Notifier& changed() { return changed_; }

    // Every SPU has to register again.
    void drop_sessions() {
        ++drop_count_;
        changed_.notify_all();
    }
    void push_probe(wire::internal::ProbePartitions probe) {
        probes_.push_back(std::move(probe));
        changed_.notify_all();
    }

private:
    static bool holds(const PartitionRecord& record, SpuId spu) {
        return std::any_of(record.replicas.begin(), record.replicas.end(),
                           [spu](const AssignedReplica& replica) { return replica.spu == spu; });
    }
    // As the SC does for a new process: a new boot epoch, and a new leader epoch where it leads.
    BootEpoch boot_of(const wire::internal::RegisterSpu& hello) {
        const auto [known, is_new] = boots_.try_emplace(hello.boot_id, boots_.size() + 1);
        boots[hello.spu] = BootEpoch(known->second);
        return boots[hello.spu];
    }
    void elect_again(PartitionRecord& record, SpuId spu, BootEpoch boot) {
        if (record.leader != spu || record.leader_boot == boot) {
            return;
        }
        record.leader_boot = boot;
        record.leader_epoch = LeaderEpoch(static_cast<std::int32_t>(boot.value()));
        record.version = RecordVersion(boot.value() + 1);
    }

    Task<void> accept_all() {
        const CancelToken token = scope_.token();
        while (true) {
            auto accepted = co_await listener_->accept(token);
            if (!accepted.has_value()) {
                co_return;
            }
            scope_.spawn(serve(*std::move(accepted)));
        }
    }

    Task<void> serve(std::unique_ptr<Connection> connection) {
        const Result<void> result = co_await serve_spu(*connection);
        WEIR_MAYBE(result.has_value());
    }

    Task<Result<void>> serve_spu(Connection& connection) {
        using namespace wire::internal;
        const CancelToken token = scope_.token();
        rpc::FrameReader reader(connection, rpc::FrameLimits{kInternalHeaderSize, 1U << 20});
        rpc::FrameWriter writer(connection, env_.executor);
        WEIR_CO_TRY(const std::optional<BufferSlice> hello_frame, co_await reader.next(token));
        if (!hello_frame.has_value()) {
            co_return Result<void>();
        }
        wire::Reader bytes(hello_frame->span());
        WEIR_CO_CHECK(decode_internal_header(bytes));
        WEIR_CO_TRY(const RegisterSpu hello, decode_message<RegisterSpu>(bytes, 1));
        ++registration_count;
        storage_ids.push_back(hello.storage_id);
        registrations.push_back(hello);
        Registered welcome = terms;
        welcome.boot = boot_of(hello);
        welcome.version = wire::internal::kInternalVersionMax;
        rpc::OutFrame frame;
        frame.head = message_frame(welcome, 1, CorrelationId(0));
        WEIR_CO_CHECK(co_await writer.send(std::move(frame), token));
        Assignments full;
        full.full = true;
        for (auto assignment : state.replicas) {
            if (holds(assignment.record, hello.spu)) {
                elect_again(assignment.record, hello.spu, welcome.boot);
                full.replicas.push_back(assignment);
            }
        }
        full.spus = state.spus;
        full.topics = state.topics;
        full.offsets_leader = state.offsets_leader;
        const int session = registration_count;
        std::deque<Assignments>& outbox = outboxes_[session];
        outbox.push_back(std::move(full));
        CancelSource end(token);
        TaskScope tasks(env_.executor, end.token());
        tasks.spawn(send_outbox(writer, outbox, end));
        const Result<void> received = co_await receive(reader, writer, end.token());
        co_await tasks.close();
        outboxes_.erase(session);
        co_return received;
    }

    Task<void> send_outbox(rpc::FrameWriter& writer,
                           std::deque<wire::internal::Assignments>& outbox, CancelSource& end) {
        std::uint64_t sequence = 0;
        const int drop_count = drop_count_;
        const auto has_work = [&] {
            return drop_count != drop_count_ || !probes_.empty() ||
                   (sends_assignments && !outbox.empty());
        };
        while (true) {
            while (!probes_.empty()) {
                rpc::OutFrame probe;
                probe.head = wire::internal::message_frame(
                    probes_.front(), wire::internal::kInternalVersionMax, CorrelationId(0));
                probes_.pop_front();
                const auto sent = co_await writer.send(std::move(probe), end.token());
                if (!sent.has_value()) {
                    co_return;
                }
            }
            while (!has_work()) {
                const auto waited = co_await changed_.wait(end.token());
                if (!waited.has_value()) {
                    co_return;
                }
            }
            if (drop_count != drop_count_) {
                end.cancel();
                co_return;
            }
            if (outbox.empty() || !sends_assignments) {
                continue;
            }
            wire::internal::Assignments next = std::move(outbox.front());
            outbox.pop_front();
            next.sequence = ++sequence;
            next.doubted = doubted;
            rpc::OutFrame frame;
            frame.head = wire::internal::message_frame(next, wire::internal::kInternalVersionMax,
                                                       CorrelationId(0));
            const auto sent = co_await writer.send(std::move(frame), end.token());
            if (!sent.has_value()) {
                co_return;
            }
        }
    }

    Task<Result<void>> receive(rpc::FrameReader& reader, rpc::FrameWriter& writer,
                               CancelToken token) {
        using namespace wire::internal;
        while (true) {
            WEIR_CO_TRY(const std::optional<BufferSlice> frame, co_await reader.next(token));
            if (!frame.has_value()) {
                co_return Result<void>();
            }
            wire::Reader bytes(frame->span());
            WEIR_CO_TRY(const InternalHeader header, decode_internal_header(bytes));
            if (header.kind == MessageKind::spu_report) {
                WEIR_CO_TRY(const SpuReport report,
                            decode_message<SpuReport>(bytes, wire::internal::kInternalVersionMax));
                for (const ReplicaReport& replica : report.replicas) {
                    reports.insert_or_assign(replica.key, replica);
                }
            } else if (header.kind == MessageKind::replica_removed) {
                WEIR_CO_TRY(
                    const ReplicaRemoved message,
                    decode_message<ReplicaRemoved>(bytes, wire::internal::kInternalVersionMax));
                removed.push_back(message.replica);
            } else if (header.kind == MessageKind::sc_messages) {
                WEIR_CO_TRY(const ScMessages told,
                            decode_message<ScMessages>(bytes, wire::internal::kInternalVersionMax));
                messages.insert(messages.end(), told.messages.begin(), told.messages.end());
            } else if (header.kind == MessageKind::heartbeat && answers_heartbeats) {
                WEIR_CO_TRY(const Heartbeat heartbeat,
                            decode_message<Heartbeat>(bytes, wire::internal::kInternalVersionMax));
                ++heartbeat_count;
                HeartbeatAck ack;
                ack.sequence = heartbeat.sequence;
                ack.doubted = doubted;
                rpc::OutFrame out;
                out.head =
                    message_frame(ack, wire::internal::kInternalVersionMax, CorrelationId(0));
                WEIR_CO_CHECK(co_await writer.send(std::move(out), token));
            }
            changed_.notify_all();
        }
    }

    Env& env_;
    HostPort bind_;
    std::unique_ptr<Listener> listener_;
    Notifier changed_;
    TaskScope scope_;
    int drop_count_ = 0;
    std::map<Uid, std::uint64_t> boots_;
    std::deque<wire::internal::ProbePartitions> probes_;
    // By registration: a new connection of an SPU may overlap with the end of the old one.
    std::map<int, std::deque<wire::internal::Assignments>> outboxes_;
};

}  // namespace weir::test
