#include "sim-scenarios/workloads/pollers.h"

#include "sim-scenarios/workloads/statistics.h"
#include "sim-scenarios/workloads/worker.h"

#include <memory>
#include <utility>

namespace weir::sim {

using client::Client;

namespace {

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

}  // namespace

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
    StatisticsView view;
    while (run->load && !stop.cancelled()) {
        const PartitionRef ref = some_partition(prng, *run);
        static_cast<void>(co_await poll_partition(env, client, run, ref, stop));
        check_told(client, run, &view);
        co_await pause(env, about(prng, run->scenario.workload.poll_interval), stop);
    }
}

}  // namespace weir::sim
