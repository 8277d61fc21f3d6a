#include "sim-scenarios/workloads/clients.h"

#include "core/client/admin.h"
#include "core/client/consumer.h"
#include "core/client/producer.h"
#include "core/task/task_scope.h"
#include "core/wire/fetch_offsets.h"
#include "sim-scenarios/payload.h"
#include "sim-scenarios/workloads/admin_churn.h"
#include "sim-scenarios/workloads/offset_consumers.h"
#include "sim-scenarios/workloads/operator.h"
#include "sim-scenarios/workloads/views.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::sim {

using client::Client;
using client::Consumer;
using client::Producer;

Task<void> pause(Env& env, Duration duration, CancelToken stop) {
    static_cast<void>(co_await sleep_for(env.clock, env.executor, duration, stop));
}

Task<std::unique_ptr<Client>> connect_client(Env& env, CancelToken stop) {
    client::ClientConfig config;
    config.sc = HostPort{"sc", kScPublicPort};
    config.client_id = "sim";
    config.connect_timeout = Duration::from_s(3);
    config.request_timeout = Duration::from_s(8);
    config.metadata_timeout = Duration::from_s(15);
    config.backoff_max = Duration::from_s(1);
    while (!stop.cancelled()) {
        Result<std::unique_ptr<Client>> connected = co_await Client::connect(env, config, stop);
        if (connected.has_value()) {
            co_return *std::move(connected);
        }
        co_await pause(env, Duration::from_ms(100), stop);
    }
    co_return nullptr;
}

namespace {

// --- setting up ---------------------------------------------------------------------------------

Task<bool> register_spus(Env& env, Client& client, RunState* run, CancelToken stop) {
    client::Admin admin(client);
    for (std::uint32_t i = 0; i < run->scenario.spu_count; ++i) {
        const std::string host = fmt::format("spu-{}", i);
        CustomSpuSpec spec;
        spec.id = SpuId(kFirstSpuId + static_cast<std::int32_t>(i));
        IngressAddress address;
        address.hostname = host;
        spec.public_endpoint.port = kSpuPublicPort;
        spec.public_endpoint.ingress.push_back(address);
        spec.private_endpoint.port = kSpuPrivatePort;
        spec.private_endpoint.host = host;
        while (true) {
            if (stop.cancelled()) {
                co_return false;
            }
            const Result<wire::Status> status = co_await admin.register_spu(host, spec, stop);
            if (status.has_value() && (status->error.tag == wire::ErrorTag::none ||
                                       status->error.tag == wire::ErrorTag::spu_already_exists)) {
                break;
            }
            run->waiting_for = fmt::format(
                "the registration of {}: {}", host,
                status.has_value() ? client::describe(*status) : to_string(status.error()));
            co_await pause(env, Duration::from_ms(50), stop);
        }
    }
    co_return true;
}

TopicSpec spec_of(const TopicPlan& plan) {
    TopicSpec spec;
    ComputedReplicas replicas;
    replicas.partition_count = plan.partition_count;
    replicas.replication_factor = plan.replication_factor;
    spec.replicas = replicas;
    if (plan.partition_size_bytes_max.has_value() || plan.segment_bytes.has_value()) {
        TopicStorageConfig storage;
        storage.max_partition_size_bytes = plan.partition_size_bytes_max;
        storage.segment_size_bytes = plan.segment_bytes;
        spec.storage = storage;
    }
    if (plan.retention_time.has_value()) {
        spec.cleanup_policy.emplace();
        spec.cleanup_policy->time_in_seconds = static_cast<std::uint32_t>(plan.retention_time->s());
    }
    return spec;
}

Task<bool> create_topics(Env& env, Client& client, RunState* run, CancelToken stop) {
    client::Admin admin(client);
    for (const TopicPlan& plan : run->scenario.topics) {
        const TopicIndex topic = run->oracle.add_topic(plan.name, plan.partition_count);
        run->topics.push_back(topic);
        const TopicSpec spec = spec_of(plan);
        if (plan.has_retention() || run->scenario.workload.deletion_interval.has_value()) {
            run->oracle.has_retention(topic);
        }
        if (plan.replication_factor > 1) {
            run->oracle.is_replicated(topic);
        }
        while (true) {
            if (stop.cancelled()) {
                co_return false;
            }
            const Result<wire::Status> status = co_await admin.create_topic(plan.name, spec, stop);
            if (status.has_value() && (status->error.tag == wire::ErrorTag::none ||
                                       status->error.tag == wire::ErrorTag::topic_already_exists)) {
                break;
            }
            run->waiting_for = fmt::format(
                "the creation of topic {}: {}", plan.name,
                status.has_value() ? client::describe(*status) : to_string(status.error()));
            co_await pause(env, Duration::from_ms(50), stop);
        }
    }
    co_return true;
}

Task<bool> wait_for_partitions(Env& env, Client& client, RunState* run, CancelToken stop) {
    for (const TopicIndex topic : run->topics) {
        const std::string& name = run->oracle.topic_name(topic);
        const std::uint32_t count = run->oracle.partition_count(topic);
        while (client.metadata().online_partitions(name).size() != count) {
            run->waiting_for = fmt::format("the partitions of {} to be online", name);
            if (stop.cancelled()) {
                co_return false;
            }
            co_await pause(env, Duration::from_ms(20), stop);
        }
        for (std::uint32_t partition = 0; partition < count; ++partition) {
            const std::optional<SpuId> leader =
                client.metadata().leader(ReplicaKey{name, partition});
            run->leaders[{topic, partition}] = leader.value_or(SpuId(0));
        }
    }
    co_return true;
}

Task<bool> set_up(Env& env, Client& client, RunState* run, CancelToken stop) {
    const bool registered = co_await register_spus(env, client, run, stop);
    if (!registered) {
        co_return false;
    }
    const bool created = co_await create_topics(env, client, run, stop);
    if (!created) {
        co_return false;
    }
    co_return co_await wait_for_partitions(env, client, run, stop);
}

// --- producing ----------------------------------------------------------------------------------

Task<void> await_outcome(RunState* run, RecordId record, client::RecordHandle handle) {
    // No token: the producer's close() resolves every record.
    const Result<client::RecordOutcome> outcome = co_await handle.wait(CancelToken());
    if (!outcome.has_value()) {
        run->oracle.indeterminate(record);
        co_return;
    }
    using Kind = client::RecordOutcome::Kind;
    if (outcome->kind == Kind::acked && run->scenario.workload.leader_acks) {
        run->oracle.indeterminate(record);
        co_return;
    }
    switch (outcome->kind) {
        case Kind::acked:
            run->oracle.acked(record, outcome->partition,
                              outcome->offset.has_value() ? outcome->offset->value() : -1,
                              outcome->attempt_count);
            break;
        case Kind::failed: run->oracle.failed(record); break;
        case Kind::indeterminate: run->oracle.indeterminate(record); break;
    }
}

client::ProducerConfig producer_config(RunState* run, TopicIndex topic, Prng& prng) {
    client::ProducerConfig config;
    config.topic = run->oracle.topic_name(topic);
    config.batch_size_bytes_max = prng.chance(1, 2) ? 16'384 : 700;
    config.linger = Duration::from_ms(prng.between(0, 3) * 5);
    config.delivery = prng.chance(1, 2) ? client::DeliverySemantic::at_least_once
                                        : client::DeliverySemantic::at_most_once;
    config.server_timeout = Duration::from_ms(1'500);
    config.response_timeout = Duration::from_s(4);
    config.delivery_timeout = Duration::from_s(15);
    config.retry_backoff_max = Duration::from_s(1);
    if (run->scenario.workload.leader_acks) {
        config.isolation = wire::Isolation::read_uncommitted;
    }
    if (run->scenario.workload.compression) {
        static constexpr client::Codec kCodecs[] = {client::Codec::none, client::Codec::gzip,
                                                    client::Codec::snappy, client::Codec::lz4,
                                                    client::Codec::zstd};
        config.codec = kCodecs[prng.below(5)];
    }
    return config;
}

// Opened anew until it works: the SC may be down.
Task<std::unique_ptr<Producer>> open_producer(Env& env, Client& client, RunState* run,
                                              client::ProducerConfig config, CancelToken stop) {
    while (run->load && !stop.cancelled()) {
        Result<std::unique_ptr<Producer>> opened = co_await Producer::open(client, config, stop);
        if (opened.has_value()) {
            co_return *std::move(opened);
        }
        co_await pause(env, Duration::from_ms(100), stop);
    }
    co_return nullptr;
}

Task<bool> send_one(Producer& producer, RunState* run, TaskScope& waiters, std::uint32_t number,
                    TopicIndex topic, std::size_t size, bool keyed, CancelToken stop) {
    const RecordId id = run->oracle.begin_send(number, topic);
    client::Record record;
    record.value = encode_payload(id, size);
    if (keyed) {
        record.key = Bytes(1, static_cast<std::uint8_t>('a' + id % 8));
    }
    const Result<client::RecordHandle> handle = co_await producer.send(std::move(record), stop);
    if (!handle.has_value()) {
        run->oracle.failed(id);
        co_return false;
    }
    waiters.spawn(await_outcome(run, id, *handle));
    co_return true;
}

}  // namespace

Task<void> run_producer(Env& env, Client& client, RunState* run, ProducerPlan plan,
                        CancelToken stop) {
    Prng prng = env.random.stream(fmt::format("producer {}", plan.worker));
    const std::uint32_t number = run->next_producer++;
    const bool keyed = prng.chance(1, 3);
    client::ProducerConfig config = producer_config(run, plan.topic, prng);
    const std::unique_ptr<Producer> producer =
        co_await open_producer(env, client, run, std::move(config), stop);
    if (producer == nullptr) {
        co_return;
    }
    const WorkloadPlan& workload = run->scenario.workload;
    const std::uint64_t rate = std::max<std::uint64_t>(draw(workload.records_per_second, prng), 1);
    TaskScope waiters(env.executor);
    std::uint64_t sent = 0;
    while (run->load && !stop.cancelled() && (plan.record_count == 0 || sent < plan.record_count)) {
        const std::uint64_t burst = std::max<std::uint64_t>(draw(workload.burst, prng), 1);
        for (std::uint64_t i = 0; i < burst; ++i) {
            const auto size = static_cast<std::size_t>(draw(workload.record_size_bytes, prng));
            if (!run->next_operation(plan.worker)) {
                continue;
            }
            const bool taken =
                co_await send_one(*producer, run, waiters, number, plan.topic, size, keyed, stop);
            if (!taken) {
                break;
            }
        }
        sent += burst;
        const std::int64_t mean_ns =
            static_cast<std::int64_t>(1'000'000'000 / rate) * static_cast<std::int64_t>(burst);
        co_await pause(env, Duration::from_ns(prng.exponential(mean_ns)), stop);
    }
    static_cast<void>(co_await producer->close(stop));
    co_await waiters.join();
}

namespace {

// --- consuming ----------------------------------------------------------------------------------

struct SessionPlan {
    std::uint32_t worker = 0;
    TopicIndex topic = 0;
    bool committed = true;
};

// Feeds one chunk to the oracle.
void consume_chunk(RunState* run, std::map<std::uint32_t, SessionId>& sessions, TopicIndex topic,
                   bool committed, const client::ConsumedChunk& chunk) {
    auto session = sessions.find(chunk.partition);
    if (session == sessions.end()) {
        const SessionId id =
            run->oracle.begin_session(PartitionRef{topic, chunk.partition}, committed, -1);
        session = sessions.emplace(chunk.partition, id).first;
    }
    for (const client::ConsumedRecord& record : chunk.records) {
        run->oracle.consumed(session->second, record.offset.value(), decode_payload(record.value),
                             chunk.high_watermark.value());
    }
}

void note_consumer_error(RunState* run, TopicIndex topic, const Error& error) {
    // Of a partition over its budget or with a damaged copy, damage that a reader notices has been
    // detected.
    if (error.code == ErrorCode::corrupt && !run->oracle.budget().over(topic) &&
        !run->oracle.budget().any_copy_damaged(topic)) {
        run->oracle.report(Invariant::a14_damage,
                           fmt::format("{}: a reader was served damage: {}",
                                       run->oracle.topic_name(topic), to_string(error)));
    }
}

Task<void> run_session(Env& env, Client& client, RunState* run, SessionPlan plan, Prng* prng,
                       CancelToken stop) {
    client::ConsumerConfig config;
    config.topic = run->oracle.topic_name(plan.topic);
    config.isolation =
        plan.committed ? wire::Isolation::read_committed : wire::Isolation::read_uncommitted;
    config.max_bytes = prng->chance(1, 2) ? 1'048'576 : 1'000;
    config.start.from = client::StartOffset::From::absolute;
    std::map<std::uint32_t, SessionId> sessions;
    if (prng->chance(1, 2)) {
        // One partition, from somewhere.
        const auto partition =
            static_cast<std::uint32_t>(prng->below(run->oracle.partition_count(plan.topic)));
        const PartitionRef ref{plan.topic, partition};
        config.partitions.push_back(partition);
        const std::int64_t known = run->oracle.high_watermark(ref);
        config.start.count = prng->between(run->oracle.log_start(ref), known);
        sessions[partition] = run->oracle.begin_session(ref, plan.committed, config.start.count);
    } else if (!run->oracle.retention(plan.topic)) {
        for (std::uint32_t i = 0; i < run->oracle.partition_count(plan.topic); ++i) {
            const PartitionRef ref{plan.topic, i};
            sessions[i] = run->oracle.begin_session(ref, plan.committed, 0);
        }
    } else {
        config.start.from = client::StartOffset::From::beginning;
    }
    const Duration length = draw(run->scenario.workload.session, *prng);
    if (!run->next_operation(plan.worker)) {
        co_await pause(env, length, stop);
        co_return;
    }
    Result<std::unique_ptr<Consumer>> opened = co_await Consumer::open(client, config, stop);
    if (!opened.has_value()) {
        co_return;
    }
    const std::unique_ptr<Consumer> consumer = *std::move(opened);
    Deadline deadline(env.clock, env.clock.now() + length, stop);
    while (run->load && !stop.cancelled()) {
        Result<std::optional<client::ConsumedChunk>> chunk =
            co_await consumer->next(deadline.token());
        if (!chunk.has_value()) {
            note_consumer_error(run, plan.topic, chunk.error());
            break;
        }
        if (!chunk->has_value()) {
            break;
        }
        consume_chunk(run, sessions, plan.topic, plan.committed, **chunk);
    }
    static_cast<void>(co_await consumer->close(stop));
}

Task<void> run_consumer(Env& env, Client& client, RunState* run, SessionPlan plan,
                        CancelToken stop) {
    Prng prng = env.random.stream(fmt::format("consumer {}", plan.worker));
    while (run->load && !stop.cancelled()) {
        co_await run_session(env, client, run, plan, &prng, stop);
        co_await pause(env, Duration::from_ms(prng.between(1, 100)), stop);
    }
}

// --- polling offsets ----------------------------------------------------------------------------

Task<Result<wire::PartitionOffsets>> fetch_offsets(Env& env, Client& client, ReplicaKey key,
                                                   CancelToken stop) {
    Deadline deadline(env.clock, env.clock.now() + Duration::from_s(3), stop);
    WEIR_CO_TRY(const std::shared_ptr<client::ServerConnection> connection,
                co_await client.leader_connection(key, client::Purpose::offsets, deadline.token()));
    wire::FetchOffsetsRequest request;
    wire::FetchOffsetsTopic topic;
    topic.name = key.topic;
    topic.partitions.push_back(key.partition);
    request.topics.push_back(std::move(topic));
    const wire::Version version =
        connection->version_for(wire::spu_client_range(wire::SpuApi::fetch_offsets));
    WEIR_CO_TRY(const BufferSlice answer,
                co_await connection->call(static_cast<std::uint16_t>(wire::SpuApi::fetch_offsets),
                                          version, request, env.clock.now() + Duration::from_s(3),
                                          deadline.token()));
    WEIR_CO_TRY(wire::Reader reader, client::open_answer(answer));
    WEIR_CO_TRY(const wire::FetchOffsetsResponse response,
                wire::decode_fetch_offsets_response(reader, version));
    if (response.topics.size() != 1 || response.topics[0].partitions.size() != 1) {
        co_return fail(ErrorCode::malformed, "the answer does not fit the question");
    }
    co_return response.topics[0].partitions[0];
}

// Answers whether it got an answer.
Task<std::optional<wire::PartitionOffsets>> poll_partition(Env& env, Client& client, RunState* run,
                                                           PartitionRef ref, CancelToken stop) {
    const std::int64_t asked_ns = run->oracle.now_ns();
    const std::uint32_t incarnation = run->leader_incarnation(ref);
    ReplicaKey key{run->oracle.topic_name(ref.topic), ref.partition};
    const Result<wire::PartitionOffsets> offsets =
        co_await fetch_offsets(env, client, std::move(key), stop);
    if (!offsets.has_value() || offsets->error.tag != wire::ErrorTag::none) {
        co_return std::nullopt;
    }
    run->oracle.polled(ref, asked_ns, offsets->start_offset, offsets->last_stable_offset);
    if (incarnation == run->leader_incarnation(ref)) {
        run->check_log_start(ref, offsets->start_offset);
    }
    co_return *offsets;
}

Task<void> run_poller(Env& env, Client& client, RunState* run, CancelToken stop) {
    Prng prng = env.random.stream("poller");
    while (run->load && !stop.cancelled()) {
        const TopicIndex topic =
            run->topics[static_cast<std::size_t>(prng.below(run->topics.size()))];
        const auto partition =
            static_cast<std::uint32_t>(prng.below(run->oracle.partition_count(topic)));
        const PartitionRef ref{topic, partition};
        static_cast<void>(co_await poll_partition(env, client, run, ref, stop));
        const std::int64_t interval_ns = run->scenario.workload.poll_interval.ns();
        co_await pause(env, Duration::from_ns(prng.between(interval_ns / 2, interval_ns * 3 / 2)),
                       stop);
    }
}

// Deletes what is committed now, or was some time ago: offsets where a batch begins.
Task<void> run_deletions(Env& env, Client& client, RunState* run, CancelToken stop) {
    Prng prng = env.random.stream("deletions");
    client::Admin admin(client);
    std::map<std::pair<TopicIndex, std::uint32_t>, std::int64_t> before;
    while (run->load && !stop.cancelled()) {
        const TopicIndex topic =
            run->topics[static_cast<std::size_t>(prng.below(run->topics.size()))];
        const auto partition =
            static_cast<std::uint32_t>(prng.below(run->oracle.partition_count(topic)));
        const PartitionRef ref{topic, partition};
        const std::optional<wire::PartitionOffsets> offsets =
            co_await poll_partition(env, client, run, ref, stop);
        if (offsets.has_value()) {
            std::int64_t& earlier = before[{topic, partition}];
            wire::Operate request;
            request.verb = wire::OperatorVerb::delete_records;
            request.key = ReplicaKey{run->oracle.topic_name(topic), partition};
            request.offset = Offset(prng.chance(1, 3) ? offsets->last_stable_offset : earlier);
            earlier = offsets->last_stable_offset;
            const std::int64_t offset = request.offset.value();
            const Result<wire::Operated> answer = co_await admin.operate(std::move(request), stop);
            if (answer.has_value() && answer->accepted) {
                run->oracle.deletion_confirmed(ref, offset);
            }
        }
        const std::int64_t interval_ns = run->scenario.workload.deletion_interval->ns();
        co_await pause(env, Duration::from_ns(prng.between(interval_ns / 2, interval_ns * 3 / 2)),
                       stop);
    }
}

// --- reading everything back --------------------------------------------------------------------

constexpr Duration kReadLimit = Duration::from_s(600);
constexpr Duration kReadLimitOverBudget = Duration::from_s(5);

// The records of [log_start, leo), or nothing when the reader failed and should try again.
Task<Result<Oracle::RecoveredLog>> read_partition(Client& client, RunState* run, PartitionRef ref,
                                                  Oracle::RecoveredLog log, CancelToken stop) {
    client::ConsumerConfig config;
    config.topic = run->oracle.topic_name(ref.topic);
    config.partitions.push_back(ref.partition);
    config.start.from = client::StartOffset::From::absolute;
    // Where there is retention the read begins at what may have been deleted, and is told so.
    config.start.count = run->oracle.retention(ref.topic) ? 0 : log.log_start;
    config.last_offset = log.leo - 1;
    // A consumer tries again and again; a log that was damaged may never answer.
    Clock& clock = client.env().clock;
    const Duration limit = run->oracle.over_budget(ref) ? kReadLimitOverBudget : kReadLimit;
    Deadline deadline(clock, clock.now() + limit, stop);
    WEIR_CO_TRY(const std::unique_ptr<Consumer> consumer,
                co_await Consumer::open(client, config, deadline.token()));
    std::optional<Error> error;
    while (static_cast<std::int64_t>(log.records.size()) < log.leo - log.log_start) {
        Result<std::optional<client::ConsumedChunk>> chunk =
            co_await consumer->next(deadline.token());
        if (!chunk.has_value()) {
            note_consumer_error(run, ref.topic, chunk.error());
            error = chunk.error();
            break;
        }
        if (!chunk->has_value()) {
            break;
        }
        for (const client::ConsumedRecord& record : (*chunk)->records) {
            const std::int64_t expected =
                log.log_start + static_cast<std::int64_t>(log.records.size());
            if (record.offset.value() < log.log_start) {
                continue;
            }
            if (record.offset.value() > expected && run->oracle.retention(ref.topic)) {
                // Deleted meanwhile: the next attempt starts further on.
                error.emplace(ErrorCode::offset_evicted, "the log start has moved");
                break;
            }
            if (record.offset.value() != expected) {
                run->oracle.report(
                    Invariant::a6_dense,
                    fmt::format("{}-{}: the final read got offset {} where {} comes next",
                                config.topic, ref.partition, record.offset.value(), expected));
            }
            log.records.push_back(decode_payload(record.value));
        }
        if (error.has_value()) {
            break;
        }
    }
    static_cast<void>(co_await consumer->close(stop));
    if (error.has_value()) {
        co_return fail(*std::move(error));
    }
    co_return std::move(log);
}

}  // namespace

namespace {

// Tries to read a partition whose log was damaged.
constexpr std::uint32_t kAttemptsOverBudget = 3;

}  // namespace

Task<bool> verify_topic(Env& env, Client& client, RunState* run, TopicIndex topic,
                        CancelToken stop) {
    for (std::uint32_t i = 0; i < run->oracle.partition_count(topic); ++i) {
        const PartitionRef ref{topic, i};
        std::int64_t gap_behind = -1;
        for (std::uint32_t attempt = 0;; ++attempt) {
            if (attempt >= kAttemptsOverBudget && run->oracle.over_budget(ref)) {
                break;  // it may refuse to serve what is damaged
            }
            if (stop.cancelled()) {
                co_return false;
            }
            run->waiting_for =
                fmt::format("the final read of {}-{}", run->oracle.topic_name(topic), i);
            const std::optional<wire::PartitionOffsets> offsets =
                co_await poll_partition(env, client, run, ref, stop);
            if (offsets.has_value() && offsets->start_offset < run->oracle.deleted_before(ref) &&
                !run->oracle.over_budget(ref)) {
                run->waiting_for =
                    fmt::format("{}-{} to start at {}, not at {}", run->oracle.topic_name(topic), i,
                                run->oracle.deleted_before(ref), offsets->start_offset);
            } else if (offsets.has_value()) {
                Oracle::RecoveredLog log;
                log.log_start = offsets->start_offset;
                log.leo = offsets->last_stable_offset;
                if (gap_behind == log.log_start && !run->oracle.over_budget(ref)) {
                    run->oracle.report(
                        Invariant::a6_dense,
                        fmt::format("{}-{}: the final read left records out, and the log still "
                                    "starts at {}",
                                    run->oracle.topic_name(topic), i, gap_behind));
                }
                const std::int64_t log_start = log.log_start;
                Result<Oracle::RecoveredLog> read =
                    co_await read_partition(client, run, ref, std::move(log), stop);
                if (read.has_value()) {
                    run->oracle.final_contents(ref, *read);
                    break;
                }
                const bool gap = read.error().code == ErrorCode::offset_evicted;
                gap_behind = gap ? log_start : -1;
                run->waiting_for += ": " + to_string(read.error());
            }
            co_await pause(env, Duration::from_ms(100), stop);
        }
    }
    co_return true;
}

namespace {

Task<void> verify_everything(Env& env, Client& client, RunState* run, CancelToken stop) {
    const bool there = co_await verify_churn(env, client, run, stop);
    if (!there) {
        co_return;
    }
    for (const TopicIndex topic : run->topics) {
        const bool done = co_await verify_topic(env, client, run, topic, stop);
        if (!done) {
            co_return;
        }
    }
    const bool stored = co_await verify_stored_offsets(env, client, run, stop);
    if (!stored) {
        co_return;
    }
    const bool seen = co_await verify_view(env, client, run, stop);
    run->verified = seen;
}

void spawn_workers(Env& env, Client& client, RunState* run, std::uint32_t index, TaskScope& scope) {
    const WorkloadPlan& plan = run->scenario.workload;
    const std::uint32_t clients = run->scenario.client_count;
    std::uint32_t worker = 0;
    const auto mine = [&worker, clients, index] { return ++worker % clients == index; };
    for (const TopicIndex topic : run->topics) {
        for (std::uint64_t i = 0; i < plan.producer_count; ++i) {
            if (mine()) {
                ProducerPlan producer;
                producer.worker = worker;
                producer.topic = topic;
                scope.spawn(run_producer(env, client, run, producer, scope.token()));
            }
        }
        for (std::uint64_t i = 0; i < plan.committed_consumer_count; ++i) {
            if (mine()) {
                const SessionPlan session{worker, topic, true};
                scope.spawn(run_consumer(env, client, run, session, scope.token()));
            }
        }
        for (std::uint64_t i = 0; i < plan.uncommitted_consumer_count; ++i) {
            if (mine()) {
                const SessionPlan session{worker, topic, false};
                scope.spawn(run_consumer(env, client, run, session, scope.token()));
            }
        }
    }
    for (const TopicIndex topic : run->topics) {
        for (std::uint64_t i = 0; i < plan.offset_consumer_count; ++i) {
            if (mine()) {
                scope.spawn(run_offset_consumer(env, client, run, worker, topic, scope.token()));
            }
        }
    }
    if (index == 0 && plan.status_interval.has_value()) {
        scope.spawn(run_status_watch(env, client, run, scope.token()));
    }
    scope.spawn(run_poller(env, client, run, scope.token()));
    if (index == 0 && plan.deletion_interval.has_value()) {
        scope.spawn(run_deletions(env, client, run, scope.token()));
    }
    if (index == 0 && plan.admin_interval.has_value()) {
        scope.spawn(run_admin_churn(env, client, run, scope.token()));
    }
}

bool all_done(const RunState& run) {
    return std::find(run.clients_done.begin(), run.clients_done.end(), false) ==
           run.clients_done.end();
}

}  // namespace

Task<Result<void>> client_main(Env& env, RunState* run, std::uint32_t index, CancelToken stop) {
    const std::unique_ptr<Client> client = co_await connect_client(env, stop);
    if (client == nullptr) {
        co_return Result<void>();
    }
    if (index == 0) {
        const bool ready = co_await set_up(env, *client, run, stop);
        run->ready = ready;
    }
    while (!run->ready && !stop.cancelled()) {
        co_await pause(env, Duration::from_ms(10), stop);
    }
    TaskScope operators(env.executor, stop);
    if (index == 0 && run->scenario.has_fault(FaultKind::store_restored)) {
        operators.spawn(run_operator(env, *client, run, operators.token()));
    }
    TaskScope workers(env.executor, stop);
    if (!stop.cancelled()) {
        spawn_workers(env, *client, run, index, workers);
    }
    co_await workers.join();
    run->clients_done[index] = true;
    if (index == 0) {
        while (!all_done(*run) && !stop.cancelled()) {
            run->waiting_for = "the producers and consumers to end";
            co_await pause(env, Duration::from_ms(50), stop);
        }
        if (!stop.cancelled()) {
            co_await verify_everything(env, *client, run, stop);
        }
    }
    Event stopped(env.executor);
    static_cast<void>(co_await stopped.wait(stop));
    co_await operators.close();
    co_await client->close();
    co_return Result<void>();
}

}  // namespace weir::sim
