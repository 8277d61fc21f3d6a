#include "sim-scenarios/workloads/producers.h"

#include "core/client/producer.h"
#include "core/task/task_scope.h"
#include "sim-scenarios/payload.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace weir::sim {

using client::Client;
using client::Producer;

namespace {

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
                              outcome->once ? 1 : outcome->attempt_count);
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
    // Some as on servers of Fluvio.
    config.idempotent = prng.chance(2, 3);
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

}  // namespace weir::sim
