#include "core/log/recovery.h"

#include "core/base/mutant.h"
#include "core/log/scan.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace weir::log {

namespace {

// Bytes that are rewritten at a time.
constexpr std::uint64_t kRewriteSize = 256U << 10U;

struct FoundSegment {
    Offset base_offset;
    std::uint64_t file_size = 0;
};

std::vector<FoundSegment> find_segments(const std::vector<DirectoryEntry>& entries) {
    std::vector<FoundSegment> found;
    for (const DirectoryEntry& entry : entries) {
        const auto base = parse_file_name(entry.name, kSegmentSuffix);
        if (base.has_value() && !entry.is_directory) {
            found.push_back(FoundSegment{*base, entry.size_bytes});
        }
    }
    return found;  // sorted by name, hence by offset: the names have a fixed width
}

// The recovery of one log: look, then repair. Lives in the frame of recover().
class Recovery {
public:
    Recovery(Env& env, const std::string& dir, const LogConfig& config, CheckpointFile& checkpoint)
        : env_(env),
          dir_(dir),
          config_(config),
          checkpoint_file_(checkpoint),
          logger_(env.log, "log.recovery") {}

    Task<Result<Recovered>> run();

private:
    enum class Birth : std::uint8_t { whole, unborn };

    Task<Result<void>> create();
    Task<Result<void>> look();
    Result<void> drop_below_log_start();
    Task<Result<Birth>> check_header(File& file, Offset base_offset);
    Task<Result<void>> look_at_last();
    Task<Result<void>> look_at_closed(FoundSegment found, Offset next_base);
    Task<Result<std::optional<IndexHeader>>> read_index_header(Offset base_offset);
    Task<Result<void>> scan_closed(FoundSegment found, Offset next_base);
    Task<Result<bool>> take_clean_active(std::shared_ptr<Segment> active, std::uint64_t file_size);
    Task<Result<void>> scan_active(std::shared_ptr<Segment> active, std::uint64_t file_size);
    Result<void> check_against_checkpoint(const Segment& active) const;
    Task<Result<void>> repair();
    Task<Result<void>> remove_files();
    Task<Result<void>> rewrite_unsynced();
    Task<Result<void>> sync_active();

    std::string path_of(Offset base_offset) const {
        return join_path(dir_, segment_file_name(base_offset));
    }
    tl::unexpected<Error> corrupt(Offset base_offset, std::uint64_t position,
                                  std::string_view what) const {
        return fail(ErrorCode::corrupt, fmt::format("segment {} position {}: {}",
                                                    path_of(base_offset), position, what));
    }
    std::int64_t estimate_append_ms(std::int64_t max_time_stamp) const {
        const std::int64_t now_ms = env_.clock.wall_now().ms();
        return max_time_stamp > 0 ? std::min(max_time_stamp, now_ms) : now_ms;
    }

    Env& env_;
    const std::string& dir_;
    const LogConfig& config_;
    CheckpointFile& checkpoint_file_;
    Logger logger_;

    std::optional<Checkpoint> checkpoint_;
    std::vector<FoundSegment> found_;
    std::vector<std::string> doomed_files_;
    std::vector<std::shared_ptr<Segment>> to_index_;
    bool fresh_ = false;
    Recovered result_;
};

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
    WEIR_CO_TRY(segment->file, co_await create_segment_file(env_.disk, dir_, config_.identity,
                                                            segment->base_offset));
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
    WEIR_CO_CHECK(drop_below_log_start());
    WEIR_CO_CHECK(co_await look_at_last());
    if (fresh_) {
        co_return Result<void>();
    }
    for (std::size_t i = 0; i + 1 < found_.size(); ++i) {
        const Offset next_base = found_[i + 1].base_offset;
        WEIR_CO_CHECK(co_await look_at_closed(found_[i], next_base));
    }
    // The active one was looked at first and goes last.
    std::rotate(result_.segments.begin(), result_.segments.begin() + 1, result_.segments.end());
    for (const DirectoryEntry& entry : *listed) {
        const auto base = parse_file_name(entry.name, kIndexSuffix);
        const auto owner = [&](const FoundSegment& found) { return found.base_offset == *base; };
        if (base.has_value() && std::none_of(found_.begin(), found_.end(), owner)) {
            doomed_files_.push_back(entry.name);
        }
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

// Unborn: the header was never synced, hence nothing was written after it.
Task<Result<Recovery::Birth>> Recovery::check_header(File& file, Offset base_offset) {
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
        co_return Birth::whole;
    }
    if (header.error().code != ErrorCode::corrupt) {
        co_return fail(header.error());
    }
    WEIR_CO_TRY(const bool no_data, co_await only_zeros_from(file, kSegmentHeaderSize));
    const bool was_synced = checkpoint_.has_value() && checkpoint_->segment_base >= base_offset;
    if (!no_data || was_synced) {
        co_return corrupt(base_offset, 0, header.error().context);
    }
    co_return Birth::unborn;
}

Task<Result<void>> Recovery::look_at_last() {
    while (!found_.empty()) {
        const Offset base_offset = found_.back().base_offset;
        WEIR_CO_TRY(std::unique_ptr<File> opened,
                    co_await env_.disk.open(path_of(base_offset), OpenMode::read_write));
        auto active = std::make_shared<Segment>();
        active->base_offset = active->next_offset = base_offset;
        active->file = std::move(opened);
        WEIR_CO_TRY(const Birth birth, co_await check_header(*active->file, base_offset));
        if (birth == Birth::unborn) {
            env_.probe.reached(Sometimes::log_unborn_dropped);
            doomed_files_.push_back(segment_file_name(base_offset));
            found_.pop_back();
            continue;
        }
        WEIR_CO_TRY(const std::uint64_t file_size, co_await active->file->size());
        result_.active_file_size = file_size;
        WEIR_CO_TRY(result_.report.clean, co_await take_clean_active(active, file_size));
        if (!result_.report.clean) {
            WEIR_CO_CHECK(co_await scan_active(active, file_size));
        }
        result_.segments.push_back(std::move(active));
        co_return Result<void>();
    }
    // After the first checkpoint that follows creation a segment always exists.
    if (checkpoint_.has_value() && checkpoint_->sequence > 1) {
        co_return corrupt(checkpoint_->segment_base, 0, "no segment is left");
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
    WEIR_CO_TRY(const auto index, co_await read_index_header(active->base_offset));
    if (!index.has_value() || (!trusted && (index->end_position != file_size ||
                                            index->next_offset != checkpoint_->next_offset))) {
        co_return false;
    }
    env_.probe.reached(Sometimes::log_clean_start);
    active->next_offset = index->next_offset;
    active->end_position = index->end_position;
    active->max_time_stamp = index->max_time_stamp;
    active->last_append_ms = index->last_append_ms;
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
        WEIR_CO_TRY(scan, co_await scan_segment(*active->file, active->base_offset,
                                                config_.index_interval_bytes));
        result_.report.scanned_bytes += scan.end_position - kSegmentHeaderSize;
    }
    active->next_offset = scan.next_offset;
    active->end_position = scan.end_position;
    active->max_time_stamp = scan.max_time_stamp;
    active->last_append_ms = estimate_append_ms(scan.max_time_stamp);
    active->index = std::move(scan.index);
    WEIR_CO_CHECK(check_against_checkpoint(*active));
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

Task<Result<std::optional<IndexHeader>>> Recovery::read_index_header(Offset base_offset) {
    auto opened =
        co_await env_.disk.open(join_path(dir_, index_file_name(base_offset)), OpenMode::read_only);
    if (!opened.has_value()) {
        if (opened.error().code == ErrorCode::not_found) {
            co_return std::optional<IndexHeader>();
        }
        co_return fail(std::move(opened).error());
    }
    const std::unique_ptr<File> file = *std::move(opened);
    Bytes bytes(kIndexHeaderSize);
    WEIR_CO_TRY(const std::size_t size, co_await file->read_at(FilePosition(0), bytes));
    const auto header = decode_index_header(ByteSpan(bytes).first(size));
    if (!header.has_value() || header->identity != config_.identity ||
        header->base_offset != base_offset) {
        co_return std::optional<IndexHeader>();
    }
    co_return std::optional<IndexHeader>(*header);
}

Task<Result<void>> Recovery::look_at_closed(FoundSegment found, Offset next_base) {
    WEIR_CO_TRY(const auto index, co_await read_index_header(found.base_offset));
    if (!index.has_value() || index->next_offset != next_base ||
        index->end_position > found.file_size || env_.probe.fault(FaultPoint::log_closed_scanned)) {
        WEIR_CO_CHECK(co_await scan_closed(found, next_base));
        co_return Result<void>();
    }
    auto segment = std::make_shared<Segment>();
    segment->base_offset = found.base_offset;
    segment->next_offset = index->next_offset;
    segment->end_position = index->end_position;
    segment->max_time_stamp = index->max_time_stamp;
    segment->last_append_ms = index->last_append_ms;
    result_.segments.push_back(std::move(segment));
    co_return Result<void>();
}

Task<Result<void>> Recovery::scan_closed(FoundSegment found, Offset next_base) {
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await env_.disk.open(path_of(found.base_offset), OpenMode::read_only));
    WEIR_CO_TRY(const Birth birth, co_await check_header(*file, found.base_offset));
    if (birth == Birth::unborn) {
        co_return corrupt(found.base_offset, 0, "no header, and a segment follows");
    }
    WEIR_CO_TRY(SegmentScan scan,
                co_await scan_segment(*file, found.base_offset, config_.index_interval_bytes));
    result_.report.scanned_bytes += scan.end_position - kSegmentHeaderSize;
    if (!scan.ends_well()) {
        co_return corrupt(found.base_offset, scan.end_position, to_string(scan.fault));
    }
    if (scan.next_offset != next_base) {
        co_return corrupt(found.base_offset, scan.end_position,
                          fmt::format("ends at offset {}, the next segment starts at {}",
                                      scan.next_offset.value(), next_base.value()));
    }
    auto segment = std::make_shared<Segment>();
    segment->base_offset = found.base_offset;
    segment->next_offset = scan.next_offset;
    segment->end_position = scan.end_position;
    segment->max_time_stamp = scan.max_time_stamp;
    segment->last_append_ms = estimate_append_ms(scan.max_time_stamp);
    segment->index = std::move(scan.index);
    ++result_.report.indexes_rebuilt_count;
    env_.probe.reached(Sometimes::log_index_rebuilt);
    to_index_.push_back(segment);
    result_.segments.push_back(std::move(segment));
    co_return Result<void>();
}

Task<Result<void>> Recovery::repair() {
    WEIR_CO_CHECK(co_await remove_files());
    for (const std::shared_ptr<Segment>& segment : to_index_) {
        // Only saves the next scan; failing is fine.
        const auto written = co_await write_index_file(env_.disk, dir_, config_.identity, segment);
        WEIR_MAYBE(written.has_value());
    }
    const std::shared_ptr<Segment> active = result_.segments.back();
    if (result_.report.clean) {
        co_return Result<void>();
    }
    if (result_.active_file_size > active->end_position) {
        WEIR_CO_CHECK(co_await active->file->truncate(active->end_position));
        result_.active_file_size = active->end_position;
    }
    WEIR_CO_CHECK(co_await rewrite_unsynced());
    WEIR_CO_CHECK(co_await sync_active());
    Checkpoint checkpoint;
    checkpoint.identity = config_.identity;
    checkpoint.log_start = result_.log_start;
    checkpoint.segment_base = active->base_offset;
    checkpoint.position = active->end_position;
    checkpoint.next_offset = active->next_offset;
    WEIR_CO_CHECK(co_await checkpoint_file_.write(checkpoint, CheckpointFile::Sync::yes));
    co_return Result<void>();
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
    std::uint64_t at = 0;
    if (checkpoint_.has_value() && checkpoint_->segment_base == active->base_offset) {
        at = std::min(checkpoint_->position, active->end_position);
    }
    Buffer buffer = Buffer::allocate(
        static_cast<std::size_t>(std::min<std::uint64_t>(kRewriteSize, active->end_position - at)));
    while (at < active->end_position) {
        const MutByteSpan part = buffer.span().first(static_cast<std::size_t>(
            std::min<std::uint64_t>(buffer.size(), active->end_position - at)));
        WEIR_CO_TRY(const std::size_t size, co_await active->file->read_at(FilePosition(at), part));
        if (size != part.size()) {
            co_return corrupt(active->base_offset, at, "the file has become shorter");
        }
        const std::array<ByteSpan, 1> slices = {ByteSpan(part)};
        WEIR_CO_CHECK(co_await active->file->write_at(FilePosition(at), slices));
        at += size;
    }
    co_return Result<void>();
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

}  // namespace

Task<Result<Recovered>> recover(Env& env, std::string dir, LogConfig config,
                                CheckpointFile& checkpoint) {
    Recovery recovery(env, dir, config, checkpoint);
    co_return co_await recovery.run();
}

}  // namespace weir::log
