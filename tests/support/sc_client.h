// A scripted client of an SC and a scripted SPU, for tests of the SC in the simulator: they speak
// the wire by hand, so that a test sees the frames in their order.
#pragma once

#include "core/env/env.h"
#include "core/replication/messages.h"
#include "core/rpc/frame.h"
#include "core/task/task_scope.h"
#include "core/wire/api_versions.h"
#include "core/wire/control_plane.h"
#include "core/wire/header.h"
#include "core/wire/internal.h"
#include "core/wire/own_api.h"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace weir::test {

// One connection to the public port. Responses are taken in the order in which they come.
class ScClient {
public:
    struct Response {
        std::int32_t id = 0;
        BufferSlice body;
    };

    static Task<Result<std::unique_ptr<ScClient>>> connect(Env& env, HostPort address) {
        WEIR_CO_TRY(std::unique_ptr<Connection> connection,
                    co_await env.network.connect(std::move(address), CancelToken()));
        co_return std::make_unique<ScClient>(env, std::move(connection));
    }

    ScClient(Env& env, std::unique_ptr<Connection> connection)
        : env_(env),
          connection_(std::move(connection)),
          reader_(*connection_, rpc::FrameLimits()),
          writer_(*connection_, env.executor) {}

    wire::Version version = 19;

    template <typename Request>
    Task<Result<std::int32_t>> send(wire::ScApi api, Request request) {
        wire::RequestHeader header;
        header.api_key = static_cast<std::uint16_t>(api);
        header.api_version = api == wire::ScApi::api_versions ? wire::Version(2) : version;
        header.correlation_id = CorrelationId(++last_id_);
        header.client_id = "test";
        wire::Writer writer;
        wire::begin_request(writer, header);
        wire::encode(writer, request, header.api_version);
        wire::finish_frame(writer);
        rpc::OutFrame frame;
        frame.head = std::move(writer).take();
        WEIR_CO_CHECK(co_await writer_.send(std::move(frame), CancelToken()));
        co_return last_id_;
    }

    Task<Result<void>> send_bytes(Bytes bytes) {
        rpc::OutFrame frame;
        frame.head = std::move(bytes);
        co_return co_await writer_.send(std::move(frame), CancelToken());
    }

    // timed_out after `limit`; connection_closed at the end of the stream.
    Task<Result<Response>> receive(Duration limit = Duration::from_s(60)) {
        Deadline deadline(env_.clock, env_.clock.now() + limit);
        Result<std::optional<BufferSlice>> frame = co_await reader_.next(deadline.token());
        if (!frame.has_value()) {
            co_return fail(deadline.translate(frame.error()));
        }
        if (!frame->has_value()) {
            co_return fail(ErrorCode::connection_closed, "end of the stream");
        }
        wire::Reader reader((*frame)->span());
        WEIR_CO_TRY(const CorrelationId id, wire::decode_response_header(reader));
        Response response;
        response.id = id.value();
        response.body = (*frame)->sub(reader.position(), reader.remaining());
        co_return response;
    }

    // Takes responses, watch updates among them, until the one of `id`; the others are dropped.
    Task<Result<BufferSlice>> receive_for(std::int32_t id) {
        while (true) {
            WEIR_CO_TRY(Response response, co_await receive());
            if (response.id == id) {
                co_return std::move(response.body);
            }
            passed_.push_back(std::move(response));
        }
    }

    template <typename Request>
    Task<Result<wire::Status>> call(wire::ScApi api, Request request) {
        WEIR_CO_TRY(const std::int32_t id, co_await send(api, std::move(request)));
        WEIR_CO_TRY(const BufferSlice body, co_await receive_for(id));
        wire::Reader reader(body.span());
        co_return wire::decode_status(reader, version);
    }

    // One of our own requests.
    template <typename Request>
    Task<Result<BufferSlice>> call_own(wire::OwnApi api, Request request) {
        version = wire::kOwnVersionMax;
        const auto sent = co_await send(wire::ScApi(api), std::move(request));
        version = 19;
        WEIR_CO_TRY(const std::int32_t id, sent);
        co_return co_await receive_for(id);
    }

    Task<Result<wire::Operated>> operate(wire::Operate request) {
        WEIR_CO_TRY(const BufferSlice body,
                    co_await call_own(wire::OwnApi::operate, std::move(request)));
        wire::Reader reader(body.span());
        co_return wire::decode_operated(reader, wire::kOwnVersionMax);
    }

    Task<Result<wire::ListResponse>> list(ObjectKind kind, bool system) {
        wire::ListRequest request;
        request.kind = kind;
        request.system = system;
        WEIR_CO_TRY(const std::int32_t id, co_await send(wire::ScApi::list, request));
        WEIR_CO_TRY(const BufferSlice body, co_await receive_for(id));
        wire::Reader reader(body.span());
        co_return wire::decode_list_response(reader, version);
    }

    Task<Result<wire::Status>> create_topic(std::string name, std::uint32_t partitions,
                                            std::uint32_t replication = 1) {
        ComputedReplicas replicas;
        replicas.partition_count = partitions;
        replicas.replication_factor = replication;
        TopicSpec spec;
        spec.replicas = replicas;
        wire::CreateRequest request;
        request.name = std::move(name);
        request.spec = std::move(spec);
        co_return co_await call(wire::ScApi::create, std::move(request));
    }

    Task<Result<wire::Status>> delete_topic(std::string name, bool force = false) {
        wire::DeleteRequest request;
        wire::DeleteTarget target;
        target.key = std::move(name);
        request.target = std::move(target);
        request.force = force;
        co_return co_await call(wire::ScApi::remove, std::move(request));
    }

    Task<Result<wire::Status>> register_spu(std::int32_t id) {
        CustomSpuSpec spec;
        spec.id = SpuId(id);
        spec.public_endpoint.port = 9010;
        spec.public_endpoint.ingress.resize(1);
        spec.public_endpoint.ingress[0].hostname = "spu";
        wire::CreateRequest request;
        request.name = "custom-spu-" + std::to_string(id);
        request.spec = std::move(spec);
        co_return co_await call(wire::ScApi::create, std::move(request));
    }

    Task<Result<std::int32_t>> watch(ObjectKind kind) {
        wire::WatchRequest request;
        request.kind = kind;
        co_return co_await send(wire::ScApi::watch, request);
    }

    // What receive_for() passed over, oldest first.
    std::vector<Response>& passed() { return passed_; }

private:
    Env& env_;
    std::unique_ptr<Connection> connection_;
    rpc::FrameReader reader_;
    rpc::FrameWriter writer_;
    std::int32_t last_id_ = 0;
    std::vector<Response> passed_;
};

// What a scripted SPU was told, for the test to look at, and what is on its disk.
struct FakeSpuState {
    wire::internal::Registered registered;
    std::map<ReplicaKey, wire::internal::ReplicaAssignment> replicas;
    std::map<std::string, Uid> topics;
    std::map<SpuId, wire::internal::SpuAddress> spus;
    std::vector<std::string> smartmodules;
    std::vector<wire::internal::ReplicaRef> removed;
    SpuId offsets_leader = SpuId(-1);
    std::uint64_t sequence = 0;
    std::uint64_t acks = 0;
    // Of the last answer to a heartbeat.
    std::vector<wire::internal::PartitionRef> doubted;
    std::uint64_t sessions = 0;
    std::uint64_t probes = 0;

    // Survives the process.
    std::map<ReplicaKey, wire::internal::StoredReplica> disk;
    std::uint64_t boots = 0;
    BootEpoch clean_boot;
    // To be sent soon.
    std::vector<wire::internal::ScMessages> outbox;

    const PartitionRecord& record(const ReplicaKey& key) const { return replicas.at(key).record; }
    void say(const ReplicaKey& key, replication::ScMessage message) {
        wire::internal::ScMessages messages;
        wire::internal::ScMessages::Entry entry;
        entry.partition.topic_uid = record(key).topic_uid;
        entry.partition.partition = record(key).partition;
        entry.message = std::move(message);
        messages.messages.push_back(std::move(entry));
        outbox.push_back(std::move(messages));
    }
};

struct FakeSpuOptions {
    HostPort sc;
    std::int32_t id = 0;
    Uid storage_id = {1, 1};
    // What it says about the replicas that it leads, and about all of them in a probe.
    std::int64_t leo = 0;
    // Entered by all of its replicas; kNoEpoch: they were never led.
    LeaderEpoch last_epoch = LeaderEpoch(0);
    // Says that it leads, by a message and by a report.
    bool reports = true;
    // Says so when it has got SmartModules.
    bool confirms = true;
    bool answers_probes = true;
    // So long after the question.
    Duration answers_after;
    // Opens a connection again when one ends, as one process.
    bool reconnects = false;
};

// Registers, takes assignments, reports what it leads as online, until stopped or refused.
class FakeSpu {
public:
    FakeSpu(Env& env, FakeSpuOptions options, FakeSpuState* state)
        : env_(env), options_(std::move(options)), state_(state) {
        ++state_->boots;
    }

    Task<Result<void>> run(CancelToken stop) {
        Result<void> ended = co_await session(stop);
        while (options_.reconnects && !stop.cancelled()) {
            const Result<void> slept =
                co_await sleep_for(env_.clock, env_.executor, Duration::from_ms(50), stop);
            static_cast<void>(slept);
            ended = co_await session(stop);
        }
        co_return ended;
    }

private:
    Task<Result<void>> session(CancelToken stop) {
        WEIR_CO_TRY(const std::unique_ptr<Connection> connection,
                    co_await env_.network.connect(options_.sc, stop));
        rpc::FrameReader reader(*connection, rpc::FrameLimits());
        rpc::FrameWriter writer(*connection, env_.executor);
        wire::internal::RegisterSpu hello;
        hello.spu = SpuId(options_.id);
        hello.storage_id = options_.storage_id;
        hello.boot_id = {7, state_->boots};
        hello.boot = boot_;
        hello.clean_boot = state_->clean_boot;
        for (const auto& [key, stored] : state_->disk) {
            hello.replicas.push_back(stored);
        }
        WEIR_CO_CHECK(co_await send(writer, hello));
        TaskScope scope(env_.executor, stop);
        scope.spawn(heartbeats(&writer, scope.token()));
        const Result<void> ended = co_await receive_all(reader, writer, scope.token());
        co_await scope.close();
        co_return ended;
    }

    template <typename T>
    Task<Result<void>> send(rpc::FrameWriter& writer, const T& message) {
        rpc::OutFrame frame;
        frame.head = wire::internal::message_frame(message, wire::internal::kInternalHelloVersion,
                                                   CorrelationId(1));
        co_return co_await writer.send(std::move(frame), CancelToken());
    }

    // And what the test wants to be said.
    Task<void> heartbeats(rpc::FrameWriter* writer, CancelToken token) {
        wire::internal::Heartbeat beat;
        for (int turn = 1;; ++turn) {
            const Result<void> slept =
                co_await sleep_for(env_.clock, env_.executor, Duration::from_ms(10), token);
            if (!slept.has_value()) {
                co_return;
            }
            while (!state_->outbox.empty()) {
                const wire::internal::ScMessages messages = state_->outbox.front();
                state_->outbox.erase(state_->outbox.begin());
                const Result<void> said = co_await send(*writer, messages);
                if (!said.has_value()) {
                    co_return;
                }
            }
            if (turn % 25 != 0) {
                continue;
            }
            ++beat.sequence;
            const Result<void> sent = co_await send(*writer, beat);
            if (!sent.has_value()) {
                co_return;
            }
        }
    }

    Task<Result<void>> receive_all(rpc::FrameReader& reader, rpc::FrameWriter& writer,
                                   CancelToken token) {
        using namespace wire::internal;
        while (true) {
            WEIR_CO_TRY(std::optional<BufferSlice> frame, co_await reader.next(token));
            if (!frame.has_value()) {
                co_return fail(ErrorCode::connection_closed, "the SC has closed");
            }
            wire::Reader body(frame->span());
            WEIR_CO_TRY(const InternalHeader header, decode_internal_header(body));
            if (header.kind == MessageKind::registered) {
                WEIR_CO_TRY(state_->registered, decode_message<Registered>(body, 1));
                ++state_->sessions;
                if (state_->registered.result == RegisterResult::accepted) {
                    boot_ = state_->registered.boot;
                }
            } else if (header.kind == MessageKind::heartbeat_ack) {
                WEIR_CO_TRY(const HeartbeatAck ack, decode_message<HeartbeatAck>(
                                                        body, wire::internal::kInternalVersionMax));
                state_->acks = ack.sequence;
                state_->doubted = ack.doubted;
            } else if (header.kind == MessageKind::probe_partitions) {
                WEIR_CO_TRY(
                    const ProbePartitions probe,
                    decode_message<ProbePartitions>(body, wire::internal::kInternalVersionMax));
                state_->probes += probe.partitions.size();
                if (options_.answers_probes) {
                    WEIR_CO_CHECK(
                        co_await sleep_for(env_.clock, env_.executor, options_.answers_after));
                    WEIR_CO_CHECK(co_await send(writer, answer(probe)));
                }
            } else if (header.kind == MessageKind::assignments) {
                WEIR_CO_TRY(const Assignments message,
                            decode_message<Assignments>(body, wire::internal::kInternalVersionMax));
                state_->doubted = message.doubted;
                ScMessages promotions;
                const SpuReport report = apply(message, promotions);
                const bool leads = options_.reports && !report.replicas.empty();
                if (leads) {
                    WEIR_CO_CHECK(co_await send(writer, promotions));
                }
                if (leads || (options_.confirms && message.smartmodules.has_value())) {
                    WEIR_CO_CHECK(co_await send(writer, report));
                }
            } else {
                co_return fail(ErrorCode::malformed, "unexpected message");
            }
        }
    }

    wire::internal::ScMessages answer(const wire::internal::ProbePartitions& probe) const {
        wire::internal::ScMessages messages;
        for (const auto& question : probe.partitions) {
            replication::ProbeAnswer said;
            said.boot = boot_;
            said.epoch = question.epoch;
            said.last_epoch = options_.last_epoch;
            said.leo = Offset(options_.leo);
            wire::internal::ScMessages::Entry entry;
            entry.partition = question.partition;
            entry.message = said;
            messages.messages.push_back(std::move(entry));
        }
        return messages;
    }

    void forget(const wire::internal::Assignments& message) {
        if (message.full) {
            state_->replicas.clear();
            state_->topics.clear();
            state_->spus.clear();
        }
        for (const auto& removed : message.removed_replicas) {
            state_->replicas.erase(removed.key);
            state_->disk.erase(removed.key);
            state_->removed.push_back(removed);
        }
        for (const auto& removed : message.removed_topics) {
            state_->topics.erase(removed.name);
        }
        for (const SpuId removed : message.removed_spus) {
            state_->spus.erase(removed);
        }
    }

    void store(const wire::internal::ReplicaAssignment& assignment) {
        wire::internal::StoredReplica stored;
        stored.partition.topic_uid = assignment.record.topic_uid;
        stored.partition.partition = assignment.record.partition;
        stored.topic = assignment.key.topic;
        for (const auto* places : {&assignment.record.replicas, &assignment.record.adding}) {
            for (const AssignedReplica& replica : *places) {
                if (replica.spu == SpuId(options_.id)) {
                    stored.uid = replica.uid;
                }
            }
        }
        stored.fence_epoch = assignment.record.leader_epoch;
        stored.last_epoch = options_.last_epoch;
        stored.leo = Offset(options_.leo);
        state_->disk[assignment.key] = stored;
    }

    wire::internal::SpuReport apply(const wire::internal::Assignments& message,
                                    wire::internal::ScMessages& promotions) {
        state_->sequence = message.sequence;
        forget(message);
        for (const auto& topic : message.topics) {
            state_->topics[topic.name] = topic.uid;
        }
        for (const auto& spu : message.spus) {
            state_->spus[spu.id] = spu;
        }
        state_->smartmodules = message.smartmodules.value_or(state_->smartmodules);
        state_->offsets_leader = message.offsets_leader;
        wire::internal::SpuReport report;
        report.assignment_sequence = message.sequence;
        for (const auto& assignment : message.replicas) {
            state_->replicas[assignment.key] = assignment;
            store(assignment);
            const PartitionRecord& record = assignment.record;
            if (record.leader != SpuId(options_.id) || record.leader_boot != boot_) {
                continue;
            }
            wire::internal::ReplicaReport replica;
            replica.key = assignment.key;
            replica.topic_uid = record.topic_uid;
            replica.leader_epoch = record.leader_epoch;
            replica.leo = Offset(options_.leo);
            replica.hw = Offset(options_.leo);
            report.replicas.push_back(std::move(replica));
            wire::internal::ScMessages::Entry promoted;
            promoted.partition.topic_uid = record.topic_uid;
            promoted.partition.partition = record.partition;
            promoted.message =
                replication::Promoted{boot_, record.leader_epoch, Offset(options_.leo)};
            promotions.messages.push_back(std::move(promoted));
        }
        return report;
    }

    Env& env_;
    FakeSpuOptions options_;
    FakeSpuState* state_;
    BootEpoch boot_;
};

inline Task<Result<void>> run_fake_spu(Env& env, FakeSpuOptions options, FakeSpuState* state,
                                       CancelToken stop) {
    FakeSpu spu(env, std::move(options), state);
    const Result<void> ended = co_await spu.run(stop);
    if (!ended.has_value() && ended.error().code != ErrorCode::cancelled) {
        co_return fail(ended.error());
    }
    co_return Result<void>();
}

}  // namespace weir::test
