#include "core/client/producer.h"

#include "core/client/delivery.h"
#include "core/model/batch.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace weir::client {

RecordOutcome RecordHandle::outcome() const {
    WEIR_ASSERT(done());
    RecordOutcome outcome = batch_->outcome;
    if (outcome.offset.has_value()) {
        outcome.offset = *outcome.offset + static_cast<std::int64_t>(index_);
    }
    return outcome;
}

Task<Result<RecordOutcome>> RecordHandle::wait(CancelToken token) const {
    const RecordHandle self = *this;
    const Result<void> waited = co_await self.batch_->done.wait(token);
    if (!waited.has_value()) {
        co_return fail(waited.error());
    }
    co_return self.outcome();
}

struct Producer::PartitionQueue {
    PartitionQueue(Executor& executor, std::uint32_t partition_in,
                   std::optional<std::int64_t> producer_id)
        : partition(partition_in), numbers(producer_id), changed(executor) {}
    std::uint32_t partition;
    SequenceNumbers numbers;
    std::deque<OpenBatch> batches;
    // Of the request that is under way.
    std::vector<std::shared_ptr<detail::BatchResult>> in_flight;
    Notifier changed;
    // Until the queue is empty, batches go without lingering.
    bool flush = false;
};

namespace {

std::optional<Codec> codec_of(CompressionAlgorithm algorithm) {
    switch (algorithm) {
        case CompressionAlgorithm::none: return Codec::none;
        case CompressionAlgorithm::gzip: return Codec::gzip;
        case CompressionAlgorithm::snappy: return Codec::snappy;
        case CompressionAlgorithm::lz4: return Codec::lz4;
        case CompressionAlgorithm::zstd: return Codec::zstd;
        case CompressionAlgorithm::any: return std::nullopt;
    }
    return std::nullopt;
}

Result<Codec> agree_on_codec(std::optional<Codec> wanted, CompressionAlgorithm of_topic) {
    const std::optional<Codec> demanded = codec_of(of_topic);
    if (!demanded.has_value()) {
        return wanted.value_or(Codec::none);
    }
    if (wanted.has_value() && *wanted != *demanded) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("Invalid configuration in producer: Compression in the producer "
                                "({}) does not match with topic level compression ({})",
                                to_string(*wanted), to_string(*demanded)));
    }
    return *demanded;
}

}  // namespace

Producer::Producer(Client& client, ProducerConfig config, Codec codec,
                   std::optional<std::int64_t> producer_id)
    : client_(client),
      config_(std::move(config)),
      codec_(codec),
      producer_id_(producer_id),
      space_(client.env().executor),
      scope_(client.env().executor) {}

Producer::~Producer() = default;

Task<Result<std::unique_ptr<Producer>>> Producer::open(Client& client, ProducerConfig config,
                                                       CancelToken token) {
    WEIR_CO_TRY(const std::uint32_t count, co_await client.wait_for_topic(config.topic, token));
    if (config.partition.has_value() && *config.partition >= count) {
        co_return fail(ErrorCode::invalid_argument,
                       fmt::format("Partition not found: {} has {} partitions, there is no {}",
                                   config.topic, count, *config.partition));
    }
    const auto topic = client.metadata().topics().find(config.topic);
    if (topic == client.metadata().topics().end()) {
        co_return fail(ErrorCode::not_found, "Topic not found: " + config.topic);
    }
    WEIR_CO_TRY(const Codec codec,
                agree_on_codec(config.codec, topic->second.spec.compression_type));
    std::optional<std::int64_t> producer_id;
    if (config.idempotent && config.delivery == DeliverySemantic::at_least_once) {
        WEIR_CO_TRY(producer_id, co_await client.begin_producer(token));
    }
    co_return std::make_unique<Producer>(client, std::move(config), codec, producer_id);
}

Result<std::uint32_t> Producer::choose_partition(std::optional<ByteSpan> key) {
    if (config_.partition.has_value()) {
        return *config_.partition;
    }
    const Metadata& metadata = client_.metadata();
    if (metadata_version_ != metadata.version()) {
        metadata_version_ = metadata.version();
        partition_count_ = metadata.partition_count(config_.topic);
        online_ = metadata.online_partitions(config_.topic);
    }
    if (partition_count_ == 0) {
        return fail(ErrorCode::not_found, "Topic not found: " + config_.topic);
    }
    return partitioner_.choose(key, partition_count_, online_);
}

Result<Producer::PartitionQueue*> Producer::queue_for(std::optional<ByteSpan> key) {
    WEIR_TRY(const std::uint32_t partition, choose_partition(key));
    std::unique_ptr<PartitionQueue>& queue = queues_[partition];
    if (queue == nullptr) {
        queue = std::make_unique<PartitionQueue>(client_.env().executor, partition, producer_id_);
        scope_.spawn(run_partition(queue.get()));
    }
    return queue.get();
}

Producer::OpenBatch* Producer::room_in(PartitionQueue& queue, std::size_t record_size) {
    if (!queue.batches.empty() && !queue.batches.back().sealed) {
        OpenBatch& last = queue.batches.back();
        if (kBatchHeaderSize + last.payload.size() + record_size <= config_.batch_size_bytes_max) {
            return &last;
        }
        last.sealed = true;
    }
    if (queue.batches.size() >= config_.queue_size_batches) {
        return nullptr;
    }
    OpenBatch& fresh = queue.batches.emplace_back();
    fresh.created = client_.env().clock.now();
    fresh.first_timestamp = client_.env().clock.wall_now();
    fresh.result = std::make_shared<detail::BatchResult>(client_.env().executor);
    return &fresh;
}

Result<std::optional<RecordHandle>> Producer::try_send(std::optional<ByteSpan> key,
                                                       ByteSpan value) {
    if (closing_) {
        return fail(ErrorCode::unavailable, "the producer is closing");
    }
    wire::RecordView view;
    view.key = key;
    view.value = value;
    // Deltas count with their largest size, so that a batch never gets larger than asked for.
    view.offset_delta = std::numeric_limits<std::int32_t>::max();
    view.timestamp_delta_ms = std::numeric_limits<std::int32_t>::max();
    const std::size_t size = wire::encoded_size(view);
    if (size > config_.record_size_bytes_max) {
        return fail(ErrorCode::message_too_large,
                    fmt::format("a record of {} bytes is larger than the {} that the producer "
                                "allows: raise its maximum request size",
                                size, config_.record_size_bytes_max));
    }
    WEIR_TRY(PartitionQueue* const queue, queue_for(key));
    OpenBatch* const batch = room_in(*queue, size);
    if (batch == nullptr) {
        return std::optional<RecordHandle>();
    }
    const std::int64_t elapsed = (client_.env().clock.wall_now() - batch->first_timestamp).ms();
    // The wall clock may step; records of a batch do not go back in time.
    batch->last_delta_ms = static_cast<std::int32_t>(std::clamp<std::int64_t>(
        elapsed, batch->last_delta_ms, std::numeric_limits<std::int32_t>::max()));
    const std::uint32_t index = batch->payload.record_count();
    batch->payload.add(key, value, batch->last_delta_ms);
    if (kBatchHeaderSize + batch->payload.size() >= config_.batch_size_bytes_max ||
        client_.env().probe.fault(FaultPoint::client_batch_sealed)) {
        batch->sealed = true;
    }
    queue->changed.notify_all();
    return std::optional<RecordHandle>(RecordHandle(batch->result, index));
}

Task<Result<RecordHandle>> Producer::send(Record record, CancelToken token) {
    while (true) {
        const std::optional<ByteSpan> key =
            record.key.has_value() ? std::optional<ByteSpan>(*record.key) : std::nullopt;
        WEIR_CO_TRY(std::optional<RecordHandle> handle, try_send(key, record.value));
        if (handle.has_value()) {
            co_return *std::move(handle);
        }
        WEIR_CO_CHECK(co_await wait_for_space(token));
    }
}

Task<Result<void>> Producer::wait_for_space(CancelToken token) {
    co_return co_await space_.wait(token);
}

Task<bool> Producer::wait_until_ready(PartitionQueue* queue) {
    Clock& clock = client_.env().clock;
    while (true) {
        if (queue->batches.empty()) {
            queue->flush = false;
            if (closing_ || scope_.token().cancelled()) {
                co_return false;
            }
            const Result<void> waited = co_await queue->changed.wait(scope_.token());
            WEIR_MAYBE(waited.has_value());
            continue;
        }
        const OpenBatch& front = queue->batches.front();
        const bool at_once = client_.env().probe.fault(FaultPoint::client_no_linger);
        const Instant due = at_once ? front.created : front.created + config_.linger;
        if (front.sealed || queue->flush || closing_ || clock.now() >= due ||
            scope_.token().cancelled()) {
            co_return true;
        }
        Deadline linger(clock, due, scope_.token());
        const Result<void> waited = co_await queue->changed.wait(linger.token());
        WEIR_MAYBE(waited.has_value());
    }
}

std::vector<Producer::OpenBatch> Producer::take_ready(PartitionQueue& queue) {
    std::vector<OpenBatch> taken;
    std::size_t size = 0;
    while (!queue.batches.empty()) {
        const std::size_t batch_size = kBatchHeaderSize + queue.batches.front().payload.size();
        if (!taken.empty() && (size + batch_size > config_.request_size_bytes_max ||
                               client_.env().probe.fault(FaultPoint::client_one_batch))) {
            break;
        }
        size += batch_size;
        queue.in_flight.push_back(queue.batches.front().result);
        taken.push_back(std::move(queue.batches.front()));
        queue.batches.pop_front();
    }
    return taken;
}

Task<void> Producer::run_partition(PartitionQueue* queue) {
    while (true) {
        const bool ready = co_await wait_until_ready(queue);
        if (!ready) {
            co_return;
        }
        queue->numbers.begin_request();
        Delivery delivery(client_, config_, queue->partition, queue->numbers, scope_.token());
        std::vector<OpenBatch> batches = take_ready(*queue);
        for (OpenBatch& batch : batches) {
            delivery.add(codec_, std::move(batch));
        }
        space_.notify_all();
        co_await delivery.run();
        for (const std::shared_ptr<detail::BatchResult>& result : queue->in_flight) {
            WEIR_ASSERT(result->done.is_set());
            note(result->outcome);
        }
        queue->in_flight.clear();
    }
}

void Producer::note(const RecordOutcome& outcome) {
    if (outcome.kind != RecordOutcome::Kind::acked && !first_error_.has_value()) {
        first_error_ = outcome.error;
    }
}

Task<Result<void>> Producer::flush(CancelToken token) {
    std::vector<std::shared_ptr<detail::BatchResult>> waiting;
    for (auto& [partition, queue] : queues_) {
        waiting.insert(waiting.end(), queue->in_flight.begin(), queue->in_flight.end());
        for (const OpenBatch& batch : queue->batches) {
            waiting.push_back(batch.result);
        }
        queue->flush = !queue->batches.empty();
        queue->changed.notify_all();
    }
    for (const std::shared_ptr<detail::BatchResult>& result : waiting) {
        WEIR_CO_CHECK(co_await result->done.wait(token));
    }
    // The sender notes the outcomes after it has set them: let it.
    co_await yield(client_.env().executor);
    if (first_error_.has_value()) {
        Error error = *std::exchange(first_error_, std::nullopt);
        co_return fail(std::move(error));
    }
    co_return Result<void>();
}

Task<Result<void>> Producer::close(CancelToken token) {
    closing_ = true;
    Result<void> flushed = co_await flush(token);
    co_await scope_.close();
    co_return flushed;
}

}  // namespace weir::client
