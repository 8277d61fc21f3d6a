#include "sim-scenarios/workloads/offset_consumers.h"

#include "core/client/consumer.h"
#include "sim-scenarios/payload.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <utility>

namespace weir::sim {

using client::Consumer;

namespace {

// False when the servers could not be asked.
Task<bool> look_at_stored(client::Client& client, RunState* run, RunState::Keeper keeper,
                          CancelToken stop) {
    wire::ConsumerOffsetFilter filter;
    filter.replica =
        ReplicaKey{run->oracle.topic_name(keeper.partition.topic), keeper.partition.partition};
    filter.consumer_id = keeper.id;
    std::optional<wire::ConsumerOffsetFilter> wanted = std::move(filter);
    const Result<std::vector<wire::ConsumerOffset>> stored =
        co_await client.consumer_offsets(std::move(wanted), stop);
    if (!stored.has_value()) {
        co_return false;
    }
    // Nothing stored: the beginning.
    run->oracle.stored_seen(keeper.index, stored->empty() ? 0 : stored->front().offset + 1);
    co_return true;
}

client::ConsumerConfig consumer_config(RunState* run, const RunState::Keeper& keeper, Prng* prng) {
    client::ConsumerConfig config;
    config.topic = run->oracle.topic_name(keeper.partition.topic);
    config.partitions.push_back(keeper.partition.partition);
    config.consumer_id = keeper.id;
    config.offset_strategy = client::OffsetStrategy::manual;
    config.start.from = client::StartOffset::From::beginning;
    config.max_bytes = prng->chance(1, 2) ? 1'048'576 : 1'000;
    return config;
}

// False when the outcome of a store is open, which ends the use of the id.
Task<bool> store(Consumer& consumer, RunState* run, RunState::Keeper keeper, std::int64_t next,
                 CancelToken stop) {
    consumer.commit();
    const Result<void> flushed = co_await consumer.flush_offsets(stop);
    if (!flushed.has_value()) {
        run->oracle.store_unknown(keeper.index);
        co_return false;
    }
    run->oracle.store_confirmed(keeper.index, next);
    co_return true;
}

// False when the id is not to be used any more.
Task<bool> run_session(Env& env, client::Client& client, RunState* run, RunState::Keeper keeper,
                       Prng* prng, CancelToken stop) {
    static_cast<void>(co_await look_at_stored(client, run, keeper, stop));
    client::ConsumerConfig config = consumer_config(run, keeper, prng);
    Result<std::unique_ptr<Consumer>> opened =
        co_await Consumer::open(client, std::move(config), stop);
    if (!opened.has_value()) {
        co_return true;
    }
    const std::unique_ptr<Consumer> consumer = *std::move(opened);
    const SessionId session = run->oracle.begin_session(keeper.partition, true, -1);
    const Duration length = draw(run->scenario.workload.session, *prng);
    Deadline deadline(env.clock, env.clock.now() + length, stop);
    bool usable = true;
    while (run->load && !stop.cancelled() && usable) {
        Result<std::optional<client::ConsumedChunk>> chunk =
            co_await consumer->next(deadline.token());
        if (!chunk.has_value() || !chunk->has_value()) {
            break;
        }
        for (const client::ConsumedRecord& record : (*chunk)->records) {
            run->oracle.consumed(session, record.offset.value(), decode_payload(record.value),
                                 (*chunk)->high_watermark.value());
        }
        const std::int64_t next = (*chunk)->records.back().offset.value() + 1;
        run->oracle.delivered(keeper.index, next);
        if (prng->chance(1, 3)) {
            usable = co_await store(*consumer, run, keeper, next, stop);
        }
        // What comes meanwhile waits in the client.
        co_await pause(env, Duration::from_ms(prng->between(0, 60)), stop);
    }
    static_cast<void>(co_await consumer->close(stop));
    co_return usable;
}

}  // namespace

Task<void> run_offset_consumer(Env& env, client::Client& client, RunState* run,
                               std::uint32_t worker, TopicIndex topic, CancelToken stop) {
    Prng prng = env.random.stream(fmt::format("offset consumer {}", worker));
    std::uint32_t generation = 0;
    while (run->load && !stop.cancelled()) {
        RunState::Keeper keeper;
        keeper.id = fmt::format("keeper-{}-{}", worker, generation++);
        keeper.partition.topic = topic;
        keeper.partition.partition =
            static_cast<std::uint32_t>(prng.below(run->oracle.partition_count(topic)));
        keeper.index = run->oracle.add_keeper(keeper.id, keeper.partition);
        run->keepers.push_back(keeper);
        bool usable = true;
        while (usable && run->load && !stop.cancelled()) {
            if (run->next_operation(worker)) {
                usable = co_await run_session(env, client, run, keeper, &prng, stop);
            }
            co_await pause(env, Duration::from_ms(prng.between(10, 300)), stop);
        }
    }
}

Task<bool> verify_stored_offsets(Env& env, client::Client& client, RunState* run,
                                 CancelToken stop) {
    const std::vector<RunState::Keeper> keepers = run->keepers;
    for (const RunState::Keeper& keeper : keepers) {
        run->waiting_for = fmt::format("the stored offset of {}", keeper.id);
        bool done = false;
        while (!done) {
            if (stop.cancelled()) {
                co_return false;
            }
            done = co_await look_at_stored(client, run, keeper, stop);
            if (!done) {
                co_await pause(env, Duration::from_ms(100), stop);
            }
        }
    }
    co_return true;
}

}  // namespace weir::sim
