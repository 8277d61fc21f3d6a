// Recovery, second part: creates, finishes cuts, repairs.

#include "core/base/mutant.h"
#include "core/log/recovery_steps.h"

#include <fmt/core.h>

#include <utility>

namespace weir::log {

Task<Result<Recovered>> Recovery::run() {
    WEIR_CO_CHECK(co_await look());
    if (fresh_) {
        WEIR_CO_CHECK(co_await create());
        co_return std::move(result_);
    }
    WEIR_CO_CHECK(co_await repair());
    co_return std::move(result_);
}

// A new log, or what an interrupted creation left of one. Nothing was ever acknowledged from it.
Task<Result<void>> Recovery::create() {
    WEIR_CO_CHECK(co_await env_.disk.create_directories(dir_));
    auto segment = std::make_shared<Segment>();
    segment->last_append_ms = env_.clock.wall_now().ms();
    segment->index.emplace();
    SegmentHeader header;
    header.identity = config_.identity;
    WEIR_CO_TRY(segment->file, co_await create_segment_file(env_.disk, dir_, header));
    Checkpoint checkpoint;
    checkpoint.identity = config_.identity;
    checkpoint.position = segment->end_position;
    WEIR_CO_CHECK(co_await checkpoint_file_.write(checkpoint, CheckpointFile::Sync::yes));
    WEIR_CO_CHECK(co_await env_.disk.sync_directory(dir_));
    WEIR_CO_CHECK(co_await sync_ancestors(env_.disk, dir_));
    result_.active_file_size = segment->end_position;
    result_.segments.push_back(std::move(segment));
    result_.report.created = true;
    co_return Result<void>();
}

Task<Result<void>> Recovery::repair() {
    WEIR_CO_CHECK(co_await remove_files());
    for (const std::shared_ptr<Segment>& segment : to_index_) {
        // Only saves the next scan; failing is fine.
        const auto written = co_await write_index_file(
            env_.disk, dir_, config_.identity, segment,
            with_epoch_before(result_.lineage, result_.log_start,
                              result_.segments.back()->next_offset, result_.before_start));
        WEIR_MAYBE(written.has_value());
    }
    co_await trim_closed();
    const std::shared_ptr<Segment> active = result_.segments.back();
    if (finishes_cut()) {
        co_return co_await finish_cut();
    }
    if (result_.report.clean) {
        co_return Result<void>();
    }
    if (result_.active_file_size > active->end_position) {
        WEIR_CO_CHECK(co_await active->file->truncate(active->end_position));
        result_.active_file_size = active->end_position;
    }
    WEIR_CO_CHECK(co_await rewrite_unsynced());
    WEIR_CO_CHECK(co_await sync_active());
    co_return co_await write_checkpoint();
}

Task<Result<void>> Recovery::write_checkpoint() {
    const Segment& active = *result_.segments.back();
    Checkpoint checkpoint;
    checkpoint.identity = config_.identity;
    checkpoint.log_start = result_.log_start;
    checkpoint.segment_base = active.base_offset;
    checkpoint.position = active.end_position;
    checkpoint.next_offset = active.next_offset;
    co_return co_await checkpoint_file_.write(checkpoint, CheckpointFile::Sync::yes);
}

// Both slots, so that not even a damaged one brings the cut back over later appends.
Task<Result<void>> Recovery::finish_cut() {
    const std::shared_ptr<Segment> active = result_.segments.back();
    SegmentHeader header;
    header.identity = config_.identity;
    header.base_offset = active->base_offset;
    header.previous_epoch = active_previous_epoch_;
    WEIR_CO_TRY(active->file, co_await create_segment_file(env_.disk, dir_, header));
    WEIR_CO_CHECK(co_await sync_active());
    for (std::size_t i = 0; i < kSlotCount; ++i) {
        WEIR_CO_CHECK(co_await write_checkpoint());
    }
    co_return Result<void>();
}

// Removes what a cut has left behind the end of closed segments: nobody holds slices of it now.
// Only gives back space; failing is fine.
Task<void> Recovery::trim_closed() {
    for (const std::shared_ptr<Segment>& segment : to_trim_) {
        auto opened = co_await env_.disk.open(path_of(segment->base_offset), OpenMode::read_write);
        if (!opened.has_value()) {
            continue;
        }
        const std::unique_ptr<File> file = *std::move(opened);
        auto trimmed = co_await file->truncate(segment->end_position);
        if (trimmed.has_value()) {
            trimmed = co_await file->sync_data();
        }
        WEIR_MAYBE(trimmed.has_value());
    }
}

Task<Result<void>> Recovery::remove_files() {
    if (doomed_files_.empty()) {
        co_return Result<void>();
    }
    // What the checkpoint says is below the log start must stay there.
    WEIR_CO_CHECK(co_await checkpoint_file_.settle());
    for (const std::string& name : doomed_files_) {
        const auto removed = co_await env_.disk.remove_file(join_path(dir_, name));
        if (!removed.has_value() && removed.error().code != ErrorCode::not_found) {
            co_return fail(removed.error());
        }
    }
    co_return co_await env_.disk.sync_directory(dir_);
}

// A sync that failed before the process ended has left bytes that can be read and that no sync
// saves any more, since the system takes them for clean. Written once more, they are dirty again.
// Which bytes these are nobody knows: all that no checkpoint calls synced.
Task<Result<void>> Recovery::rewrite_unsynced() {
    const std::shared_ptr<Segment> active = result_.segments.back();
    if (config_.durability == Durability::async || mutant(Mutant::unsynced_not_rewritten)) {
        co_return Result<void>();
    }
    std::uint64_t from = 0;
    if (checkpoint_.has_value() && checkpoint_->segment_base == active->base_offset) {
        from = std::min(checkpoint_->position, active->end_position);
    }
    co_return co_await rewrite(*active->file, from, active->end_position);
}

// After a crash of the process alone the scan has read what the system holds in memory: it counts
// only once it is on disk, and so do the names of the files.
Task<Result<void>> Recovery::sync_active() {
    auto synced = co_await result_.segments.back()->file->sync_data();
    if (!synced.has_value() && config_.durability != Durability::async) {
        // A later sync could succeed without the data being there.
        co_await env_.process.halt(
            fmt::format("{}: sync failed: {}", dir_, to_string(synced.error())));
    }
    WEIR_CO_CHECK(std::move(synced));
    WEIR_CO_CHECK(co_await env_.disk.sync_directory(dir_));
    if (!checkpoint_.has_value() || checkpoint_->sequence <= 1) {
        WEIR_CO_CHECK(co_await sync_ancestors(env_.disk, dir_));
    }
    co_return Result<void>();
}

Task<Result<Recovered>> recover(Env& env, std::string dir, LogConfig config,
                                CheckpointFile& checkpoint) {
    Recovery recovery(env, dir, config, checkpoint);
    co_return co_await recovery.run();
}

}  // namespace weir::log
