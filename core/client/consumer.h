// A consumer of one topic: one stream per partition, from a chosen offset, in order and without
// gaps, over reconnects and leader changes (data-plane spec 7.5, 7.6).
//
//     auto consumer = co_await Consumer::open(client, config, token);
//     while (true) {
//         auto chunk = co_await (*consumer)->next(token);
//         if (!chunk.has_value() || !chunk->has_value()) break;   // error, or the end
//         for (const ConsumedRecord& record : (*chunk)->records) ...
//     }
//     co_await (*consumer)->close(token);
//
// Owned by the application; one shard; the Client outlives it. close() must be awaited before it is
// destroyed (except on a simulated crash). Records are views into their chunk.
#pragma once

#include "core/base/small_vector.h"
#include "core/client/client.h"
#include "core/task/channel.h"
#include "core/wire/fetch.h"
#include "core/wire/stream_fetch.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::client {

struct StartOffset {
    enum class From : std::uint8_t {
        absolute,   // `count` itself, even when an offset is stored for the consumer
        beginning,  // the stored offset, else the log start; then `count` further
        end,        // the stored offset, else the end; then `count` back
        time,       // `count` milliseconds since 1970, even when an offset is stored (offset_at)
    };
    From from = From::end;
    std::int64_t count = 0;
};

enum class OffsetStrategy : std::uint8_t {
    none,
    manual,     // commit() and flush_offsets() by the application
    automatic,  // what next() has returned is committed by the call after it, and at close()
};

enum class EndOfLog : std::uint8_t {
    wait,  // for more records
    stop,  // at the end that was there when the stream was opened
};

struct ConsumerConfig {
    std::string topic;
    // Empty: all of the topic.
    std::vector<std::uint32_t> partitions;
    StartOffset start;
    // The last offset to deliver, included.
    std::optional<std::int64_t> last_offset;
    EndOfLog end_of_log = EndOfLog::wait;
    wire::Isolation isolation = wire::Isolation::read_committed;
    // Of one answer; the server sends at least one whole batch all the same.
    std::uint32_t max_bytes = 1'048'890;
    // Of one batch, uncompressed.
    std::uint32_t inflated_size_bytes_max = 256U << 20;
    // Answers that wait for next(), all partitions together.
    std::uint32_t queue_size_chunks = 4;
    // Required for any strategy but none; with it alone the stored offset is used and not written.
    std::optional<std::string> consumer_id;
    OffsetStrategy offset_strategy = OffsetStrategy::none;
    Duration offset_flush_period = Duration::from_s(10);
    // Attempts in a row without a record before the stream ends with the last error. 0: no limit.
    std::uint32_t reconnect_count_max = 100;
    std::vector<wire::SmartModuleInvocation> smartmodules;
};

struct ConsumedRecord {
    Offset offset;
    // Milliseconds since 1970, or -1.
    std::int64_t timestamp_ms = -1;
    std::optional<ByteSpan> key;
    ByteSpan value;
};

// Records of one answer of one partition, ascending and never empty; keeps their bytes alive.
struct ConsumedChunk {
    std::uint32_t partition = 0;
    Offset high_watermark;
    std::vector<ConsumedRecord> records;
    SmallVector<BufferSlice, 1> owners;
};

// Takes the records of `response` at `from` and later. Errors: corrupt (a batch that does not match
// its checksum, payload that does not decode), message_too_large. `*next` becomes the offset after
// the last batch.
Result<ConsumedChunk> decode_chunk(const wire::FetchPartitionResponse& response, Offset from,
                                   std::size_t inflated_size_max, Offset* next);

class Consumer {
public:
    // Errors: not_found (no such topic or partition), invalid_argument (an offset strategy without
    // an id), those of Client::wait_for_topic.
    static Task<Result<std::unique_ptr<Consumer>>> open(Client& client, ConsumerConfig config,
                                                        CancelToken token);
    Consumer(Client& client, ConsumerConfig config);
    ~Consumer();
    Consumer(const Consumer&) = delete;
    Consumer& operator=(const Consumer&) = delete;

    // The next records of any partition; nullopt when all partitions have come to their end.
    Task<Result<std::optional<ConsumedChunk>>> next(CancelToken token);
    // Where each partition's delivery stands: the offset after the last record that next()
    // returned, or the start offset once the stream is open.
    const std::map<std::uint32_t, Offset>& positions() const { return positions_; }

    // Everything that next() has returned so far counts as consumed. Nothing is sent yet.
    void commit();
    // Stores the committed offsets; waits for the servers' answers.
    Task<Result<void>> flush_offsets(CancelToken token);

    // Commits and flushes if the strategy is automatic, then ends all streams.
    Task<Result<void>> close(CancelToken token);

private:
    class PartitionStream;
    struct Item {
        std::uint32_t partition = 0;
        // Neither: the partition has ended.
        std::optional<ConsumedChunk> chunk;
        std::optional<Error> error;
    };
    void start(std::vector<std::uint32_t> partitions);
    Task<void> flush_periodically();

    Client& client_;
    ConsumerConfig config_;
    std::map<std::uint32_t, std::unique_ptr<PartitionStream>> streams_;
    std::map<std::uint32_t, Offset> positions_;
    std::size_t open_count_ = 0;
    bool closed_ = false;
    Channel<Item> items_;
    TaskScope scope_;
};

}  // namespace weir::client
