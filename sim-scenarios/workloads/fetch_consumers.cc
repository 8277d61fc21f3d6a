#include "sim-scenarios/workloads/fetch_consumers.h"

#include "core/client/consumer.h"
#include "core/wire/fetch.h"
#include "sim-scenarios/payload.h"
#include "sim-scenarios/workloads/consumers.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <memory>
#include <string>
#include <utility>

namespace weir::sim {

using client::Client;

namespace {

constexpr Duration kAnswerLimit = Duration::from_s(3);
constexpr std::size_t kInflatedMax = 16U << 20U;

struct Question {
    ReplicaKey key;
    std::int64_t offset = 0;
    std::int32_t max_bytes = 0;
};

Task<Result<wire::FetchPartitionResponse>> fetch(Env& env, Client& client, Question question,
                                                 CancelToken stop) {
    Deadline deadline(env.clock, env.clock.now() + kAnswerLimit, stop);
    WEIR_CO_TRY(const std::shared_ptr<client::ServerConnection> connection,
                co_await client.leader_connection(question.key, client::Purpose::offsets,
                                                  deadline.token()));
    wire::FetchRequest request;
    request.max_bytes = question.max_bytes;
    request.isolation = wire::Isolation::read_committed;
    wire::FetchPartition partition;
    partition.partition = question.key.partition;
    partition.fetch_offset = question.offset;
    partition.max_bytes = question.max_bytes;
    wire::FetchTopic topic;
    topic.name = question.key.topic;
    topic.partitions.push_back(partition);
    request.topics.push_back(std::move(topic));
    const wire::Version version =
        connection->version_for(wire::spu_client_range(wire::SpuApi::fetch));
    WEIR_CO_TRY(
        const BufferSlice answer,
        co_await connection->call(static_cast<std::uint16_t>(wire::SpuApi::fetch), version, request,
                                  env.clock.now() + kAnswerLimit, deadline.token()));
    WEIR_CO_TRY(wire::Reader reader, client::open_answer(answer));
    WEIR_CO_TRY(wire::FetchResponse response, wire::decode_fetch_response(reader, answer, version));
    if (response.topics.size() != 1 || response.topics[0].partitions.size() != 1) {
        co_return fail(ErrorCode::malformed, "the answer does not fit the question");
    }
    co_return std::move(response.topics[0].partitions[0]);
}

Task<void> run_session(Env& env, Client& client, RunState* run, PartitionRef ref, Prng* prng,
                       CancelToken stop) {
    Question question;
    question.key = ReplicaKey{run->oracle.topic_name(ref.topic), ref.partition};
    question.max_bytes = prng->chance(1, 2) ? 1'048'576 : 1'000;
    question.offset = prng->between(run->oracle.log_start(ref), run->oracle.high_watermark(ref));
    const SessionId session = run->oracle.begin_session(ref, true, question.offset);
    const Instant end = env.clock.now() + draw(run->scenario.workload.session, *prng);
    while (run->load && !stop.cancelled() && env.clock.now() < end) {
        const Result<wire::FetchPartitionResponse> answer =
            co_await fetch(env, client, question, stop);
        if (!answer.has_value() || answer->error.tag == wire::ErrorTag::not_leader_for_partition) {
            co_await pause(env, Duration::from_ms(100), stop);
            continue;
        }
        if (answer->error.tag != wire::ErrorTag::none) {
            co_return;
        }
        if (answer->records.size() == 0) {
            co_await pause(env, Duration::from_ms(prng->between(20, 200)), stop);
            continue;
        }
        Offset next(question.offset);
        const Result<client::ConsumedChunk> chunk =
            client::decode_chunk(*answer, Offset(question.offset), kInflatedMax, &next);
        if (!chunk.has_value()) {
            note_consumer_error(run, ref.topic, chunk.error());
            co_return;
        }
        for (const client::ConsumedRecord& record : chunk->records) {
            run->oracle.consumed(session, record.offset.value(), decode_payload(record.value),
                                 chunk->high_watermark.value());
        }
        question.offset = next.value();
    }
}

}  // namespace

Task<void> run_fetch_consumer(Env& env, Client& client, RunState* run, std::uint32_t worker,
                              TopicIndex topic, CancelToken stop) {
    Prng prng = env.random.stream(fmt::format("fetch consumer {}", worker));
    while (run->load && !stop.cancelled()) {
        const auto partition =
            static_cast<std::uint32_t>(prng.below(run->oracle.partition_count(topic)));
        if (run->next_operation(worker)) {
            const PartitionRef ref{topic, partition};
            co_await run_session(env, client, run, ref, &prng, stop);
        }
        co_await pause(env, Duration::from_ms(prng.between(1, 100)), stop);
    }
}

}  // namespace weir::sim
