// The writer: from the queue to the active segment, a turn's appends in one write.

#include "core/base/mutant.h"
#include "core/env/dawdle.h"
#include "core/log/log_impl.h"
#include "core/model/batch.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::log {

namespace {

constexpr std::uint64_t kPreallocateStepMin = 64U << 10;

}  // namespace

Result<void> LogImpl::check_accepts(std::size_t size_bytes) const {
    if (ending_ || failed_) {
        return fail(ErrorCode::unavailable, fmt::format("{}: {}", dir_, to_string(state())));
    }
    if (disk_full_ && env_.clock.now() < retry_at_) {
        return fail(ErrorCode::disk_full, dir_ + ": the disk is full");
    }
    if (queued_size_bytes_ + size_bytes > config_.queue_size_bytes_max) {
        return fail(ErrorCode::unavailable, dir_ + ": too many appends wait to be written");
    }
    return {};
}

// Checks all batches first, so that a refused append has no effect.
Result<Offset> LogImpl::assign_offsets(const BufferSlice& batches, LeaderEpoch epoch) {
    BatchWalker checker(batches.span(), BatchWalker::Check::header);
    std::size_t count = 0;
    while (checker.next()) {
        ++count;
    }
    if (count == 0 || checker.end() != BatchWalker::End::clean) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("append: not whole batches: {} at {}", to_string(checker.fault()),
                                checker.position()));
    }
    Offset next = assigned_end_;
    BatchWalker walker(batches.span(), BatchWalker::Check::header);
    while (const auto batch = walker.next()) {
        const MutByteSpan bytes = batches.mutable_span().subspan(batch->position);
        set_batch_base_offset(bytes, next);
        set_batch_leader_epoch(bytes, epoch);
        next += batch->header.record_count();
    }
    return next;
}

Result<Appended> LogImpl::append(BufferSlice batches, LeaderEpoch epoch) {
    WEIR_CHECK(check_accepts(batches.size()));
    WEIR_CHECK(check_right(epoch, AppendRole::leader));
    WEIR_TRY(const Offset next_offset, assign_offsets(batches, epoch));
    return enqueue(std::move(batches), BatchesEnd{next_offset, epoch});
}

Appended LogImpl::enqueue(BufferSlice batches, BatchesEnd end) {
    Appended appended;
    appended.base_offset = assigned_end_;
    appended.next_offset = end.next_offset;
    appended.sequence = ++assigned_sequence_;
    assigned_end_ = end.next_offset;
    assigned_epoch_ = end.epoch;
    queued_size_bytes_ += batches.size();
    ++stats_.append_count;
    BatchWalker walker(batches.span(), BatchWalker::Check::header);
    while (const auto batch = walker.next()) {
        assigned_producers_.note(batch->header);
    }
    queue_.push_back(
        Queued{std::move(batches), appended.base_offset, end.next_offset, appended.sequence});
    note_use();
    start_writer();
    return appended;
}

void LogImpl::start_writer() {
    if (!writer_running_) {
        writer_running_ = true;
        scope_.spawn(run_writer());
    }
}

Task<void> LogImpl::run_writer() {
    while (!queue_.empty() || has_requests()) {
        co_await turn_end(env_.executor);
        if (env_.probe.fault(FaultPoint::log_writer_yields)) {
            co_await dawdle(env_, scope_.token());
        }
        if (has_requests()) {
            co_await serve_requests();
        }
        auto written = co_await write_round();
        if (!written.has_value()) {
            co_await abort_appends(std::move(written).error());
        }
    }
    writer_running_ = false;
    on_idle_.notify_all();
}

Task<void> LogImpl::serve_requests() {
    if (cut_request_.has_value()) {
        co_await serve_cut();
    }
    Result<void> done;
    if (roll_requested_ && !active()->empty()) {
        done = co_await roll_segment();
    }
    if (done.has_value() && shrink_requested_) {
        done = co_await shrink_active();
    }
    request_error_.reset();
    if (!done.has_value()) {
        request_error_.emplace(std::move(done).error());
    }
    roll_requested_ = shrink_requested_ = false;
    on_idle_.notify_all();
}

Task<Result<void>> LogImpl::write_round() {
    WEIR_ASSERT(writing_.empty());
    if (failed_ && !queue_.empty()) {
        co_return fail(ErrorCode::unavailable, dir_ + ": failed");
    }
    writing_.swap(queue_);
    std::size_t at = 0;
    while (at < writing_.size()) {
        if (needs_roll(writing_[at])) {
            WEIR_CO_CHECK(co_await roll_segment());
        }
        if (unsynced_size_bytes() != 0 &&
            unsynced_size_bytes() + writing_[at].batches.size() > config_.unsynced_bytes_max) {
            WEIR_CO_CHECK(co_await sync_written(SyncWhen::if_behind));
        }
        const std::size_t count = gather(at);
        WEIR_CO_CHECK(co_await write_gathered(at, count));
        at += count;
    }
    writing_.clear();
    co_return Result<void>();
}

bool LogImpl::needs_roll(const Queued& next) const {
    if (roll_pending_) {
        return true;
    }
    if (!active()->empty() && env_.probe.fault(FaultPoint::log_roll_early)) {
        return true;
    }
    return !active()->empty() &&
           active()->data_size_bytes() + next.batches.size() > config_.segment_size_bytes_max;
}

// How many appends from `first` on go into one write: at least one.
std::size_t LogImpl::gather(std::size_t first) {
    const std::uint64_t room = std::min(
        config_.segment_size_bytes_max -
            std::min(config_.segment_size_bytes_max, active()->data_size_bytes()),
        config_.unsynced_bytes_max - std::min(config_.unsynced_bytes_max, unsynced_size_bytes()));
    std::uint64_t size = writing_[first].batches.size();
    std::size_t count = 1;
    const bool alone = env_.probe.fault(FaultPoint::log_gather_one);
    while (!alone && first + count < writing_.size() &&
           size + writing_[first + count].batches.size() <= room) {
        size += writing_[first + count].batches.size();
        ++count;
    }
    slices_.clear();
    for (std::size_t i = first; i < first + count; ++i) {
        slices_.push_back(writing_[i].batches.span());
    }
    return count;
}

Task<Result<void>> LogImpl::write_gathered(std::size_t first, std::size_t count) {
    std::uint64_t end = active()->end_position;
    for (const ByteSpan& slice : slices_) {
        end += slice.size();
    }
    WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file(active()));
    if (end > active_file_size_) {
        co_await preallocate(end);
    }
    const FilePosition position(active()->end_position);
    Result<void> written = co_await file->write_at(position, slices_);
    if (!written.has_value() && !mutant(Mutant::full_disk_acked)) {
        co_return written;
    }
    ++stats_.write_count;
    note_written(first, count);
    co_return Result<void>();
}

// Of the segment that ends where the log does.
IndexSummary LogImpl::summary_of(const Segment& segment) const {
    IndexSummary summary;
    summary.epochs = lineage_within(whole_lineage(), segment.base_offset, segment.next_offset);
    summary.producers = producers_.within(segment.base_offset, segment.next_offset);
    return summary;
}

Appended LogImpl::find_append(Offset base_offset, Offset next_offset) const {
    Appended found;
    found.base_offset = base_offset;
    found.next_offset = next_offset;
    for (const std::vector<Queued>* appends : {&writing_, &queue_}) {
        for (const Queued& one : *appends) {
            if (one.base_offset <= base_offset && next_offset <= one.next_offset &&
                one.sequence > written_sequence_) {
                found.sequence = one.sequence;
            }
        }
    }
    return found;
}

// Extends the file ahead of the writes, so that a sync has less to do. Only a help: failing is
// fine.
Task<void> LogImpl::preallocate(std::uint64_t needed_size) {
    if (config_.preallocate_bytes_max == 0 || env_.probe.fault(FaultPoint::log_no_preallocation)) {
        co_return;
    }
    const std::uint64_t step_max = std::max(kPreallocateStepMin, config_.preallocate_bytes_max);
    const std::uint64_t step = std::clamp(active_file_size_, kPreallocateStepMin, step_max);
    const std::uint64_t full_size = kSegmentHeaderSize + config_.segment_size_bytes_max;
    const std::uint64_t target =
        std::max(needed_size, std::min(active_file_size_ + step, full_size));
    const std::shared_ptr<File> file = active()->file;
    const auto allocated = co_await file->allocate(target);
    if (allocated.has_value()) {
        active_file_size_ = target;
    }
}

void LogImpl::note_batches(Segment& segment, const BufferSlice& batches) {
    BatchWalker walker(batches.span(), BatchWalker::Check::header);
    while (const auto batch = walker.next()) {
        segment.index->note(batch->header.base_offset, segment.end_position + batch->position,
                            config_.index_interval_bytes);
        segment.max_time_stamp = std::max(segment.max_time_stamp, batch->header.max_time_stamp);
        note_batch(lineage_, batch->header.partition_leader_epoch, batch->header.base_offset);
        producers_.note(batch->header);
        tell([this, &batch] {
            const BatchHeader& header = batch->header;
            return BatchWritten{dir_,
                                header.base_offset,
                                header.next_offset(),
                                header.partition_leader_epoch,
                                header.crc,
                                header.producer_id,
                                header.producer_epoch,
                                header.first_sequence};
        });
    }
    segment.end_position += batches.size();
}

void LogImpl::note_written(std::size_t first, std::size_t count) {
    Segment& segment = *active();
    if (unsynced_size_bytes() == 0) {
        first_unsynced_at_ = env_.clock.now();
    }
    for (std::size_t i = first; i < first + count; ++i) {
        Queued& written = writing_[i];
        WEIR_ASSERT(written.base_offset == leo_);
        const std::uint64_t size = written.batches.size();
        note_batches(segment, written.batches);
        tail_.push(written.base_offset, written.next_offset, written.batches);
        leo_ = segment.next_offset = written.next_offset;
        written_sequence_ = written.sequence;
        written_bytes_ += size;
        stats_.written_bytes += size;
        queued_size_bytes_ -= size;
        written.batches = BufferSlice();
    }
    segment.last_append_ms = env_.clock.wall_now().ms();
    active_file_size_ = std::max(active_file_size_, segment.end_position);
    pending_count_ += count;
    if (env_.probe.fault(FaultPoint::log_cache_dropped)) {
        tail_.clear();
    }
    if (disk_full_) {
        env_.probe.reached(Sometimes::log_disk_full_left);
    }
    disk_full_ = false;
    on_written_.notify_all();
    changed_.notify_all();
    tell_position();
    publish_promised();
    if (observer_ != nullptr) {
        observer_->written(leo_);
        if (mutant(Mutant::ack_before_fsync)) {
            observer_->synced(leo_);
        }
    }
    start_committer();
}

// After a failed write: the file is brought back to its last good end, then everything that was
// given an offset and not written is told so.
Task<void> LogImpl::abort_appends(Error error) {
    WEIR_LOG(logger_, warn, "{}: append failed at offset {}: {}", dir_, leo_.value(),
             to_string(error));
    const auto restored = co_await restore_file();
    if (!restored.has_value()) {
        failed_ = true;
        // What was written of them may still be found when the log is opened again.
        error = Error(ErrorCode::unavailable, dir_ + ": a failed write could not be taken back: " +
                                                  to_string(restored.error()));
        WEIR_LOG(logger_, error, "{}", error.context);
    }
    outcomes_.note_failed(written_sequence_ + 1, assigned_sequence_, error);
    written_sequence_ = assigned_sequence_;
    queue_.clear();
    writing_.clear();
    queued_size_bytes_ = 0;
    assigned_end_ = leo_;
    assigned_epoch_ = last_epoch(lineage_);
    assigned_producers_ = producers_;
    if (error.code == ErrorCode::disk_full) {
        env_.probe.reached(Sometimes::log_disk_full_entered);
        disk_full_ = true;
        retry_at_ = env_.clock.now() + config_.disk_full_retry_interval;
    }
    on_written_.notify_all();
    on_committed_.notify_all();
    changed_.notify_all();
}

// Synced in every mode, because without it a power loss could bring the failed batches back.
Task<Result<void>> LogImpl::restore_file() {
    const std::shared_ptr<File> file = active()->file;
    if (file == nullptr) {
        co_return Result<void>();  // it could not even be opened: nothing was written
    }
    WEIR_CO_CHECK(co_await file->truncate(active()->end_position));
    active_file_size_ = active()->end_position;
    co_return co_await sync_written(SyncWhen::always);
}

Task<Result<void>> LogImpl::shrink_active() {
    if (active_file_size_ == active()->end_position) {
        co_return Result<void>();
    }
    WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file(active()));
    WEIR_CO_CHECK(co_await file->truncate(active()->end_position));
    active_file_size_ = active()->end_position;
    co_return Result<void>();
}

Task<Result<std::shared_ptr<File>>> LogImpl::create_next_segment() {
    const Offset base_offset = leo_;
    SegmentHeader header;
    header.identity = config_.identity;
    header.base_offset = base_offset;
    header.previous_epoch = last_epoch(lineage_);
    auto created = co_await create_segment_file(env_.disk, dir_, header);
    if (created.has_value() && !mutant(Mutant::directory_not_synced)) {
        auto synced = co_await env_.disk.sync_directory(dir_);
        if (!synced.has_value()) {
            co_await sync_failed(synced.error());
            co_return fail(std::move(synced).error());
        }
    }
    if (!created.has_value()) {
        const std::string path = join_path(dir_, segment_file_name(base_offset));
        const auto removed = co_await env_.disk.remove_file(path);
        WEIR_MAYBE(removed.has_value());
    }
    co_return created;
}

// Everything in the active segment is synced before the next one exists, and the next one's header
// and name are durable before anything is acknowledged from it.
Task<Result<void>> LogImpl::roll_segment() {
    roll_pending_ = true;
    WEIR_CO_CHECK(co_await sync_written(SyncWhen::if_behind));
    auto next = std::make_shared<Segment>();
    next->base_offset = next->next_offset = leo_;
    next->last_append_ms = env_.clock.wall_now().ms();
    next->index.emplace();
    WEIR_CO_TRY(next->file, co_await create_next_segment());
    if (!env_.probe.fault(FaultPoint::log_no_shrink)) {
        const auto shrunk = co_await shrink_active();
        WEIR_MAYBE(shrunk.has_value());
    }
    const std::shared_ptr<Segment> closed = active();
    active_file_size_ = next->end_position;
    segments_.push_back(std::move(next));
    roll_pending_ = false;
    ++stats_.roll_count;
    env_.probe.reached(Sometimes::log_rolled);
    synced_.segment_base = active()->base_offset;
    synced_.position = active()->end_position;
    // Both only save work at the next start.
    Result<void> noted;
    if (!env_.probe.fault(FaultPoint::log_no_index_file)) {
        noted = co_await write_index_file(env_.disk, dir_, config_.identity, closed,
                                          summary_of(*closed));
    }
    if (noted.has_value()) {
        noted = co_await write_checkpoint(false, CheckpointFile::Sync::no);
    }
    if (!noted.has_value()) {
        WEIR_LOG(logger_, warn, "{}: after a roll: {}", dir_, to_string(noted.error()));
    }
    co_return Result<void>();
}

Task<Result<void>> LogImpl::roll() {
    const Operation operation(*this);
    if (ending_ || failed_) {
        co_return fail(ErrorCode::unavailable, fmt::format("{}: {}", dir_, to_string(state())));
    }
    roll_requested_ = true;
    start_writer();
    while (roll_requested_) {
        WEIR_CO_CHECK(co_await on_idle_.wait());
    }
    if (request_error_.has_value()) {
        co_return fail(*request_error_);
    }
    co_return Result<void>();
}

}  // namespace weir::log
