#include "sim-scenarios/workloads/consumers.h"

#include "core/client/consumer.h"
#include "sim-scenarios/payload.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace weir::sim {

using client::Client;
using client::Consumer;

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

namespace {

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

}  // namespace

Task<void> run_consumer(Env& env, Client& client, RunState* run, SessionPlan plan,
                        CancelToken stop) {
    Prng prng = env.random.stream(fmt::format("consumer {}", plan.worker));
    while (run->load && !stop.cancelled()) {
        co_await run_session(env, client, run, plan, &prng, stop);
        co_await pause(env, Duration::from_ms(prng.between(1, 100)), stop);
    }
}

}  // namespace weir::sim
