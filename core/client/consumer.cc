#include "core/client/consumer.h"

#include "core/client/partition_stream.h"

#include <fmt/core.h>

#include <utility>

namespace weir::client {

Consumer::Consumer(Client& client, ConsumerConfig config)
    : client_(client),
      config_(std::move(config)),
      items_(client.env().executor, config_.queue_size_chunks == 0 ? 1 : config_.queue_size_chunks),
      scope_(client.env().executor) {}

Consumer::~Consumer() = default;

Task<Result<std::unique_ptr<Consumer>>> Consumer::open(Client& client, ConsumerConfig config,
                                                       CancelToken token) {
    if (config.offset_strategy != OffsetStrategy::none && !config.consumer_id.has_value()) {
        co_return fail(ErrorCode::invalid_argument, "storing consumer offsets needs a consumer id");
    }
    WEIR_CO_TRY(const std::uint32_t count, co_await client.wait_for_topic(config.topic, token));
    std::vector<std::uint32_t> partitions = config.partitions;
    if (partitions.empty()) {
        for (std::uint32_t i = 0; i < count; ++i) {
            partitions.push_back(i);
        }
    }
    for (const std::uint32_t partition : partitions) {
        if (partition >= count) {
            co_return fail(ErrorCode::not_found,
                           fmt::format("Partition not found: {} has {} partitions, there is no {}",
                                       config.topic, count, partition));
        }
    }
    auto consumer = std::make_unique<Consumer>(client, std::move(config));
    consumer->start(std::move(partitions));
    co_return consumer;
}

void Consumer::start(std::vector<std::uint32_t> partitions) {
    for (const std::uint32_t partition : partitions) {
        std::unique_ptr<PartitionStream>& stream = streams_[partition];
        if (stream == nullptr) {
            stream = std::make_unique<PartitionStream>(*this, partition, scope_.token());
            ++open_count_;
            scope_.spawn(stream->run());
        }
    }
    if (config_.offset_strategy == OffsetStrategy::automatic) {
        scope_.spawn(flush_periodically());
    }
}

Task<Result<std::optional<ConsumedChunk>>> Consumer::next(CancelToken token) {
    if (config_.offset_strategy == OffsetStrategy::automatic) {
        commit();
    }
    while (open_count_ > 0) {
        WEIR_CO_TRY(Item item, co_await items_.receive(token));
        if (item.chunk.has_value()) {
            positions_[item.partition] = item.chunk->records.back().offset + 1;
            co_return std::optional<ConsumedChunk>(*std::move(item.chunk));
        }
        --open_count_;
        if (item.error.has_value()) {
            co_return fail(*std::move(item.error));
        }
    }
    co_return std::optional<ConsumedChunk>();
}

void Consumer::commit() {
    for (const auto& [partition, position] : positions_) {
        streams_.at(partition)->commit(position);
    }
}

Task<Result<void>> Consumer::flush_offsets(CancelToken token) {
    std::optional<Error> first;
    // Streams are never removed, so the iteration stays good.
    for (const auto& [partition, stream] : streams_) {
        const Result<void> flushed = co_await stream->flush_offset(token);
        if (!flushed.has_value() && !first.has_value()) {
            first = flushed.error();
        }
    }
    if (first.has_value()) {
        co_return fail(*std::move(first));
    }
    co_return Result<void>();
}

Task<void> Consumer::flush_periodically() {
    Env& env = client_.env();
    while (true) {
        const Result<void> slept = co_await sleep_for(env.clock, env.executor,
                                                      config_.offset_flush_period, scope_.token());
        if (!slept.has_value()) {
            co_return;
        }
        // What fails stays unflushed and goes with the next round.
        const Result<void> flushed = co_await flush_offsets(scope_.token());
        WEIR_MAYBE(flushed.has_value());
    }
}

Task<Result<void>> Consumer::close(CancelToken token) {
    Result<void> flushed;
    if (!closed_ && config_.offset_strategy == OffsetStrategy::automatic) {
        commit();
        flushed = co_await flush_offsets(token);
    }
    closed_ = true;
    co_await scope_.close();
    co_return flushed;
}

}  // namespace weir::client
