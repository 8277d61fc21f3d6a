// Retention, going idle, closing.

#include "core/base/mutant.h"
#include "core/log/log_impl.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::log {

namespace {

// Segments that one tick() deletes at most.
constexpr std::size_t kDeleteCountMax = 8;

}  // namespace

std::uint64_t LogImpl::size_bytes() const {
    std::uint64_t size = 0;
    for (const std::shared_ptr<Segment>& segment : segments_) {
        size += segment->data_size_bytes();
    }
    return size;
}

LogState LogImpl::state() const {
    if (ending_) {
        return LogState::closed;
    }
    if (failed_) {
        return LogState::failed;
    }
    return disk_full_ ? LogState::disk_full : LogState::normal;
}

// The start that the log has when its expired segments are gone: closed ones, wholly below the
// limit, oldest first, and no more than a tick may delete.
Offset LogImpl::expired_below(Offset delete_limit) const {
    const Offset limit =
        mutant(Mutant::retention_ignores_hw) ? leo_ : std::min(delete_limit, committed_);
    const std::int64_t now_ms = env_.clock.wall_now().ms();
    std::uint64_t size = size_bytes();
    std::size_t count = 0;
    const std::size_t count_max =
        env_.probe.fault(FaultPoint::log_retention_one) ? 1 : kDeleteCountMax;
    while (count + 1 < segments_.size() && count < count_max) {
        const Segment& segment = *segments_[count];
        const bool too_old = config_.retention_time.has_value() &&
                             now_ms - segment.last_append_ms > config_.retention_time->ms();
        const bool too_much =
            config_.retention_size_bytes.has_value() && size > *config_.retention_size_bytes;
        if (segment.next_offset > limit || (!too_old && !too_much)) {
            break;
        }
        size -= segment.data_size_bytes();
        ++count;
    }
    if (count > 0 && mutant(Mutant::retention_takes_active)) {
        return segments_[count]->next_offset;
    }
    return count == 0 ? log_start_ : segments_[count]->base_offset;
}

// The new start is durable before anything is deleted or anybody sees it, so that it never moves
// back; recovery deletes what a crash leaves below it.
Task<Result<void>> LogImpl::delete_below(Offset new_start) {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await delete_mutex_.lock());
    if (new_start <= log_start_) {
        co_return Result<void>();
    }
    checkpoint_start_ = new_start;
    auto noted = co_await write_checkpoint(false, CheckpointFile::Sync::yes);
    if (!noted.has_value()) {
        checkpoint_start_ = log_start_;
        co_return fail(std::move(noted).error());
    }
    log_start_ = new_start;
    before_start_ = epoch_at(lineage_, new_start - 1);
    trim_lineage(lineage_, new_start);
    producers_.trim(new_start);
    assigned_producers_.trim(new_start);
    if (observer_ != nullptr) {
        observer_->evicted(new_start);
    }
    if (leo_ == new_start && last_epoch(lineage_) == kNoEpoch) {
        lineage_.clear();  // says nothing, and is not found again at the next start
    }
    tell_position();
    std::vector<std::shared_ptr<Segment>> doomed;
    while (segments_.size() > 1 && segments_.front()->next_offset <= new_start) {
        doomed.push_back(std::move(segments_.front()));
        segments_.erase(segments_.begin());
    }
    if (!tail_.empty() && tail_.base_offset() < new_start) {
        tail_.clear();
    }
    if (!doomed.empty()) {
        env_.probe.reached(Sometimes::log_retention_deleted);
    }
    changed_.notify_all();
    co_return co_await delete_files(std::move(doomed));
}

Task<Result<void>> LogImpl::delete_files(std::vector<std::shared_ptr<Segment>> doomed) {
    Result<void> result;
    for (const std::shared_ptr<Segment>& segment : doomed) {
        for (const std::string& name :
             {index_file_name(segment->base_offset), segment_file_name(segment->base_offset)}) {
            const std::string path = join_path(dir_, name);
            auto removed = co_await env_.disk.remove_file(path);
            if (!removed.has_value() && removed.error().code != ErrorCode::not_found) {
                // Left for the recovery at the next start.
                result = fail(std::move(removed).error());
            }
        }
        segment->file.reset();
    }
    auto synced = co_await env_.disk.sync_directory(dir_);
    if (!synced.has_value()) {
        co_return fail(std::move(synced).error());
    }
    co_return result;
}

Task<Result<void>> LogImpl::trim(Offset offset) {
    const Operation operation(*this);
    if (ending_) {
        co_return fail(ErrorCode::unavailable, dir_ + ": closed");
    }
    const Offset limit = std::min(offset, committed_);
    Offset new_start = log_start_;
    for (std::size_t i = 0; i + 1 < segments_.size() && segments_[i]->next_offset <= limit; ++i) {
        new_start = segments_[i]->next_offset;
    }
    co_return co_await delete_below(new_start);
}

Task<Result<void>> LogImpl::delete_before(Offset offset) {
    const Operation operation(*this);
    if (ending_) {
        co_return fail(ErrorCode::unavailable, dir_ + ": closed");
    }
    Offset new_start = std::min(offset, committed_);
    if (new_start <= log_start_) {
        co_return Result<void>();
    }
    if (new_start < leo_) {
        ReadRequest request;
        request.offset = new_start;
        request.limit = leo_;
        request.size_bytes_max = 1;
        WEIR_CO_TRY(const LogSlice slice, co_await read(request));
        new_start = slice.empty() ? log_start_ : slice.base_offset;
    } else {
        // Then its file goes, too. A full disk refuses a new one.
        const Result<void> rolled = co_await roll();
        WEIR_MAYBE(rolled.has_value());
    }
    // A loss of power must not leave a log that ends below its start.
    if (new_start > synced_end()) {
        WEIR_CO_CHECK(co_await sync());
    }
    co_return co_await delete_below(std::min(new_start, committed_));
}

void LogImpl::configure(LogConfig config) {
    config.identity = config_.identity;
    config.high_watermark = config_.high_watermark;
    config_ = config;
    if (synced_.end < leo_) {
        start_committer();
    }
}

bool LogImpl::is_idle() const {
    const bool working = writer_running_ || committer_running_ || operation_count_ > 1;
    return !working && (env_.clock.now() - last_used_ >= config_.idle_after ||
                        env_.probe.fault(FaultPoint::log_idle_at_once));
}

Task<Result<void>> LogImpl::tick(Offset delete_limit) {
    const Operation operation(*this);
    if (ending_) {
        co_return Result<void>();
    }
    WEIR_CO_CHECK(co_await delete_below(expired_below(delete_limit)));
    if (synced_.end != checkpointed_.end || synced_.segment_base != checkpointed_.segment_base) {
        const bool much =
            synced_bytes_ - checkpoint_synced_bytes_ >= config_.checkpoint_interval_bytes;
        WEIR_CO_CHECK(co_await write_checkpoint(
            false, much ? CheckpointFile::Sync::yes : CheckpointFile::Sync::no));
    }
    if (is_idle() && active()->file != nullptr) {
        WEIR_CO_CHECK(co_await go_idle());
    }
    co_return Result<void>();
}

// Gives back what an unused log does not need: preallocated space, memory, open files.
Task<Result<void>> LogImpl::go_idle() {
    // In mode async there may be something unsynced. Errors of writes are told only to files that
    // were open then, so nothing unsynced is left behind.
    WEIR_CO_CHECK(co_await sync_written(SyncWhen::if_behind));
    if (active_file_size_ != active()->end_position) {
        shrink_requested_ = true;
        start_writer();
        while (shrink_requested_ || writer_running_) {
            WEIR_CO_CHECK(co_await on_idle_.wait());
        }
        if (request_error_.has_value()) {
            co_return fail(*request_error_);
        }
    }
    if (is_idle() && !ending_) {
        tail_.clear();
        close_files();
        env_.probe.reached(Sometimes::log_idle_closed);
    }
    co_return Result<void>();
}

void LogImpl::close_files() {
    for (const std::shared_ptr<Segment>& segment : segments_) {
        segment->file.reset();
        if (segment != active()) {
            segment->index.reset();
        }
    }
    checkpoint_->close_file();
}

Task<void> LogImpl::wait_for_operations(std::size_t own_count) {
    while (operation_count_ > own_count) {
        const auto woken = co_await on_idle_.wait();
        WEIR_MAYBE(woken.has_value());
    }
}

// The file ends exactly where the marker says; anything acknowledged later makes it longer.
Task<Result<void>> LogImpl::leave_clean_marker() {
    WEIR_CO_CHECK(co_await shrink_active());
    WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file(active()));
    auto synced = co_await file->sync_data();
    if (!synced.has_value()) {
        co_await sync_failed(synced.error());
        co_return fail(std::move(synced).error());
    }
    WEIR_CO_CHECK(co_await write_index_file(env_.disk, dir_, config_.identity, active(),
                                            summary_of(*active())));
    co_return co_await write_checkpoint(true, CheckpointFile::Sync::yes);
}

Task<Result<void>> LogImpl::end(Ending ending) {
    if (ending_) {
        while (!ended_) {
            WEIR_CO_CHECK(co_await on_idle_.wait());
        }
        co_return end_error_.has_value() ? Result<void>(fail(*end_error_)) : Result<void>();
    }
    ending_ = true;
    while (writer_running_) {
        WEIR_CO_CHECK(co_await on_idle_.wait());
    }
    co_await scope_.close();
    Result<void> result;
    if (ending == Ending::orderly) {
        result = co_await sync_written(SyncWhen::if_behind);
    }
    // Waits for appends that will not be committed any more end now.
    ended_ = true;
    tell([this] { return LogClosed{dir_}; });
    on_written_.notify_all();
    on_committed_.notify_all();
    changed_.notify_all();
    co_await wait_for_operations(0);
    if (ending == Ending::orderly && result.has_value()) {
        result = co_await leave_clean_marker();
    }
    close_files();
    if (!result.has_value()) {
        end_error_.emplace(result.error());
        WEIR_LOG(logger_, warn, "{}: not closed in order: {}", dir_, to_string(result.error()));
    }
    co_return result;
}

Task<Result<void>> LogImpl::close() {
    return end(Ending::orderly);
}

Task<Result<void>> LogImpl::remove() {
    const auto ended = co_await end(Ending::abandoned);
    WEIR_MAYBE(ended.has_value());
    co_return co_await Log::destroy(env_, dir_);
}

}  // namespace weir::log
