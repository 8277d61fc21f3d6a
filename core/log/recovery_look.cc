// Recovery, first part: looks at every file and decides; changes nothing on disk.

#include "core/base/mutant.h"
#include "core/log/recovery_steps.h"
#include "core/log/scan.h"

#include <fmt/core.h>

#include <utility>

namespace weir::log {

tl::unexpected<Error> Recovery::corrupt(Offset base_offset, std::uint64_t position,
                                        std::string_view what) const {
    return fail(ErrorCode::corrupt,
                fmt::format("segment {} position {}: {}", path_of(base_offset), position, what));
}

Task<Result<void>> Recovery::look() {
    auto listed = co_await env_.disk.list(dir_);
    if (!listed.has_value()) {
        if (listed.error().code == ErrorCode::not_found) {
            fresh_ = true;
            co_return Result<void>();
        }
        co_return fail(std::move(listed).error());
    }
    WEIR_CO_TRY(checkpoint_, co_await checkpoint_file_.read());
    if (checkpoint_file_.damaged_slot_count() > 0) {
        env_.probe.reached(Sometimes::log_slot_damaged);
    }
    if (checkpoint_.has_value() && checkpoint_->identity != config_.identity) {
        co_return fail(ErrorCode::already_exists, dir_ + ": the log of another partition");
    }
    found_ = find_segments(*listed);
    if (finishes_cut()) {
        plan_cut(*checkpoint_->cut);
    }
    WEIR_CO_CHECK(drop_below_log_start());
    if (!finishes_cut()) {
        WEIR_CO_CHECK(co_await look_at_last());
    }
    if (fresh_) {
        co_return Result<void>();
    }
    for (std::size_t i = 0; i + 1 < found_.size(); ++i) {
        WEIR_CO_CHECK(co_await look_at_closed(i));
    }
    // The active one was looked at first and goes last.
    std::rotate(result_.segments.begin(), result_.segments.begin() + 1, result_.segments.end());
    WEIR_CO_CHECK(join_summaries());
    WEIR_CO_CHECK(co_await look_before_start());
    for (const DirectoryEntry& entry : *listed) {
        const auto base = parse_file_name(entry.name, kIndexSuffix);
        const auto owner = [&](const FoundSegment& found) { return found.base_offset == *base; };
        if (base.has_value() && std::none_of(found_.begin(), found_.end(), owner)) {
            doomed_files_.push_back(entry.name);
        }
    }
    co_return Result<void>();
}

// What is at and above the cut goes, and an empty segment comes there.
void Recovery::plan_cut(const Cut& cut) {
    const bool nothing_stays = checkpoint_->log_start == cut.end;
    while (!found_.empty() && (nothing_stays || found_.back().base_offset >= cut.end)) {
        doomed_files_.push_back(segment_file_name(found_.back().base_offset));
        doomed_files_.push_back(index_file_name(found_.back().base_offset));
        found_.pop_back();
    }
    // Its segment may be gone already; it must not be taken for that of the new one.
    doomed_files_.push_back(index_file_name(cut.end));
    found_.push_back(FoundSegment{cut.end, kSegmentHeaderSize, IndexSummary()});
    auto active = std::make_shared<Segment>();
    active->base_offset = active->next_offset = cut.end;
    active->last_append_ms = env_.clock.wall_now().ms();
    active->index.emplace();
    result_.segments.push_back(std::move(active));
    result_.active_file_size = kSegmentHeaderSize;
    active_previous_epoch_ = cut.previous_epoch;
}

// Epochs never decrease, over segments too.
Result<void> Recovery::join_summaries() {
    for (const FoundSegment& found : found_) {
        for (const EpochStart& entry : found.summary.epochs) {
            if (entry.epoch < last_epoch(result_.lineage)) {
                return corrupt(found.base_offset, kSegmentHeaderSize,
                               to_string(BatchFault::epoch_decreased));
            }
            note_batch(result_.lineage, entry.epoch, entry.start);
        }
        if (!mutant(Mutant::producers_forgotten)) {
            result_.producers.join(found.summary.producers);
        }
    }
    if (result_.lineage.empty() && active_previous_epoch_ != kNoEpoch) {
        result_.lineage.push_back(EpochStart{active_previous_epoch_, result_.log_start});
    }
    trim_lineage(result_.lineage, result_.log_start);
    if (result_.log_start == result_.segments.back()->next_offset &&
        last_epoch(result_.lineage) == kNoEpoch) {
        result_.lineage.clear();  // says nothing
    }
    result_.producers.trim(result_.log_start);
    return {};
}

const IndexSummary& Recovery::summary_of(const Segment& segment) const {
    const auto found = std::find_if(found_.begin(), found_.end(), [&](const FoundSegment& one) {
        return one.base_offset == segment.base_offset;
    });
    WEIR_ASSERT(found != found_.end());
    return found->summary;
}

// A segment that starts below the log start knows who wrote the record there; the header of one
// that starts at it, who wrote what came before.
Task<Result<void>> Recovery::look_before_start() {
    const Offset start = result_.log_start;
    const Segment& first = *result_.segments.front();
    if (first.base_offset < start) {
        result_.before_start = epoch_at(found_.front().summary.epochs, start - 1);
        co_return Result<void>();
    }
    if (result_.segments.size() == 1) {
        result_.before_start = active_previous_epoch_;
        co_return Result<void>();
    }
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await env_.disk.open(path_of(first.base_offset), OpenMode::read_only));
    WEIR_CO_TRY(const auto header, co_await read_header(*file, first.base_offset));
    if (header.has_value()) {
        result_.before_start = header->previous_epoch;
    }
    co_return Result<void>();
}

// Segments below the log start are the rest of a deletion that was interrupted.
Result<void> Recovery::drop_below_log_start() {
    if (checkpoint_.has_value()) {
        result_.log_start = checkpoint_->log_start;
        std::size_t doomed = 0;
        while (doomed + 1 < found_.size() &&
               found_[doomed + 1].base_offset <= checkpoint_->log_start) {
            doomed_files_.push_back(segment_file_name(found_[doomed].base_offset));
            ++doomed;
        }
        if (doomed > 0) {
            env_.probe.reached(Sometimes::log_deletion_finished);
        }
        found_.erase(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(doomed));
        if (!found_.empty() && found_.front().base_offset > checkpoint_->log_start) {
            return corrupt(checkpoint_->log_start, 0, "the segment at the log start is missing");
        }
    } else if (!found_.empty()) {
        result_.log_start = found_.front().base_offset;
    }
    return {};
}

// Nothing when the segment is unborn: its header was never synced, hence nothing was written after
// it.
Task<Result<std::optional<SegmentHeader>>> Recovery::read_header(File& file, Offset base_offset) {
    Bytes bytes(kSegmentHeaderSize);
    WEIR_CO_TRY(const std::size_t size, co_await file.read_at(FilePosition(0), bytes));
    const auto header = decode_segment_header(ByteSpan(bytes).first(size));
    if (header.has_value()) {
        if (header->identity != config_.identity) {
            co_return fail(ErrorCode::already_exists, dir_ + ": the log of another partition");
        }
        if (header->base_offset != base_offset) {
            co_return corrupt(base_offset, 0, "header of another segment");
        }
        co_return std::optional<SegmentHeader>(*header);
    }
    if (header.error().code != ErrorCode::corrupt) {
        co_return fail(header.error());
    }
    WEIR_CO_TRY(const bool no_data, co_await only_zeros_from(file, kSegmentHeaderSize));
    const bool was_synced = checkpoint_.has_value() && checkpoint_->segment_base >= base_offset;
    if (!no_data || was_synced) {
        co_return corrupt(base_offset, 0, header.error().context);
    }
    co_return std::optional<SegmentHeader>();
}

Task<Result<void>> Recovery::look_at_last() {
    while (!found_.empty()) {
        const Offset base_offset = found_.back().base_offset;
        WEIR_CO_TRY(std::unique_ptr<File> opened,
                    co_await env_.disk.open(path_of(base_offset), OpenMode::read_write));
        auto active = std::make_shared<Segment>();
        active->base_offset = active->next_offset = base_offset;
        active->file = std::move(opened);
        WEIR_CO_TRY(const auto header, co_await read_header(*active->file, base_offset));
        if (!header.has_value()) {
            env_.probe.reached(Sometimes::log_unborn_dropped);
            doomed_files_.push_back(segment_file_name(base_offset));
            found_.pop_back();
            continue;
        }
        WEIR_CO_TRY(const std::uint64_t file_size, co_await active->file->size());
        result_.active_file_size = file_size;
        active_previous_epoch_ = header->previous_epoch;
        WEIR_CO_TRY(result_.report.clean, co_await take_clean_active(active, file_size));
        if (!result_.report.clean) {
            WEIR_CO_CHECK(co_await scan_active(active, file_size));
        }
        result_.segments.push_back(std::move(active));
        co_return Result<void>();
    }
    // After the first checkpoint that follows creation a segment always exists, and a log that does
    // not start at 0 has had one.
    if ((checkpoint_.has_value() && checkpoint_->sequence > 1) || result_.log_start > Offset(0)) {
        co_return corrupt(result_.log_start, 0, "no segment is left");
    }
    fresh_ = true;
    co_return Result<void>();
}

// After an orderly close the file ends exactly at the marked position, and anything that was
// acknowledged since then has made it longer.
Task<Result<bool>> Recovery::take_clean_active(std::shared_ptr<Segment> active,
                                               std::uint64_t file_size) {
    if (env_.probe.fault(FaultPoint::log_clean_ignored)) {
        co_return false;
    }
    const bool trusted = mutant(Mutant::clean_close_assumed);
    if (!trusted &&
        (!checkpoint_.has_value() || !checkpoint_->clean ||
         checkpoint_->segment_base != active->base_offset || checkpoint_->position != file_size)) {
        co_return false;
    }
    WEIR_CO_TRY(const auto index,
                co_await read_index(env_.disk, dir_, config_.identity, active->base_offset));
    if (!index.has_value() ||
        (!trusted && (index->header.end_position != file_size ||
                      index->header.next_offset != checkpoint_->next_offset))) {
        co_return false;
    }
    env_.probe.reached(Sometimes::log_clean_start);
    take_index(*active, found_.back(), *index);
    const auto loaded = co_await load_index(env_.disk, dir_, config_, active);
    if (!loaded.has_value()) {
        co_return fail(loaded.error());
    }
    co_return true;
}

Task<Result<void>> Recovery::scan_active(std::shared_ptr<Segment> active, std::uint64_t file_size) {
    SegmentScan scan;
    if (mutant(Mutant::index_trusted_at_recovery) && checkpoint_.has_value() &&
        checkpoint_->segment_base == active->base_offset) {
        scan.next_offset = checkpoint_->next_offset;
        scan.end_position = checkpoint_->position;
        scan.index.note(active->base_offset, kSegmentHeaderSize, 0);
    } else {
        ScanBounds bounds;
        bounds.base_offset = active->base_offset;
        bounds.previous_epoch = active_previous_epoch_;
        bounds.index_interval_bytes = config_.index_interval_bytes;
        WEIR_CO_TRY(scan, co_await scan_segment(*active->file, bounds));
        result_.report.scanned_bytes += scan.end_position - kSegmentHeaderSize;
    }
    active->next_offset = scan.next_offset;
    active->end_position = scan.end_position;
    active->max_time_stamp = scan.max_time_stamp;
    active->last_append_ms = estimate_append_ms(scan.max_time_stamp);
    active->index = std::move(scan.index);
    found_.back().summary.epochs = std::move(scan.epochs);
    found_.back().summary.producers = std::move(scan.producers);
    WEIR_CO_CHECK(check_against_checkpoint(*active));
    if (scan.fault == BatchFault::epoch_decreased) {
        // Whole and in its place: no torn write looks like that.
        co_return corrupt(active->base_offset, scan.end_position, to_string(scan.fault));
    }
    if (!scan.ends_well()) {
        env_.probe.reached(Sometimes::log_torn_tail_cut);
        result_.report.cut_bytes = file_size - scan.end_position;
        WEIR_LOG(logger_, warn, "{}: cutting {} bytes at position {} (offset {}): {}",
                 path_of(active->base_offset), result_.report.cut_bytes, scan.end_position,
                 scan.next_offset.value(), to_string(scan.fault));
    }
    co_return Result<void>();
}

// What was synced must be there.
Result<void> Recovery::check_against_checkpoint(const Segment& active) const {
    if (!checkpoint_.has_value() || checkpoint_->segment_base < active.base_offset) {
        return {};
    }
    if (checkpoint_->segment_base > active.base_offset) {
        return corrupt(checkpoint_->segment_base, 0, "the newest segment is missing");
    }
    if (active.end_position < checkpoint_->position) {
        return corrupt(active.base_offset, active.end_position,
                       fmt::format("damaged below the synced position {}", checkpoint_->position));
    }
    return {};
}

void Recovery::take_index(Segment& segment, FoundSegment& found, const FoundIndex& index) {
    segment.next_offset = index.header.next_offset;
    segment.end_position = index.header.end_position;
    segment.max_time_stamp = index.header.max_time_stamp;
    segment.last_append_ms = index.header.last_append_ms;
    segment.was_cut = index.header.was_cut;
    found.summary = index.summary;
}

Task<Result<void>> Recovery::look_at_closed(std::size_t index) {
    FoundSegment& found = found_[index];
    const Offset next_base = found_[index + 1].base_offset;
    auto segment = std::make_shared<Segment>();
    segment->base_offset = found.base_offset;
    WEIR_CO_TRY(const auto summary,
                co_await read_index(env_.disk, dir_, config_.identity, found.base_offset));
    if (summary.has_value() && summary->header.was_cut && summary->header.next_offset < next_base) {
        co_return corrupt(summary->header.next_offset, 0, "the segment is missing");
    }
    if (!summary.has_value() || summary->header.next_offset != next_base ||
        summary->header.end_position > found.file_size ||
        env_.probe.fault(FaultPoint::log_closed_scanned)) {
        WEIR_CO_CHECK(co_await scan_closed(segment, index));
    } else {
        take_index(*segment, found, *summary);
    }
    if (found.file_size > segment->end_position) {
        to_trim_.push_back(segment);
    }
    result_.segments.push_back(std::move(segment));
    co_return Result<void>();
}

// What lies behind the start of the next segment is the rest of a cut.
Task<Result<void>> Recovery::scan_closed(std::shared_ptr<Segment> segment, std::size_t index) {
    const Offset base_offset = segment->base_offset;
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await env_.disk.open(path_of(base_offset), OpenMode::read_only));
    WEIR_CO_TRY(const auto header, co_await read_header(*file, base_offset));
    if (!header.has_value()) {
        co_return corrupt(base_offset, 0, "no header, and a segment follows");
    }
    ScanBounds bounds;
    bounds.base_offset = base_offset;
    bounds.previous_epoch = header->previous_epoch;
    bounds.end_offset = found_[index + 1].base_offset;
    bounds.index_interval_bytes = config_.index_interval_bytes;
    WEIR_CO_TRY(SegmentScan scan, co_await scan_segment(*file, bounds));
    result_.report.scanned_bytes += scan.end_position - kSegmentHeaderSize;
    if (!scan.ends_well()) {
        co_return corrupt(base_offset, scan.end_position, to_string(scan.fault));
    }
    if (scan.next_offset != *bounds.end_offset) {
        co_return corrupt(base_offset, scan.end_position,
                          fmt::format("ends at offset {}, the next segment starts at {}",
                                      scan.next_offset.value(), bounds.end_offset->value()));
    }
    segment->next_offset = scan.next_offset;
    segment->end_position = scan.end_position;
    segment->max_time_stamp = scan.max_time_stamp;
    segment->last_append_ms = estimate_append_ms(scan.max_time_stamp);
    segment->index = std::move(scan.index);
    found_[index].summary.epochs = std::move(scan.epochs);
    found_[index].summary.producers = std::move(scan.producers);
    ++result_.report.indexes_rebuilt_count;
    env_.probe.reached(Sometimes::log_index_rebuilt);
    to_index_.push_back(std::move(segment));
    co_return Result<void>();
}

}  // namespace weir::log
