// The consumers' offsets, kept by the SPU that leads consumer-offset-0 (data-plane spec 4.7-4.9).
//
// Every change is a record in that partition's log, committed before it is answered; the table in
// memory is what a replay of the log gives, and is made by one on first use. A record's value: u8
// tag 0 (set) or 1 (deleted), the key bytes (topic, partition, consumer id) and for a set one the
// value bytes (offset i64, modified seconds u64, topic uid 16 bytes), each with a u32 length.
// Records that do not read so are skipped: any client may write to the topic.
//
// An entry belongs to one incarnation of a topic: those of a deleted topic are not shown and not
// used, also when a topic of the same name exists again. When the log has grown far beyond what is
// live, the live entries are written again and everything before them is trimmed.
//
// Owner: `run` in service.cc. One shard.
#pragma once

#include "core/spu/replica_manager.h"
#include "core/wire/consumer_offsets.h"

#include <compare>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace weir::spu {

struct OffsetKey {
    ReplicaKey replica;
    std::string consumer_id;
    friend bool operator==(const OffsetKey&, const OffsetKey&) = default;
    friend std::strong_ordering operator<=>(const OffsetKey&, const OffsetKey&) = default;
};

struct OffsetEntry {
    std::int64_t offset = 0;
    std::uint64_t modified_time_s = 0;
    Uid topic_uid;
    // Where the record is: of two changes of one entry the later one counts.
    Offset log_offset{-1};
};

// What one record says; nullopt entry: deleted.
struct OffsetChange {
    OffsetKey key;
    std::optional<OffsetEntry> entry;
};

// A record's value, and back; malformed when it is something else.
Bytes encode_offset_change(const OffsetChange& change);
Result<OffsetChange> decode_offset_change(ByteSpan value);

class OffsetStore {
public:
    OffsetStore(Context& context, ReplicaManager& replicas);

    // This SPU leads consumer-offset-0.
    bool leads() const;

    // All four answer partition_not_leader when leads() is false.
    Task<ApiResult<std::optional<std::int64_t>>> find(OffsetKey key, Uid topic_uid,
                                                      CancelToken token);
    // Returns when the change is committed.
    Task<wire::ApiError> update(OffsetKey key, Uid topic_uid, std::int64_t offset,
                                CancelToken token);
    Task<wire::ApiError> remove(OffsetKey key, CancelToken token);
    Task<wire::FetchConsumerOffsetsResponse> list(std::optional<wire::ConsumerOffsetFilter> filter,
                                                  CancelToken token);

private:
    Task<ApiResult<std::shared_ptr<log::Log>>> open(CancelToken token);
    Task<Result<log::Appended>> append_committed(BufferSlice batches);
    Task<Result<void>> replay(std::shared_ptr<log::Log> log);
    void replay_batches(ByteSpan batches);
    void apply(const OffsetChange& change, Offset log_offset);
    Task<wire::ApiError> write(OffsetChange change, CancelToken token);
    bool compaction_due(const log::Log& log) const;
    Task<Result<void>> compact(std::shared_ptr<log::Log> log);
    std::vector<OffsetChange> live_changes() const;
    BufferSlice encode_batch(const std::vector<OffsetChange>& changes) const;
    wire::ApiError to_api_error(const Error& error) const;

    Context& context_;
    ReplicaManager& replicas_;
    Logger logger_;
    // Held during a replay, so that everybody sees the whole table or waits.
    AsyncMutex loading_;
    std::shared_ptr<Replica> replica_;
    // The one in which the table was made.
    std::shared_ptr<CancelSource> leadership_;
    bool loaded_ = false;
    std::map<OffsetKey, OffsetEntry> entries_;
    // A rewrite excludes changes in flight: they are in the log and not in the table yet.
    bool compacting_ = false;
    std::size_t in_flight_count_ = 0;
    Notifier changed_;
};

}  // namespace weir::spu
