// Log::find_damage and Log::repair: the longest good prefix of a damaged log, and the cut that
// leaves only that.

#include "core/log/checkpoint.h"
#include "core/log/epochs.h"
#include "core/log/format.h"
#include "core/log/log.h"
#include "core/log/recovery.h"
#include "core/log/scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace weir::log {

namespace {

// The first offset whose epoch is another in `b`; both are of the same batches.
std::optional<Offset> first_difference(const Lineage& a, const Lineage& b) {
    for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
        if (i >= a.size() || i >= b.size()) {
            return (i < a.size() ? a : b)[i].start;
        }
        if (a[i] != b[i]) {
            return std::min(a[i].start, b[i].start);
        }
    }
    return std::nullopt;
}

// Lives in the frame of one of the two.
class Repair {
public:
    Repair(Env& env, std::string dir, LogConfig config)
        : env_(env),
          dir_(std::move(dir)),
          config_(std::move(config)),
          checkpoint_file_(env.disk, join_path(dir_, std::string(kCheckpointName))) {}

    // Reads all, changes nothing.
    Task<Result<RepairReport>> look();
    // After look().
    Task<Result<void>> cut();

private:
    Task<Result<void>> find();
    Task<Result<void>> walk();
    Task<Result<bool>> walk_segment(std::size_t index);
    std::optional<Offset> end_bound(std::size_t index) const;
    Task<Result<SegmentScan>> scan_closed(File& file, ScanBounds bounds);
    Task<Result<void>> save_last_kept();
    void damaged(Offset base_offset, std::uint64_t position, std::string_view what) {
        report_.damage =
            fmt::format("segment {} position {}: {}",
                        join_path(dir_, segment_file_name(base_offset)), position, what);
    }
    bool was_synced(Offset base_offset, std::uint64_t position) const {
        return checkpoint_.has_value() &&
               (checkpoint_->segment_base > base_offset ||
                (checkpoint_->segment_base == base_offset && checkpoint_->position > position));
    }

    Env& env_;
    std::string dir_;
    LogConfig config_;
    CheckpointFile checkpoint_file_;
    std::optional<Checkpoint> checkpoint_;
    std::vector<FoundSegment> found_;
    // Of the last good batch.
    LeaderEpoch epoch_ = kNoEpoch;
    // The segment that holds it, and where it ends there.
    std::optional<Offset> last_base_;
    std::uint64_t last_position_ = 0;
    RepairReport report_;
};

Task<Result<RepairReport>> Repair::look() {
    WEIR_CO_CHECK(co_await find());
    WEIR_CO_CHECK(co_await walk());
    co_return report_;
}

// The segments that count: from the log start on, and below a cut that was begun.
Task<Result<void>> Repair::find() {
    WEIR_CO_TRY(const auto listed, co_await env_.disk.list(dir_));
    WEIR_CO_TRY(checkpoint_, co_await checkpoint_file_.read());
    if (checkpoint_.has_value() && checkpoint_->identity != config_.identity) {
        co_return fail(ErrorCode::already_exists, dir_ + ": the log of another partition");
    }
    found_ = find_segments(listed);
    if (!checkpoint_.has_value()) {
        if (found_.empty()) {
            co_return fail(ErrorCode::not_found, dir_ + ": no log");
        }
        report_.log_start = found_.front().base_offset;
    } else {
        report_.log_start = checkpoint_->log_start;
        report_.known_end = checkpoint_->next_offset;
        if (checkpoint_->cut.has_value()) {
            const Cut& cut = *checkpoint_->cut;
            const bool nothing_stays = checkpoint_->log_start == cut.end;
            std::erase_if(found_, [&](const FoundSegment& found) {
                return nothing_stays || found.base_offset >= cut.end;
            });
        }
        while (found_.size() > 1 && found_[1].base_offset <= report_.log_start) {
            found_.erase(found_.begin());
        }
    }
    report_.good_end = report_.log_start;
    for (const FoundSegment& found : found_) {
        report_.known_end = std::max(report_.known_end, found.base_offset);
    }
    co_return Result<void>();
}

Task<Result<void>> Repair::walk() {
    for (std::size_t i = 0; i < found_.size(); ++i) {
        const Offset base_offset = found_[i].base_offset;
        const bool first = i == 0 && base_offset <= report_.log_start;
        if (!first && base_offset != report_.good_end) {
            damaged(report_.good_end, 0, "the segment is missing");
            co_return Result<void>();
        }
        WEIR_CO_TRY(const bool well, co_await walk_segment(i));
        report_.known_end = std::max(report_.known_end, report_.good_end);
        if (!well) {
            break;
        }
    }
    if (!report_.damage.empty()) {
        co_return Result<void>();
    }
    const bool finishes_cut = checkpoint_.has_value() && checkpoint_->cut.has_value();
    if (finishes_cut) {
        co_return Result<void>();
    }
    if (!last_base_.has_value()) {
        damaged(report_.good_end, 0, "no segment is left");
    } else if (checkpoint_.has_value() && checkpoint_->segment_base > *last_base_) {
        damaged(checkpoint_->segment_base, 0, "the newest segment is missing");
    }
    co_return Result<void>();
}

// False when what follows is of no use; `damage` says whether that is damage or a normal end.
Task<Result<bool>> Repair::walk_segment(std::size_t index) {
    const Offset base_offset = found_[index].base_offset;
    const bool newest = index + 1 == found_.size();
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await env_.disk.open(join_path(dir_, segment_file_name(base_offset)),
                                        OpenMode::read_only));
    Bytes bytes(kSegmentHeaderSize);
    WEIR_CO_TRY(const std::size_t size, co_await file->read_at(FilePosition(0), bytes));
    const auto header = decode_segment_header(ByteSpan(bytes).first(size));
    if (!header.has_value() && header.error().code != ErrorCode::corrupt) {
        co_return fail(header.error());
    }
    if (header.has_value() && header->identity != config_.identity) {
        co_return fail(ErrorCode::already_exists, dir_ + ": the log of another partition");
    }
    if (!header.has_value() || header->base_offset != base_offset) {
        WEIR_CO_TRY(const bool no_data, co_await only_zeros_from(*file, kSegmentHeaderSize));
        const bool unborn = !header.has_value() && no_data && newest && !was_synced(base_offset, 0);
        if (!unborn) {
            damaged(base_offset, 0, "not the header expected");
        }
        co_return false;
    }
    ScanBounds bounds;
    bounds.base_offset = base_offset;
    bounds.previous_epoch = std::max(header->previous_epoch, epoch_);
    bounds.end_offset = end_bound(index);
    SegmentScan scan;
    if (bounds.end_offset.has_value()) {
        WEIR_CO_TRY(scan, co_await scan_closed(*file, bounds));
    } else {
        WEIR_CO_TRY(scan, co_await scan_segment(*file, bounds));
        if (scan.fault == BatchFault::epoch_decreased ||
            was_synced(base_offset, scan.end_position)) {
            damaged(base_offset, scan.end_position, to_string(scan.fault));
        }
    }
    report_.good_end = std::max(report_.log_start, scan.next_offset);
    epoch_ = scan.epochs.empty() ? bounds.previous_epoch : last_epoch(scan.epochs);
    last_base_ = base_offset;
    last_position_ = scan.end_position;
    co_return report_.damage.empty();
}

// The index tells two things that the segment alone does not. A segment whose next one is lost may
// hold the rest of an older cut behind its end. And epochs are outside of the batches' checksums:
// of those that differ from the index, only what comes before is good.
Task<Result<SegmentScan>> Repair::scan_closed(File& file, ScanBounds bounds) {
    WEIR_CO_TRY(const auto index,
                co_await read_index(env_.disk, dir_, config_.identity, bounds.base_offset));
    WEIR_CO_TRY(SegmentScan scan, co_await scan_segment(file, bounds));
    std::optional<Offset> good_end;
    if (scan.next_offset != *bounds.end_offset) {
        damaged(bounds.base_offset, scan.end_position,
                scan.fault == BatchFault::none ? "ends too early" : to_string(scan.fault));
        if (index.has_value() && index->header.next_offset < scan.next_offset) {
            good_end = index->header.next_offset;
        }
    } else if (index.has_value() && index->header.was_cut &&
               index->header.next_offset < scan.next_offset) {
        good_end = index->header.next_offset;
        damaged(*good_end, 0, "the segment is missing");
    } else if (index.has_value() && index->header.next_offset == scan.next_offset) {
        good_end = first_difference(index->summary.epochs, scan.epochs);
        if (good_end.has_value()) {
            damaged(bounds.base_offset, scan.end_position, "not the epochs of its index");
        }
    }
    if (good_end.has_value()) {
        bounds.end_offset = good_end;
        WEIR_CO_TRY(scan, co_await scan_segment(file, bounds));
    }
    co_return scan;
}

// Where a closed segment must end: at the next one, or at a cut that was begun. Nothing for the
// active segment.
std::optional<Offset> Repair::end_bound(std::size_t index) const {
    if (index + 1 < found_.size()) {
        return found_[index + 1].base_offset;
    }
    if (checkpoint_.has_value() && checkpoint_->cut.has_value()) {
        return checkpoint_->cut->end;
    }
    if (checkpoint_.has_value() && checkpoint_->segment_base > found_[index].base_offset) {
        return checkpoint_->segment_base;
    }
    return std::nullopt;
}

// The commit point is the checkpoint: open() then finishes the cut. What stays is synced before,
// since its segment counts as closed.
Task<Result<void>> Repair::cut() {
    WEIR_LOG(Logger(env_.log, "log.repair"), warn, "{}: cut at {} of {}: {}", dir_,
             report_.good_end.value(), report_.known_end.value(), report_.damage);
    WEIR_CO_CHECK(co_await save_last_kept());
    Checkpoint checkpoint;
    checkpoint.identity = config_.identity;
    checkpoint.log_start = report_.log_start;
    checkpoint.segment_base = checkpoint.next_offset = report_.good_end;
    checkpoint.position = kSegmentHeaderSize;
    checkpoint.cut = Cut();
    checkpoint.cut->end = report_.good_end;
    checkpoint.cut->previous_epoch = report_.good_end == report_.log_start ? kNoEpoch : epoch_;
    for (std::size_t i = 0; i < kSlotCount; ++i) {
        WEIR_CO_CHECK(co_await checkpoint_file_.write(checkpoint, CheckpointFile::Sync::yes));
    }
    co_return co_await env_.disk.sync_directory(dir_);
}

Task<Result<void>> Repair::save_last_kept() {
    if (!last_base_.has_value() || report_.good_end == report_.log_start) {
        co_return Result<void>();
    }
    std::uint64_t from = 0;
    if (checkpoint_.has_value() && checkpoint_->segment_base == *last_base_) {
        from = std::min(checkpoint_->position, last_position_);
    }
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await env_.disk.open(join_path(dir_, segment_file_name(*last_base_)),
                                        OpenMode::read_write));
    WEIR_CO_CHECK(co_await rewrite(*file, from, last_position_));
    co_return co_await file->sync_data();
}

}  // namespace

Task<Result<RepairReport>> Log::find_damage(Env& env, std::string dir, LogConfig config) {
    Repair repair(env, std::move(dir), std::move(config));
    co_return co_await repair.look();
}

Task<Result<RepairReport>> Log::repair(Env& env, std::string dir, LogConfig config) {
    Repair repair(env, std::move(dir), std::move(config));
    WEIR_CO_TRY(RepairReport report, co_await repair.look());
    if (!report.damage.empty()) {
        WEIR_CO_CHECK(co_await repair.cut());
    }
    co_return report;
}

}  // namespace weir::log
