// Truncation and reset: the log ends at an offset below its end, and starts a new segment there.
//
// The segment before the cut is closed at the cut as it stands; its file is not touched, because
// slices of it may be held. Segments at and above the cut are removed, and an empty one is made.
// The commit point is a checkpoint that names the cut (Cut in format.h): before it is on disk the
// log is as it was, afterwards recovery finishes what a crash interrupts. Both slots are then
// written without it, so that not even a damaged slot brings it back over later appends.

#include "core/base/mutant.h"
#include "core/log/log_impl.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::log {

namespace {

CheckpointFile::Sync cut_sync() {
    return mutant(Mutant::truncate_not_synced) ? CheckpointFile::Sync::no
                                               : CheckpointFile::Sync::yes;
}

}  // namespace

Task<Result<void>> LogImpl::truncate(Offset end) {
    return request_cut(CutRequest{CutRequest::Kind::truncate, end, kNoEpoch});
}

Task<Result<void>> LogImpl::reset_to(Offset start, LeaderEpoch preceding) {
    return request_cut(CutRequest{CutRequest::Kind::reset, start, preceding});
}

Task<Result<void>> LogImpl::request_cut(CutRequest request) {
    const Operation operation(*this);
    note_use();
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await cut_mutex_.lock());
    if (ending_ || failed_) {
        co_return fail(ErrorCode::unavailable, fmt::format("{}: {}", dir_, to_string(state())));
    }
    cut_request_ = request;
    start_writer();
    while (cut_request_.has_value()) {
        WEIR_CO_CHECK(co_await on_idle_.wait());
    }
    if (cut_error_.has_value()) {
        co_return fail(*cut_error_);
    }
    co_return Result<void>();
}

Result<void> LogImpl::check_cut(CutRequest request) const {
    const bool reset = request.kind == CutRequest::Kind::reset;
    if (reset ? request.end < Offset(0) : request.end < log_start_ || request.end > leo_) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{}: cut at {}, the log is from {} to {}", dir_,
                                request.end.value(), log_start_.value(), leo_.value()));
    }
    return {};
}

Task<void> LogImpl::serve_cut() {
    cutting_ = true;
    while (file_reader_count_ > 0) {
        const auto woken = co_await on_idle_.wait();
        WEIR_MAYBE(woken.has_value());
    }
    auto cut = co_await cut_log(*cut_request_);
    cutting_ = false;
    cut_error_.reset();
    if (!cut.has_value()) {
        cut_error_.emplace(std::move(cut).error());
        WEIR_LOG(logger_, warn, "{}: cut at {}: {}", dir_, cut_request_->end.value(),
                 to_string(*cut_error_));
    }
    cut_request_.reset();
    on_idle_.notify_all();
}

Task<Result<void>> LogImpl::cut_log(CutRequest request) {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await delete_mutex_.lock());
    WEIR_CO_CHECK(check_cut(request));
    Kept kept;
    if (request.kind == CutRequest::Kind::truncate) {
        // What stays must not depend on a sync that is still to come, since its segment is closed.
        WEIR_CO_CHECK(co_await sync_written(SyncWhen::if_behind));
        if (request.end == leo_) {
            drop_appends(request);
            co_return Result<void>();
        }
        if (request.end > log_start_) {
            WEIR_CO_TRY(kept, co_await find_kept(request.end));
        }
    }
    const LeaderEpoch previous_epoch =
        kept.last == nullptr ? request.preceding : epoch_at(lineage_, request.end - 1);
    std::vector<std::shared_ptr<Segment>> doomed;
    {
        // No sync may be in flight that would report about what is gone then.
        WEIR_CO_TRY(const AsyncMutex::Guard syncing, co_await sync_mutex_.lock());
        WEIR_CO_CHECK(co_await begin_cut(request, previous_epoch));
        doomed = swap_segments(request, kept);
    }
    auto finished = co_await finish_cut(std::move(doomed), std::move(kept));
    if (!finished.has_value()) {
        failed_ = true;
        changed_.notify_all();
        co_return fail(ErrorCode::unavailable, fmt::format("{}: a cut could not be finished: {}",
                                                           dir_, to_string(finished.error())));
    }
    co_return Result<void>();
}

// The segments that lie below `end` (above the log start, below the log end), the last of them cut.
Task<Result<LogImpl::Kept>> LogImpl::find_kept(Offset end) {
    const std::shared_ptr<Segment> segment = segment_of(end - 1);
    Kept kept;
    while (segments_[kept.count] != segment) {
        ++kept.count;
    }
    ++kept.count;
    kept.last = segment;
    if (segment->next_offset == end) {
        co_return kept;
    }
    WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file(segment));
    if (!segment->index.has_value()) {
        WEIR_CO_CHECK(co_await load_index(env_.disk, dir_, config_, segment));
    }
    ReadRequest request;
    request.offset = end;
    request.limit = segment->next_offset;
    request.size_bytes_max = 1;
    WEIR_CO_TRY(const LogSlice after, co_await read_segment(segment, file, request));
    if (after.base_offset != end) {
        co_return fail(ErrorCode::invalid_argument,
                       fmt::format("{}: offset {} is inside the batch at {}", dir_, end.value(),
                                   after.base_offset.value()));
    }
    // A copy, because the old one may be in use. max_time_stamp stays: it is a bound.
    kept.last = std::make_shared<Segment>(*segment);
    kept.last->next_offset = end;
    kept.last->was_cut = true;
    kept.last->end_position = after.file_position.value();
    kept.last->index->cut(kept.last->end_position);
    co_return kept;
}

// When it fails, the checkpoint may be on disk all the same, so it is taken back.
Task<Result<void>> LogImpl::begin_cut(CutRequest request, LeaderEpoch previous_epoch) {
    tell([this, &request] {
        return CutBegun{dir_, request.end, request.kind == CutRequest::Kind::reset};
    });
    const Offset old_start = checkpoint_start_;
    cut_ = Cut{request.end, previous_epoch};
    if (request.kind == CutRequest::Kind::reset) {
        checkpoint_start_ = request.end;
    }
    auto begun = co_await write_checkpoint(false, cut_sync());
    if (begun.has_value()) {
        co_return Result<void>();
    }
    cut_.reset();
    checkpoint_start_ = old_start;
    for (std::size_t i = 0; i < kSlotCount; ++i) {
        auto restored = co_await write_checkpoint(false, CheckpointFile::Sync::yes);
        if (!restored.has_value()) {
            co_await sync_failed(restored.error());
            break;
        }
    }
    co_return begun;
}

// From here on the log is the shorter one. The new active segment has no file yet. Returns the
// segments whose files have to go.
std::vector<std::shared_ptr<Segment>> LogImpl::swap_segments(CutRequest request, Kept kept) {
    std::vector<std::shared_ptr<Segment>> doomed(
        segments_.begin() + static_cast<std::ptrdiff_t>(kept.count), segments_.end());
    // A roll that did not work may have left the file of the next segment.
    doomed.push_back(std::make_shared<Segment>());
    doomed.back()->base_offset = leo_;
    segments_.resize(kept.count);
    if (kept.last != nullptr) {
        segments_.back() = std::move(kept.last);
    }
    auto next = std::make_shared<Segment>();
    next->base_offset = next->next_offset = request.end;
    next->last_append_ms = env_.clock.wall_now().ms();
    next->index.emplace();
    segments_.push_back(std::move(next));
    active_file_size_ = kSegmentHeaderSize;
    roll_pending_ = false;
    if (request.kind == CutRequest::Kind::reset) {
        log_start_ = request.end;
        before_start_ = request.preceding;
        lineage_.clear();
    }
    cut_lineage(lineage_, request.end);
    if (request.kind == CutRequest::Kind::reset) {
        producers_ = ProducerTable();
    }
    producers_.cut(request.end);
    if (request.preceding != kNoEpoch) {
        lineage_.push_back(EpochStart{request.preceding, request.end});
    }
    leo_ = request.end;
    const bool keeps_committed = is_replica() && request.kind == CutRequest::Kind::truncate;
    committed_ = keeps_committed ? std::min(committed_, leo_) : leo_;
    tail_.clear();
    ++cut_count_;
    drop_appends(request);
    synced_.end = synced_.segment_base = request.end;
    synced_.position = kSegmentHeaderSize;
    synced_.sequence = promised_sequence_ = assigned_sequence_;
    synced_bytes_ = written_bytes_;
    pending_count_ = owed_count_ = 0;
    tell([this, &request] {
        return LogCut{dir_, request.end, request.kind == CutRequest::Kind::reset};
    });
    tell_position();
    return doomed;
}

// Appends of which nothing stays have failed; what is below is decided already.
void LogImpl::drop_appends(CutRequest request) {
    const bool nothing_stays = request.kind == CutRequest::Kind::reset;
    outcomes_.note_cut(assigned_sequence_, nothing_stays ? Offset(0) : request.end);
    queue_.clear();
    queued_size_bytes_ = 0;
    written_sequence_ = assigned_sequence_;
    assigned_end_ = request.end;
    assigned_epoch_ = last_epoch(lineage_);
    assigned_producers_ = producers_;
    on_written_.notify_all();
    on_committed_.notify_all();
    changed_.notify_all();
}

Task<Result<void>> LogImpl::finish_cut(std::vector<std::shared_ptr<Segment>> doomed, Kept kept) {
    WEIR_CO_CHECK(co_await delete_files(std::move(doomed)));
    SegmentHeader header;
    header.identity = config_.identity;
    header.base_offset = leo_;
    header.previous_epoch = cut_->previous_epoch;
    const std::shared_ptr<Segment> active = segments_.back();
    WEIR_CO_TRY(active->file, co_await create_segment_file(env_.disk, dir_, header));
    if (kept.last != nullptr && kept.last->index.has_value()) {
        // It tells a start where the segment ends, should the next one be lost; not worth failing.
        const auto noted =
            co_await write_index_file(env_.disk, dir_, config_.identity, kept.last,
                                      summary_of(*kept.last), CheckpointFile::Sync::yes);
        WEIR_MAYBE(noted.has_value());
    }
    WEIR_CO_CHECK(co_await env_.disk.sync_directory(dir_));
    cut_.reset();
    for (std::size_t i = 0; i < kSlotCount; ++i) {
        WEIR_CO_CHECK(co_await write_checkpoint(false, cut_sync()));
    }
    co_return Result<void>();
}

}  // namespace weir::log
