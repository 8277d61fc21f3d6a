// The steps of a recovery. Private to core/log: recovery.h says what it does. recovery_look.cc
// looks and decides, recovery.cc repairs.
#pragma once

#include "core/log/epochs.h"
#include "core/log/format.h"
#include "core/log/recovery.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::log {

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
    Task<Result<void>> create();
    Task<Result<void>> look();
    bool finishes_cut() const { return checkpoint_.has_value() && checkpoint_->cut.has_value(); }
    void plan_cut(const Cut& cut);
    Result<void> drop_below_log_start();
    Task<Result<void>> look_before_start();
    Task<Result<std::optional<SegmentHeader>>> read_header(File& file, Offset base_offset);
    Task<Result<void>> look_at_last();
    Task<Result<void>> look_at_closed(std::size_t index);
    static void take_index(Segment& segment, FoundSegment& found, const FoundIndex& index);
    Task<Result<void>> scan_closed(std::shared_ptr<Segment> segment, std::size_t index);
    Result<void> join_summaries();
    const IndexSummary& summary_of(const Segment& segment) const;
    Task<Result<bool>> take_clean_active(std::shared_ptr<Segment> active, std::uint64_t file_size);
    Task<Result<void>> scan_active(std::shared_ptr<Segment> active, std::uint64_t file_size);
    Result<void> check_against_checkpoint(const Segment& active) const;
    Task<Result<void>> repair();
    Task<Result<void>> finish_cut();
    Task<Result<void>> write_checkpoint();
    Task<Result<void>> remove_files();
    Task<void> trim_closed();
    Task<Result<void>> rewrite_unsynced();
    Task<Result<void>> sync_active();

    std::string path_of(Offset base_offset) const {
        return join_path(dir_, segment_file_name(base_offset));
    }
    tl::unexpected<Error> corrupt(Offset base_offset, std::uint64_t position,
                                  std::string_view what) const;
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
    // Closed, with a file that is longer than they are.
    std::vector<std::shared_ptr<Segment>> to_trim_;
    // Of the batch before the active segment.
    LeaderEpoch active_previous_epoch_{-1};
    bool fresh_ = false;
    Recovered result_;
};

}  // namespace weir::log
