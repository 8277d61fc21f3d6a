#include "core/spu/offset_store.h"

#include "core/model/batch.h"
#include "core/model/topic.h"
#include "core/wire/record.h"

#include <fmt/core.h>

namespace weir::spu {

using wire::ApiError;
using wire::ErrorTag;

namespace {

constexpr std::uint8_t kTagSet = 0;
constexpr std::uint8_t kTagDeleted = 1;
constexpr std::uint64_t kReplaySize = 1U << 20;
// A batch of one set entry, about; for deciding whether a rewrite pays.
constexpr std::uint64_t kEntrySize = 150;
constexpr std::uint64_t kGarbageFactor = 4;
// Entries in one batch of a rewrite.
constexpr std::size_t kRewriteCount = 1'000;

bool matches(const wire::ConsumerOffsetFilter& filter, const OffsetKey& key) {
    return (!filter.replica.has_value() || *filter.replica == key.replica) &&
           (!filter.consumer_id.has_value() || *filter.consumer_id == key.consumer_id);
}

}  // namespace

Bytes encode_offset_change(const OffsetChange& change) {
    wire::Writer key;
    encode(key, change.key.replica);
    key.write_string(change.key.consumer_id);
    wire::Writer writer;
    writer.write_u8(change.entry.has_value() ? kTagSet : kTagDeleted);
    writer.write_byte_vector(key.span());
    if (change.entry.has_value()) {
        wire::Writer value;
        value.write_i64(change.entry->offset);
        value.write_u64(change.entry->modified_time_s);
        value.write_u64(change.entry->topic_uid.high);
        value.write_u64(change.entry->topic_uid.low);
        writer.write_byte_vector(value.span());
    }
    return std::move(writer).take();
}

Result<OffsetChange> decode_offset_change(ByteSpan value) {
    wire::Reader reader(value);
    OffsetChange change;
    WEIR_TRY(const std::uint8_t tag, reader.read_u8());
    if (tag != kTagSet && tag != kTagDeleted) {
        return fail(ErrorCode::malformed, fmt::format("unknown tag {}", tag));
    }
    WEIR_TRY(const ByteSpan key_bytes, reader.read_byte_vector());
    wire::Reader key(key_bytes);
    WEIR_TRY(change.key.replica, wire::decode_replica_key(key));
    WEIR_TRY(change.key.consumer_id, key.read_string());
    if (tag == kTagSet) {
        WEIR_TRY(const ByteSpan value_bytes, reader.read_byte_vector());
        wire::Reader fields(value_bytes);
        OffsetEntry entry;
        WEIR_TRY(entry.offset, fields.read_i64());
        WEIR_TRY(entry.modified_time_s, fields.read_u64());
        WEIR_TRY(entry.topic_uid.high, fields.read_u64());
        WEIR_TRY(entry.topic_uid.low, fields.read_u64());
        change.entry = entry;
    }
    return change;
}

OffsetStore::OffsetStore(Context& context, ReplicaManager& replicas)
    : context_(context),
      replicas_(replicas),
      logger_(context.logger("spu.offsets")),
      loading_(context.env.executor),
      changed_(context.env.executor) {}

bool OffsetStore::leads() const {
    return replicas_.find_leader(kConsumerOffsetTopic, 0) != nullptr;
}

// The log of consumer-offset-0, with the table made from it.
Task<ApiResult<std::shared_ptr<log::Log>>> OffsetStore::open(CancelToken token) {
    const Result<AsyncMutex::Guard> guard = co_await loading_.lock(token);
    if (!guard.has_value()) {
        co_return api_fail(ApiError::other("the server is stopping"));
    }
    const std::shared_ptr<Replica> replica = replicas_.find_leader(kConsumerOffsetTopic, 0);
    if (replica == nullptr) {
        co_return api_fail(ApiError(ErrorTag::partition_not_leader));
    }
    Result<std::shared_ptr<log::Log>> log = co_await replica->open_log();
    if (!log.has_value()) {
        co_return api_fail(to_api_error(log.error()));
    }
    const bool is_known =
        co_await replica->wait_committed_end(context_.config.committed_end_timeout, token);
    if (!is_known) {
        co_return api_fail(ApiError(ErrorTag::partition_not_leader));
    }
    if (replica != replica_ || replica->leadership() != leadership_) {
        replica_ = replica;
        leadership_ = replica->leadership();
        loaded_ = false;
    }
    if (loaded_ && !compacting_ && in_flight_count_ == 0 &&
        context_.env.probe.fault(FaultPoint::spu_offsets_replayed)) {
        loaded_ = false;
    }
    if (!loaded_) {
        entries_.clear();
        const Result<void> replayed = co_await replay(*log);
        if (!replayed.has_value()) {
            WEIR_LOG(logger_, error, "consumer offsets cannot be read: {}",
                     to_string(replayed.error()));
            co_return api_fail(to_api_error(replayed.error()));
        }
        loaded_ = true;
    }
    co_return *std::move(log);
}

Task<Result<void>> OffsetStore::replay(std::shared_ptr<log::Log> log) {
    Offset at = log->log_start();
    while (at < log->committed_end()) {
        log::ReadRequest request;
        request.offset = at;
        request.limit = log->committed_end();
        request.size_bytes_max = kReplaySize;
        WEIR_CO_TRY(const BufferSlice batches, co_await log->read_checked(request));
        BatchWalker walker(batches.span(), BatchWalker::Check::header);
        Offset next = at;
        while (const auto batch = walker.next()) {
            next = batch->header.next_offset();
        }
        if (next <= at) {
            co_return fail(ErrorCode::corrupt,
                           fmt::format("no batch at offset {} of consumer-offset-0", at.value()));
        }
        replay_batches(batches.span());
        at = next;
    }
    co_return Result<void>();
}

void OffsetStore::replay_batches(ByteSpan batches) {
    BatchWalker walker(batches, BatchWalker::Check::header);
    while (const auto batch = walker.next()) {
        // Ours are never compressed.
        if (batch->header.codec() != 0) {
            continue;
        }
        auto records =
            wire::RecordWalker::open(batch->bytes.subspan(batch->header.payload_start()));
        Offset at = batch->header.base_offset;
        while (records.has_value() && records->more()) {
            const Result<wire::RecordView> record = records->next();
            if (!record.has_value()) {
                break;
            }
            const Result<OffsetChange> change = decode_offset_change(record->value);
            if (change.has_value()) {
                apply(*change, at);
            }
            at += 1;
        }
    }
}

void OffsetStore::apply(const OffsetChange& change, Offset log_offset) {
    const auto found = entries_.find(change.key);
    if (found != entries_.end() && found->second.log_offset > log_offset) {
        return;
    }
    if (!change.entry.has_value()) {
        if (found != entries_.end()) {
            entries_.erase(found);
        }
        return;
    }
    OffsetEntry entry = *change.entry;
    entry.log_offset = log_offset;
    entries_.insert_or_assign(change.key, entry);
}

BufferSlice OffsetStore::encode_batch(const std::vector<OffsetChange>& changes) const {
    WEIR_ASSERT(!changes.empty());
    wire::PayloadBuilder payload;
    for (const OffsetChange& change : changes) {
        const Bytes value = encode_offset_change(change);
        payload.add(std::nullopt, value, 0);
    }
    BatchHeader header;
    header.last_offset_delta = static_cast<std::int32_t>(payload.record_count()) - 1;
    header.first_timestamp = context_.env.clock.wall_now().ms();
    header.max_time_stamp = header.first_timestamp;
    const Bytes bytes = std::move(payload).take();
    return BufferSlice(Buffer::copy_of(make_batch(header, bytes)));
}

// As leader, in the leadership of the table. After an error the records may be in the log or not:
// the table has to be made anew.
Task<Result<log::Appended>> OffsetStore::append_committed(BufferSlice batches) {
    const std::shared_ptr<Replica> replica = replica_;
    const std::shared_ptr<log::Log> log = replica->log_if_open();
    const std::shared_ptr<CancelSource> leadership = leadership_;
    if (replica->may_produce(replication::Isolation::read_committed) !=
            replication::Permission::granted ||
        replica->leadership() != leadership) {
        co_return fail(ErrorCode::not_leader, "another SPU leads, or too few follow");
    }
    WEIR_CO_TRY(const log::Appended appended, replica->append(std::move(batches)));
    const Result<void> committed = co_await log->wait_committed(appended, leadership->token());
    if (!committed.has_value()) {
        loaded_ = false;
        co_return fail(committed.error());
    }
    co_return appended;
}

// A record is committed, then it is in the table, then it is answered.
Task<ApiError> OffsetStore::write(OffsetChange change, CancelToken token) {
    ApiResult<std::shared_ptr<log::Log>> log = co_await open(token);
    if (!log.has_value()) {
        co_return std::move(log).error();
    }
    while (compacting_) {
        const Result<void> waited = co_await changed_.wait(token);
        if (!waited.has_value()) {
            co_return to_api_error(waited.error());
        }
    }
    BufferSlice batch = encode_batch({change});
    ++in_flight_count_;
    // Not with the token: the change gets into the log, and the table must learn of it.
    const Result<log::Appended> appended = co_await append_committed(std::move(batch));
    --in_flight_count_;
    changed_.notify_all();
    if (!appended.has_value()) {
        co_return to_api_error(appended.error());
    }
    apply(change, appended->base_offset);
    const std::shared_ptr<Replica> replica = replica_;
    if (replica != nullptr) {
        replicas_.note_change(*replica);
    }
    if (compaction_due(**log)) {
        const Result<void> compacted = co_await compact(*log);
        if (!compacted.has_value()) {
            WEIR_LOG(logger_, warn, "consumer offsets were not compacted: {}",
                     to_string(compacted.error()));
        }
    }
    co_return ApiError();
}

bool OffsetStore::compaction_due(const log::Log& log) const {
    if (!compacting_ && context_.env.probe.fault(FaultPoint::spu_offsets_compacted)) {
        return true;
    }
    return !compacting_ && log.size_bytes() > context_.config.offsets_compact_size_bytes &&
           log.size_bytes() > kGarbageFactor * kEntrySize * entries_.size();
}

std::vector<OffsetChange> OffsetStore::live_changes() const {
    std::vector<OffsetChange> live;
    for (const auto& [key, entry] : entries_) {
        if (context_.cluster.has_topic(key.replica.topic, entry.topic_uid)) {
            live.push_back(OffsetChange{key, entry});
        }
    }
    return live;
}

// Writes the live entries again, then trims what is before them. A crash in between leaves both,
// and the replay of both gives the same table.
Task<Result<void>> OffsetStore::compact(std::shared_ptr<log::Log> log) {
    compacting_ = true;
    while (in_flight_count_ > 0) {
        const Result<void> waited = co_await changed_.wait();
        WEIR_MAYBE(waited.has_value());
    }
    Result<void> result = co_await log->roll();
    const Offset first = log->leo();
    std::vector<OffsetChange> live = live_changes();
    std::vector<OffsetChange> part;
    while (result.has_value() && !live.empty()) {
        const std::size_t count = std::min(kRewriteCount, live.size());
        part.assign(live.end() - static_cast<std::ptrdiff_t>(count), live.end());
        live.resize(live.size() - count);
        const Result<log::Appended> appended = co_await append_committed(encode_batch(part));
        if (!appended.has_value()) {
            result = fail(appended.error());
            break;
        }
        Offset at = appended->base_offset;
        for (const OffsetChange& change : part) {
            apply(change, at);
            at += 1;
        }
    }
    if (result.has_value()) {
        result = co_await log->trim(first);
    }
    compacting_ = false;
    context_.env.probe.reached(Sometimes::spu_offsets_compacted);
    changed_.notify_all();
    co_return result;
}

Task<ApiResult<std::optional<std::int64_t>>> OffsetStore::find(OffsetKey key, Uid topic_uid,
                                                               CancelToken token) {
    const ApiResult<std::shared_ptr<log::Log>> log = co_await open(token);
    if (!log.has_value()) {
        co_return api_fail(log.error());
    }
    const auto found = entries_.find(key);
    if (found == entries_.end() || found->second.topic_uid != topic_uid) {
        co_return std::optional<std::int64_t>();
    }
    co_return std::optional<std::int64_t>(found->second.offset);
}

Task<ApiError> OffsetStore::update(OffsetKey key, Uid topic_uid, std::int64_t offset,
                                   CancelToken token) {
    OffsetChange change;
    change.key = std::move(key);
    OffsetEntry entry;
    entry.offset = offset;
    entry.modified_time_s = static_cast<std::uint64_t>(context_.env.clock.wall_now().s());
    entry.topic_uid = topic_uid;
    change.entry = entry;
    co_return co_await write(std::move(change), token);
}

Task<ApiError> OffsetStore::remove(OffsetKey key, CancelToken token) {
    const ApiResult<std::shared_ptr<log::Log>> log = co_await open(token);
    if (!log.has_value()) {
        co_return log.error();
    }
    // What is not there needs no record (spec 4.8: deleting an absent entry succeeds). An update in
    // flight is of another request and comes after this one or before, as it likes.
    if (!entries_.contains(key)) {
        co_return ApiError();
    }
    OffsetChange change;
    change.key = std::move(key);
    co_return co_await write(std::move(change), token);
}

Task<wire::FetchConsumerOffsetsResponse> OffsetStore::list(
    std::optional<wire::ConsumerOffsetFilter> filter, CancelToken token) {
    wire::FetchConsumerOffsetsResponse response;
    const ApiResult<std::shared_ptr<log::Log>> log = co_await open(token);
    if (!log.has_value()) {
        response.error = log.error();
        co_return response;
    }
    for (const auto& [key, entry] : entries_) {
        if (!context_.cluster.has_topic(key.replica.topic, entry.topic_uid) ||
            (filter.has_value() && !matches(*filter, key))) {
            continue;
        }
        wire::ConsumerOffset consumer;
        consumer.consumer_id = key.consumer_id;
        consumer.replica = key.replica;
        consumer.offset = entry.offset;
        consumer.modified_time_s = entry.modified_time_s;
        response.consumers.push_back(std::move(consumer));
    }
    co_return response;
}

ApiError OffsetStore::to_api_error(const Error& error) const {
    if (!leads()) {
        return ApiError(ErrorTag::partition_not_leader);
    }
    if (error.code == ErrorCode::disk_full) {
        return ApiError(ErrorTag::partition_full, ReplicaKey{kConsumerOffsetTopic, 0});
    }
    if (error.code == ErrorCode::cancelled) {
        return ApiError::other("the server is stopping");
    }
    return ApiError(ErrorTag::storage_error);
}

}  // namespace weir::spu
