#include "core/sc/embedded_store.h"

#include "core/base/mutant.h"
#include "core/env/dawdle.h"
#include "core/model/batch.h"
#include "core/wire/record.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace weir::sc {

namespace {

// Whose log the journal is; a constant, because the folder says which cluster it is.
constexpr Uid kJournalUid = {0x776569722d6d6574, 0x61646174612d3031};
constexpr std::uint64_t kReadSize = 1U << 20;

// One record in a batch of its own, as every batch of a log has to be.
Bytes batch_of(const Bytes& record) {
    wire::Writer payload;
    payload.write_u32(1);
    wire::RecordView view;
    view.value = record;
    wire::encode_record(payload, view);
    return make_batch(BatchHeader(), payload.span());
}

Result<void> replay_batch(JournalReplay& replay, const BatchView& batch) {
    wire::Reader reader(batch.bytes.subspan(kBatchHeaderSize));
    const auto count = reader.read_u32();
    if (!count.has_value() || *count != 1 || batch.header.codec() != 0) {
        return fail(ErrorCode::corrupt, "metadata journal: a batch does not hold one record");
    }
    const auto record = wire::decode_record(reader);
    if (!record.has_value()) {
        return fail(ErrorCode::corrupt, "metadata journal: " + record.error().context);
    }
    return replay.apply(record->value);
}

Result<void> replay_batches(JournalReplay& replay, ByteSpan bytes) {
    BatchWalker walker(bytes, BatchWalker::Check::header_and_crc);
    while (const auto batch = walker.next()) {
        WEIR_CHECK(replay_batch(replay, *batch));
    }
    if (walker.end() != BatchWalker::End::clean) {
        return fail(ErrorCode::corrupt,
                    fmt::format("metadata journal: {}", to_string(walker.fault())));
    }
    return Result<void>();
}

// What Mutant::newest_topic_forgotten loses: the topic and the partitions stored with it.
void forget_newest_topic(StoreState& state) {
    std::uint64_t newest = 0;
    for (const auto& [key, value] : state) {
        newest = key.kind == RecordKind::topic ? std::max(newest, value.revision) : newest;
    }
    std::erase_if(state, [newest](const auto& item) { return item.second.revision == newest; });
}

}  // namespace

EmbeddedStore::EmbeddedStore(Env& env, EmbeddedStoreConfig config)
    : env_(env),
      log_(env.log, "sc.store"),
      config_(std::move(config)),
      writing_(env.executor),
      changed_(env.executor) {}

Task<Result<std::unique_ptr<EmbeddedStore>>> EmbeddedStore::open(Env& env,
                                                                 EmbeddedStoreConfig config) {
    std::unique_ptr<EmbeddedStore> store(new EmbeddedStore(env, std::move(config)));
    Result<void> loaded = co_await store->load();
    if (!loaded.has_value()) {
        if (store->journal_ != nullptr) {
            // It was only read; what closing says does not matter beside the first error.
            const Result<void> closed = co_await store->journal_->close();
            static_cast<void>(closed);
        }
        co_return fail(std::move(loaded).error());
    }
    co_return std::move(store);
}

Task<Result<void>> EmbeddedStore::load() {
    WEIR_CO_CHECK(co_await env_.disk.create_directories(config_.dir));
    auto lock = co_await env_.disk.lock_directory(config_.dir);
    if (!lock.has_value()) {
        co_return fail(ErrorCode::unavailable,
                       fmt::format("the metadata folder '{}' is in use: stop the other SC first "
                                   "({})",
                                   config_.dir, lock.error().context));
    }
    lock_ = *std::move(lock);
    log::LogConfig log_config;
    log_config.identity.uid = kJournalUid;
    log_config.segment_size_bytes_max = config_.segment_size_bytes;
    log_config.preallocate_bytes_max =
        std::min<std::uint64_t>(1U << 20, config_.segment_size_bytes);
    log_config.commit_gather_max = Duration();
    log_config.tail_cache_bytes_max = 64U << 10;
    std::string dir = config_.dir + "/journal";
    WEIR_CO_TRY(journal_, co_await log::Log::open(env_, std::move(dir), log_config));

    JournalReplay replay(journal_->log_start() == Offset(0));
    Offset next = journal_->log_start();
    const Offset end = journal_->leo();
    while (next < end) {
        log::ReadRequest request;
        request.offset = next;
        request.limit = end;
        request.size_bytes_max = kReadSize;
        WEIR_CO_TRY(const BufferSlice slice, co_await journal_->read_checked(request));
        if (slice.empty()) {
            co_return fail(ErrorCode::corrupt,
                           fmt::format("metadata journal: nothing to read at offset {} of {}",
                                       next.value(), end.value()));
        }
        WEIR_CO_CHECK(replay_batches(replay, slice.span()));
        BatchWalker walker(slice.span(), BatchWalker::Check::header);
        while (const auto batch = walker.next()) {
            next = batch->header.next_offset();
        }
    }
    WEIR_CO_CHECK(replay.finish());
    revision_ = replay.revision();
    state_ = std::move(replay).take_state();
    if (mutant(Mutant::newest_topic_forgotten)) {
        forget_newest_topic(state_);
    }
    changes_known_since_ = revision_;
    WEIR_LOG(log_, info, "metadata at revision {}: {} objects, journal of {} bytes", revision_,
             state_.size(), journal_->size_bytes());
    co_return Result<void>();
}

Task<Result<std::optional<StoreValue>>> EmbeddedStore::get(StoreKey key) {
    const auto found = state_.find(key);
    if (found == state_.end()) {
        co_return std::optional<StoreValue>();
    }
    co_return std::optional<StoreValue>(found->second);
}

Task<Result<std::vector<StoreItem>>> EmbeddedStore::list(RecordKind kind) {
    std::vector<StoreItem> items;
    StoreKey first;
    first.kind = kind;
    for (auto at = state_.lower_bound(first); at != state_.end() && at->first.kind == kind; ++at) {
        StoreItem item;
        item.name = at->first.name;
        item.value = at->second;
        items.push_back(std::move(item));
    }
    co_return std::move(items);
}

Task<Result<std::uint64_t>> EmbeddedStore::commit(std::vector<Mutation> mutations) {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await writing_.lock());
    if (failed_) {
        co_return fail(ErrorCode::unavailable, "the metadata store is closing or has failed");
    }
    WEIR_CO_CHECK(check_preconditions(state_, mutations));
    std::erase_if(mutations, [](const Mutation& one) { return one.only_compares; });
    if (env_.probe.fault(FaultPoint::sc_store_slow)) {
        co_await dawdle(env_, CancelToken());
    }
    std::vector<Bytes> records;
    records.push_back(encode_transaction(revision_ + 1, mutations));
    WEIR_CO_CHECK(co_await append(std::move(records)));
    ++revision_;
    apply_mutations(state_, revision_, mutations);
    remember(mutations);
    changed_.notify_all();
    const std::uint64_t revision = revision_;
    if (journal_->size_bytes() > size_at_snapshot_ * 2 + config_.snapshot_after_size_bytes ||
        env_.probe.fault(FaultPoint::sc_snapshot_early)) {
        // The transaction is done whatever becomes of the snapshot; it is tried again later.
        const Result<void> written = co_await write_snapshot();
        if (!written.has_value()) {
            WEIR_LOG(log_, warn, "no snapshot of the metadata: {}", to_string(written.error()));
        }
    }
    co_return revision;
}

void EmbeddedStore::remember(const std::vector<Mutation>& mutations) {
    for (const Mutation& mutation : mutations) {
        StoreChange change;
        change.revision = revision_;
        change.key = mutation.key;
        changes_.push_back(std::move(change));
    }
    while (changes_.size() > config_.change_count_max) {
        changes_known_since_ = changes_.front().revision;
        changes_.pop_front();
    }
}

Task<Result<void>> EmbeddedStore::append(std::vector<Bytes> records) {
    std::vector<Bytes> batches;
    std::size_t size = 0;
    for (const Bytes& record : records) {
        batches.push_back(batch_of(record));
        size += batches.back().size();
    }
    const Buffer buffer = Buffer::allocate(size);
    std::size_t at = 0;
    for (const Bytes& batch : batches) {
        std::copy(batch.begin(), batch.end(), buffer.data() + at);
        at += batch.size();
    }
    // Not cancellable: whoever stops waits for the outcome, so that it is known.
    const Result<log::Appended> appended =
        co_await journal_->append_and_commit(BufferSlice(buffer), CancelToken());
    if (!appended.has_value()) {
        const ErrorCode code = appended.error().code;
        if (code != ErrorCode::disk_full && code != ErrorCode::io_error) {
            failed_ = true;
        }
        co_return fail(appended.error());
    }
    co_return Result<void>();
}

// Called with `writing_` held.
Task<Result<void>> EmbeddedStore::write_snapshot() {
    const std::uint64_t size_before = journal_->size_bytes();
    // A failure waits for the journal to grow as much again.
    size_at_snapshot_ = size_before;
    // So that the snapshot begins a segment, and everything before it can go.
    WEIR_CO_CHECK(co_await journal_->roll());
    const Offset begin = journal_->leo();
    if (mutant(Mutant::journal_trimmed_first)) {
        WEIR_CO_CHECK(co_await journal_->trim(begin));
    }
    std::vector<Bytes> records = encode_snapshot(revision_, state_);
    WEIR_CO_CHECK(co_await append(std::move(records)));
    ++snapshot_count_;
    env_.probe.reached(Sometimes::sc_snapshot_written);
    WEIR_CO_CHECK(co_await journal_->trim(begin));
    size_at_snapshot_ = journal_->size_bytes();
    WEIR_LOG(log_, info, "metadata snapshot at revision {}: journal of {} bytes, was {}", revision_,
             size_at_snapshot_, size_before);
    co_return Result<void>();
}

Result<std::vector<StoreChange>> EmbeddedStore::changes_since(std::uint64_t revision) const {
    if (revision < changes_known_since_) {
        return fail(ErrorCode::offset_evicted,
                    fmt::format("changes are known since revision {} only", changes_known_since_));
    }
    const auto first = std::upper_bound(
        changes_.begin(), changes_.end(), revision,
        [](std::uint64_t wanted, const StoreChange& change) { return wanted < change.revision; });
    return std::vector<StoreChange>(first, changes_.end());
}

// The journal has no retention: nothing may be deleted but by a snapshot.
Task<Result<void>> EmbeddedStore::tick() {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await writing_.lock());
    if (failed_) {
        co_return Result<void>();
    }
    co_return co_await journal_->tick(journal_->log_start());
}

Task<Result<void>> EmbeddedStore::close() {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await writing_.lock());
    failed_ = true;
    Result<void> closed = co_await journal_->close();
    journal_.reset();
    lock_.reset();
    co_return closed;
}

}  // namespace weir::sc
