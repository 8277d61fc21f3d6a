// A producer of one topic: gathers records into batches per partition, sends them to the leaders,
// retries as asked, and tells for each record what became of it (data-plane spec 7.3, 7.4).
//
//     auto producer = co_await Producer::open(client, config, token);
//     auto handle = co_await (*producer)->send(record, token);
//     RecordOutcome outcome = co_await (*handle).wait(token);
//     co_await (*producer)->close(token);
//
// Owned by the application; one shard; the Client outlives it. close() must be awaited before it is
// destroyed (except on a simulated crash). Records of one partition keep their order: one request
// per partition is under way at a time, and it carries everything that was ready.
#pragma once

#include "core/client/client.h"
#include "core/client/compression.h"
#include "core/client/partitioner.h"
#include "core/wire/fetch.h"
#include "core/wire/produce.h"
#include "core/wire/record.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::client {

enum class DeliverySemantic : std::uint8_t {
    at_most_once,   // one attempt
    at_least_once,  // retried until the delivery timeout
};

struct ProducerConfig {
    std::string topic;
    // Nothing: the key decides, or round robin without one.
    std::optional<std::uint32_t> partition;
    // A batch is closed when the next record would take it above this; 57 bytes are its header.
    std::uint32_t batch_size_bytes_max = 16'384;
    // A single record above this is refused.
    std::uint32_t record_size_bytes_max = 1'048'576;
    // Batches of one request together; at least one goes.
    std::uint32_t request_size_bytes_max = 4U << 20;
    // Batches that wait in one partition before send() waits.
    std::uint32_t queue_size_batches = 100;
    // How long a batch waits for more records; 0: only until the loop comes around.
    Duration linger;
    // Nothing: what the topic asks for. Must agree with the topic unless that takes any.
    std::optional<Codec> codec;
    // Our default: an acknowledged record is on every live replica.
    wire::Isolation isolation = wire::Isolation::read_committed;
    DeliverySemantic delivery = DeliverySemantic::at_least_once;
    // Numbers the batches that are retried, if the SC says that its SPUs know them again by that:
    // then a retry never writes a record twice. Servers of Fluvio do not; nor is it so for a
    // producer that is opened while the SC does not answer.
    bool idempotent = true;
    // How long the server may wait for the commit before it answers "timed out". Longer than it
    // takes until a silent replica is given up, or every such replica would fail what is under way.
    Duration server_timeout = Duration::from_s(10);
    // How long one answer may take, on top of the server's timeout, before the connection is given
    // up.
    Duration response_timeout = Duration::from_s(60);
    // All attempts together.
    Duration delivery_timeout = Duration::from_s(300);
    Duration retry_backoff_min = Duration::from_ms(20);
    Duration retry_backoff_max = Duration::from_s(1);
};

struct RecordOutcome {
    enum class Kind : std::uint8_t {
        acked,          // written at `offset`, as durable as the isolation asked for
        failed,         // certainly not written, by any attempt
        indeterminate,  // may or may not have been written, once or more
    };
    Kind kind = Kind::indeterminate;
    std::uint32_t partition = 0;
    // Of this record; only when acked, and when the server timed out waiting for the commit.
    std::optional<Offset> offset;
    // Requests that may have reached the server. Above 1 an acked record may be there twice, unless
    // `once`.
    std::uint32_t attempt_count = 0;
    // However often it was sent, and whatever became of it: it is there at most once.
    bool once = false;
    // Not when acked.
    std::optional<Error> error;
    // The server's code, if it was the server that refused.
    wire::ErrorTag server_code = wire::ErrorTag::none;
};

namespace detail {
// What all records of one batch share.
struct BatchResult {
    explicit BatchResult(Executor& executor) : done(executor) {}
    Event done;
    RecordOutcome outcome;
};
}  // namespace detail

// The promise of an outcome. May outlive the producer.
class RecordHandle {
public:
    RecordHandle(std::shared_ptr<detail::BatchResult> batch, std::uint32_t index)
        : batch_(std::move(batch)), index_(index) {}
    bool done() const { return batch_->done.is_set(); }
    // Only when done.
    RecordOutcome outcome() const;
    // cancelled: the record is still under way.
    Task<Result<RecordOutcome>> wait(CancelToken token) const;

private:
    std::shared_ptr<detail::BatchResult> batch_;
    std::uint32_t index_;
};

struct Record {
    std::optional<Bytes> key;
    Bytes value;
};

class Producer {
public:
    // Errors: not_found (no such topic), invalid_argument (codec against the topic's, partition
    // that does not exist), those of Client::wait_for_topic.
    static Task<Result<std::unique_ptr<Producer>>> open(Client& client, ProducerConfig config,
                                                        CancelToken token);
    // `producer_id`: of an idempotent one.
    Producer(Client& client, ProducerConfig config, Codec codec,
             std::optional<std::int64_t> producer_id);
    ~Producer();
    Producer(const Producer&) = delete;
    Producer& operator=(const Producer&) = delete;

    // Takes the record, copying it; waits while the partition's queue is full. Errors:
    // message_too_large, unavailable (closing), cancelled.
    Task<Result<RecordHandle>> send(Record record, CancelToken token);
    // The same without waiting: nullopt when the queue is full (then wait_for_space).
    Result<std::optional<RecordHandle>> try_send(std::optional<ByteSpan> key, ByteSpan value);
    Task<Result<void>> wait_for_space(CancelToken token);

    // Sends everything now, without lingering, and waits for the outcomes. The first error of a
    // record that was not acked since the last flush.
    Task<Result<void>> flush(CancelToken token);
    // flush(), then the end. When the token is cancelled, what is still under way ends
    // indeterminate (or failed, if it was never sent).
    Task<Result<void>> close(CancelToken token);

private:
    struct OpenBatch;
    struct PartitionQueue;
    class Delivery;

    Result<PartitionQueue*> queue_for(std::optional<ByteSpan> key);
    Result<std::uint32_t> choose_partition(std::optional<ByteSpan> key);
    OpenBatch* room_in(PartitionQueue& queue, std::size_t record_size);
    Task<void> run_partition(PartitionQueue* queue);
    Task<bool> wait_until_ready(PartitionQueue* queue);
    std::vector<OpenBatch> take_ready(PartitionQueue& queue);
    void note(const RecordOutcome& outcome);

    Client& client_;
    ProducerConfig config_;
    Codec codec_;
    std::optional<std::int64_t> producer_id_;
    Partitioner partitioner_;
    std::map<std::uint32_t, std::unique_ptr<PartitionQueue>> queues_;
    // The online partitions, as of the metadata's version.
    std::vector<std::uint32_t> online_;
    std::uint32_t partition_count_ = 0;
    std::optional<std::uint64_t> metadata_version_;
    Notifier space_;
    bool closing_ = false;
    std::optional<Error> first_error_;
    TaskScope scope_;
};

}  // namespace weir::client
