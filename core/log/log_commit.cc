// Group commit: the committer, the waits for it, and the checkpoint that notes how far it got.

#include "core/base/mutant.h"
#include "core/env/dawdle.h"
#include "core/log/log_impl.h"

#include <fmt/core.h>

#include <utility>

namespace weir::log {

namespace {

// The checkpoint itself is synced once for so many intervals.
constexpr std::uint64_t kCheckpointSyncIntervals = 16;

}  // namespace

// The append has not failed. Offsets may be given out again, so a committed one has to be written
// first.
bool LogImpl::has_come(const Appended& appended, Wanted wanted) const {
    if (appended.sequence == 0) {
        return appended.next_offset <= (wanted == Wanted::promised ? promised_end() : committed_);
    }
    if (wanted == Wanted::promised) {
        return appended.sequence <= promised_sequence_;
    }
    const bool written = appended.sequence <= written_sequence_;
    return written && (wanted == Wanted::written || appended.next_offset <= committed_);
}

Task<Result<void>> LogImpl::wait(Appended appended, Wanted wanted, CancelToken token) {
    const Operation operation(*this);
    Result<void> waited;
    while (true) {
        auto failure = appended.sequence == 0
                           ? std::optional<Error>()
                           : outcomes_.failure_of(appended.sequence, appended.next_offset);
        if (appended.sequence == 0 && appended.next_offset > leo_) {
            failure.emplace(ErrorCode::not_leader, "append: cut off, another leader took over");
        }
        if (failure.has_value()) {
            co_return fail(*std::move(failure));
        }
        if (has_come(appended, wanted)) {
            co_return Result<void>();
        }
        if (ended_) {
            co_return fail(ErrorCode::unavailable, dir_ + ": closed");
        }
        // Only now: what has come when a wait is cancelled has come, for each append alike, whether
        // it was waited for before or is asked about in the same step.
        WEIR_CO_CHECK(std::move(waited));
        Notifier& progress = wanted == Wanted::written ? on_written_ : on_committed_;
        waited = co_await progress.wait(token);
    }
}

Task<Result<void>> LogImpl::wait_committed(Appended appended, CancelToken token) {
    return wait(appended, Wanted::committed, token);
}

Task<Result<void>> LogImpl::wait_promised(Appended appended, CancelToken token) {
    return wait(appended, Wanted::promised, token);
}

Task<Result<void>> LogImpl::wait_written(Appended appended, CancelToken token) {
    return wait(appended, Wanted::written, token);
}

Task<Result<Appended>> LogImpl::append_and_commit(BufferSlice batches, CancelToken token) {
    const Operation operation(*this);
    WEIR_CO_TRY(const Appended appended, append(std::move(batches), kNoEpoch));
    WEIR_CO_CHECK(co_await wait_committed(appended, token));
    co_return appended;
}

void LogImpl::start_committer() {
    if (config_.durability != Durability::async && !committer_running_ && !ending_) {
        committer_running_ = true;
        scope_.spawn(run_committer());
    }
}

Task<void> LogImpl::run_committer() {
    while (synced_.end < leo_ && !failed_) {
        co_await wait_before_sync();
        const bool may_be_late = config_.durability == Durability::fsync;
        if (may_be_late && env_.probe.fault(FaultPoint::log_sync_late)) {
            co_await dawdle(env_, scope_.token());
        }
        const auto synced = co_await sync_written(SyncWhen::if_behind);
        if (!synced.has_value()) {
            break;
        }
    }
    committer_running_ = false;
    on_idle_.notify_all();
}

// Mode bounded: until the oldest unsynced append may wait no longer. Mode fsync: until as many
// appends are there as the last group had and were pending when it ended, but not long.
Task<void> LogImpl::wait_before_sync() {
    if (config_.durability == Durability::bounded) {
        const Instant due = first_unsynced_at_ + config_.bounded_delay_max;
        const auto slept = co_await sleep_until(env_.clock, env_.executor, due, scope_.token());
        WEIR_MAYBE(slept.has_value());
        co_return;
    }
    if (env_.probe.fault(FaultPoint::log_no_gathering)) {
        co_return;
    }
    const Instant latest = synced_at_ + config_.commit_gather_max;
    if (pending_count_ >= owed_count_ || env_.clock.now() >= latest || ending_) {
        co_return;
    }
    Deadline deadline(env_.clock, latest, scope_.token());
    while (pending_count_ < owed_count_) {
        const auto woken = co_await on_written_.wait(deadline.token());
        if (!woken.has_value()) {
            co_return;
        }
    }
}

Task<Result<void>> LogImpl::sync_written(SyncWhen when) {
    {
        WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await sync_mutex_.lock());
        if (failed_) {
            co_return fail(ErrorCode::unavailable, dir_ + ": a sync has failed before");
        }
        if (when == SyncWhen::if_behind && synced_.end == leo_) {
            co_return Result<void>();
        }
        WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file(active()));
        SyncedPoint point;
        point.end = leo_;
        point.segment_base = active()->base_offset;
        point.position = active()->end_position;
        point.sequence = written_sequence_;
        const std::uint64_t written_bytes = written_bytes_;
        const std::uint64_t append_count = pending_count_;
        auto synced = co_await file->sync_data();
        ++stats_.sync_count;
        if (!synced.has_value() && !mutant(Mutant::sync_error_swallowed)) {
            co_await sync_failed(synced.error());
            co_return fail(std::move(synced).error());
        }
        note_synced(point, written_bytes, append_count);
    }
    co_await checkpoint_if_due();
    co_return Result<void>();
}

void LogImpl::note_synced(SyncedPoint point, std::uint64_t written_bytes,
                          std::uint64_t append_count) {
    WEIR_ASSERT(append_count <= pending_count_);
    WEIR_ASSERT(point.end >= synced_.end);
    if (append_count >= 8) {
        env_.probe.reached(Sometimes::log_group_of_8);
    }
    if (point.end > synced_.end) {
        synced_ = point;
    }
    synced_.sequence = point.sequence;
    synced_bytes_ = written_bytes;
    owed_count_ = pending_count_;  // the group, and what came meanwhile
    pending_count_ -= append_count;
    synced_at_ = env_.clock.now();
    first_unsynced_at_ = synced_at_;
    publish_promised();
    if (observer_ != nullptr) {
        observer_->synced(synced_.end);
    }
}

// Nothing can make the lost bytes durable any more, and a later sync would not tell: what was
// promised is decided by recovery, from what is really on the disk.
Task<void> LogImpl::sync_failed(Error error) {
    if (config_.durability != Durability::async) {
        co_await env_.process.halt(fmt::format("{}: sync failed: {}", dir_, to_string(error)));
    }
    failed_ = true;
    WEIR_LOG(logger_, error, "{}: sync failed: {}", dir_, to_string(error));
    changed_.notify_all();
}

Offset LogImpl::promised_end() const {
    const bool synced_only =
        config_.durability == Durability::fsync && !mutant(Mutant::ack_before_fsync);
    return synced_only ? synced_.end : leo_;
}

void LogImpl::publish_promised() {
    const bool synced_only =
        config_.durability == Durability::fsync && !mutant(Mutant::ack_before_fsync);
    const std::uint64_t sequence = synced_only ? synced_.sequence : written_sequence_;
    const bool committed = !is_replica() && promised_end() > committed_;
    if (sequence <= promised_sequence_ && !committed) {
        return;
    }
    promised_sequence_ = std::max(promised_sequence_, sequence);
    if (committed) {
        committed_ = promised_end();
        tell_position();
    }
    on_committed_.notify_all();
    changed_.notify_all();
}

void LogImpl::commit_to(Offset high_watermark) {
    WEIR_ASSERT(is_replica());
    WEIR_ASSERT(high_watermark <= leo_ || mutant(Mutant::follower_hw_unbounded));
    if (high_watermark <= committed_) {
        return;
    }
    committed_ = high_watermark;
    tell_position();
    on_committed_.notify_all();
    changed_.notify_all();
}

Task<Result<void>> LogImpl::sync() {
    const Operation operation(*this);
    if (ending_) {
        co_return fail(ErrorCode::unavailable, dir_ + ": closed");
    }
    co_return co_await sync_written(SyncWhen::if_behind);
}

Task<void> LogImpl::checkpoint_if_due() {
    const bool due = synced_bytes_ - checkpointed_bytes_ >= config_.checkpoint_interval_bytes;
    const auto point = due ? FaultPoint::log_checkpoint_skipped : FaultPoint::log_checkpoint_early;
    if (env_.probe.fault(point) == due) {
        co_return;
    }
    const bool synced = synced_bytes_ - checkpoint_synced_bytes_ >=
                        config_.checkpoint_interval_bytes * kCheckpointSyncIntervals;
    const auto written = co_await write_checkpoint(
        false, synced ? CheckpointFile::Sync::yes : CheckpointFile::Sync::no);
    if (!written.has_value()) {
        // Only a lower bound gets older.
        WEIR_LOG(logger_, warn, "{}: checkpoint: {}", dir_, to_string(written.error()));
    }
}

Checkpoint LogImpl::checkpoint_at(const SyncedPoint& point, bool clean) const {
    Checkpoint checkpoint;
    checkpoint.identity = config_.identity;
    checkpoint.clean = clean;
    checkpoint.log_start = checkpoint_start_;
    checkpoint.segment_base = point.segment_base;
    checkpoint.position = point.position;
    checkpoint.next_offset = point.end;
    if (cut_.has_value()) {
        checkpoint.cut = cut_;
        checkpoint.segment_base = checkpoint.next_offset = cut_->end;
        checkpoint.position = kSegmentHeaderSize;
    }
    return checkpoint;
}

Task<Result<void>> LogImpl::write_checkpoint(bool clean, CheckpointFile::Sync sync) {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await checkpoint_mutex_.lock());
    const SyncedPoint point = synced_;
    const std::uint64_t bytes = synced_bytes_;
    WEIR_CO_CHECK(co_await checkpoint_->write(checkpoint_at(point, clean), sync));
    checkpointed_ = point;
    checkpointed_bytes_ = bytes;
    if (sync == CheckpointFile::Sync::yes) {
        checkpoint_synced_bytes_ = bytes;
    }
    co_return Result<void>();
}

}  // namespace weir::log
