// The implementation of Log: its state, and the tasks that work on it.
//
// Private to core/log. What each file implements: log_open.cc opening and deleting, log_append.cc
// the writer, log_epoch.cc who may append and what a follower appends, log_commit.cc the committer,
// the waits and the checkpoint, log_read.cc reading, log_cut.cc truncation, log_upkeep.cc
// retention, idling and closing, log_scrub.cc scrubbing.
//
// Only the writer task changes the active segment's file and `leo_`; only sync_written(), under
// `sync_mutex_`, moves `synced_`. A segment is closed only when all of it is synced, so unsynced
// bytes are always in the active segment, and recovery may insist that every other one is whole.
// The file of a closed segment never changes, because slices of it may be held: truncation closes
// the segment before the cut, at the cut, and leaves in its file what lies behind.
#pragma once

#include "core/log/checkpoint.h"
#include "core/log/epochs.h"
#include "core/log/log.h"
#include "core/log/outcomes.h"
#include "core/log/recovery.h"
#include "core/log/segment.h"
#include "core/log/tail_cache.h"
#include "core/task/sync.h"
#include "core/task/task_scope.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::log {

class LogImpl final : public Log {
public:
    LogImpl(Env& env, std::string dir, LogConfig config, std::unique_ptr<CheckpointFile> checkpoint,
            Recovered recovered);

    Task<Result<void>> begin_epoch(LeaderEpoch epoch, AppendRole role) override;
    Result<Appended> append(BufferSlice batches, LeaderEpoch epoch) override;
    Result<Appended> append_replicated(BufferSlice batches, LeaderEpoch epoch) override;
    WEIR_CORO_WRAPPER Task<Result<void>> wait_committed(Appended appended,
                                                        CancelToken token) override;
    WEIR_CORO_WRAPPER Task<Result<void>> wait_promised(Appended appended,
                                                       CancelToken token) override;
    WEIR_CORO_WRAPPER Task<Result<void>> wait_written(Appended appended,
                                                      CancelToken token) override;
    Task<Result<Appended>> append_and_commit(BufferSlice batches, CancelToken token) override;
    std::uint64_t queued_size_bytes() const override { return queued_size_bytes_; }
    Task<Result<void>> sync() override;
    Task<Result<void>> roll() override;
    WEIR_CORO_WRAPPER Task<Result<void>> truncate(Offset end) override;
    WEIR_CORO_WRAPPER Task<Result<void>> reset_to(Offset start, LeaderEpoch preceding) override;
    void commit_to(Offset high_watermark) override;
    void set_observer(LogObserver* observer) override { observer_ = observer; }
    void configure(LogConfig config) override;

    Offset log_start() const override { return log_start_; }
    LeaderEpoch epoch_before_start() const override { return before_start_; }
    Offset leo() const override { return leo_; }
    Offset committed_end() const override { return committed_; }
    Offset promised_end() const override;
    Offset synced_end() const override { return synced_.end; }
    const Lineage& lineage() const override { return lineage_; }
    const ProducerTable& producers() const override { return assigned_producers_; }
    Appended find_append(Offset base_offset, Offset next_offset) const override;
    std::uint64_t size_bytes() const override;
    LogState state() const override;
    const LogStats& stats() const override { return stats_; }
    const RecoveryReport& recovery() const override { return report_; }
    const std::string& dir() const override { return dir_; }
    Notifier& changed() override { return changed_; }

    Task<Result<LogSlice>> read(ReadRequest request) override;
    Task<Result<BufferSlice>> read_checked(ReadRequest request) override;

    Task<Result<void>> tick(Offset delete_limit) override;
    Task<Result<void>> trim(Offset offset) override;
    Task<Result<void>> delete_before(Offset offset) override;
    Task<Result<ScrubStep>> scrub(ScrubCursor from, std::uint64_t size_bytes_max) override;
    WEIR_CORO_WRAPPER Task<Result<void>> close() override;
    Task<Result<void>> remove() override;

private:
    // One append that waits to be written.
    struct Queued {
        BufferSlice batches;
        Offset base_offset;
        Offset next_offset;
        std::uint64_t sequence = 0;
    };
    // What a batch range ends with.
    struct BatchesEnd {
        Offset next_offset;
        LeaderEpoch epoch;
    };
    // What truncate() and reset_to() ask of the writer: the log ends at `end` and starts at `start`
    // afterwards. Nothing stays when they are equal.
    struct CutRequest {
        enum class Kind : std::uint8_t { truncate, reset } kind;
        Offset end;
        // Of a reset: the epoch of what was before the end.
        LeaderEpoch preceding = kNoEpoch;
    };
    // The segments before a cut.
    struct Kept {
        std::size_t count = 0;
        // The last of them, as it is afterwards; null when none is kept.
        std::shared_ptr<Segment> last;
    };
    // A point up to which everything is on disk.
    struct SyncedPoint {
        Offset end;
        Offset segment_base;
        std::uint64_t position = 0;
        std::uint64_t sequence = 0;
    };
    // Counts a function of the log that suspends, so that close() can wait for it.
    class Operation {
    public:
        explicit Operation(LogImpl& log) : log_(log) { ++log_.operation_count_; }
        ~Operation() {
            --log_.operation_count_;
            if (!log_.env_.executor.torn_down()) {
                log_.on_idle_.notify_all();
            }
        }
        Operation(const Operation&) = delete;
        Operation& operator=(const Operation&) = delete;

    private:
        LogImpl& log_;
    };
    // Counts what reads segment files in several steps, so that a cut can wait for it.
    class FileReader {
    public:
        explicit FileReader(LogImpl& log) : log_(log) { ++log_.file_reader_count_; }
        ~FileReader() {
            --log_.file_reader_count_;
            if (log_.cutting_ && !log_.env_.executor.torn_down()) {
                log_.on_idle_.notify_all();
            }
        }
        FileReader(const FileReader&) = delete;
        FileReader& operator=(const FileReader&) = delete;

    private:
        LogImpl& log_;
    };
    enum class Wanted : std::uint8_t { written, promised, committed };
    enum class Ending : std::uint8_t { orderly, abandoned };
    enum class SyncWhen : std::uint8_t { if_behind, always };

    // log_append.cc
    Result<Offset> assign_offsets(const BufferSlice& batches, LeaderEpoch epoch);
    Appended enqueue(BufferSlice batches, BatchesEnd end);
    Result<void> check_accepts(std::size_t size_bytes) const;
    void start_writer();
    Task<void> run_writer();
    Task<void> serve_requests();
    bool has_requests() const {
        return roll_requested_ || shrink_requested_ || cut_request_.has_value();
    }
    Task<Result<void>> write_round();
    std::size_t gather(std::size_t first);
    bool needs_roll(const Queued& next) const;
    Task<Result<void>> write_gathered(std::size_t first, std::size_t count);
    Task<void> preallocate(std::uint64_t needed_size);
    void note_written(std::size_t first, std::size_t count);
    void note_batches(Segment& segment, const BufferSlice& batches);
    IndexSummary summary_of(const Segment& segment) const;
    Task<void> abort_appends(Error error);
    Task<Result<void>> restore_file();
    Task<Result<void>> shrink_active();
    Task<Result<void>> roll_segment();
    Task<Result<std::shared_ptr<File>>> create_next_segment();

    // log_epoch.cc
    Result<void> check_right(LeaderEpoch epoch, AppendRole role) const;
    Result<BatchesEnd> check_replicated(const BufferSlice& batches, LeaderEpoch epoch) const;

    // log_cut.cc
    Task<Result<void>> request_cut(CutRequest request);
    Result<void> check_cut(CutRequest request) const;
    Task<void> serve_cut();
    Task<Result<void>> cut_log(CutRequest request);
    Task<Result<Kept>> find_kept(Offset end);
    Task<Result<void>> begin_cut(CutRequest request, LeaderEpoch previous_epoch);
    std::vector<std::shared_ptr<Segment>> swap_segments(CutRequest request, Kept kept);
    void drop_appends(CutRequest request);
    Task<Result<void>> finish_cut(std::vector<std::shared_ptr<Segment>> doomed, Kept kept);

    // log_commit.cc
    Task<Result<void>> wait(Appended appended, Wanted wanted, CancelToken token);
    bool has_come(const Appended& appended, Wanted wanted) const;
    bool is_replica() const { return config_.high_watermark.has_value(); }
    void start_committer();
    Task<void> run_committer();
    Task<void> wait_before_sync();
    Task<Result<void>> sync_written(SyncWhen when);
    void note_synced(SyncedPoint point, std::uint64_t written_bytes, std::uint64_t append_count);
    Task<void> checkpoint_if_due();
    Task<void> sync_failed(Error error);
    void publish_promised();
    Task<Result<void>> write_checkpoint(bool clean, CheckpointFile::Sync sync);
    Checkpoint checkpoint_at(const SyncedPoint& point, bool clean) const;
    std::uint64_t unsynced_size_bytes() const { return written_bytes_ - synced_bytes_; }

    // log_read.cc
    std::shared_ptr<Segment> segment_of(Offset offset) const;
    Task<Result<std::shared_ptr<File>>> open_file(std::shared_ptr<Segment> segment);
    Task<Result<LogSlice>> read_file(ReadRequest request);
    Task<Result<LogSlice>> read_segment(std::shared_ptr<Segment> segment,
                                        std::shared_ptr<File> file, ReadRequest request);
    Result<void> check_segment_header(ByteSpan bytes, const Segment& segment) const;
    std::string path_of(const Segment& segment) const;
    LogSlice read_tail(const ReadRequest& request);
    Result<void> check_readable(Offset offset) const;

    // log_upkeep.cc
    Offset expired_below(Offset delete_limit) const;
    Task<Result<void>> delete_below(Offset new_start);
    Task<Result<void>> delete_files(std::vector<std::shared_ptr<Segment>> doomed);
    bool is_idle() const;
    Task<Result<void>> go_idle();
    Task<void> wait_for_operations(std::size_t own_count);
    Task<Result<void>> leave_clean_marker();
    Task<Result<void>> end(Ending ending);
    void close_files();

    // log_scrub.cc
    std::shared_ptr<Segment> segment_to_scrub(ScrubCursor& cursor) const;
    Task<Result<ScrubCursor>> scrub_part(std::shared_ptr<Segment> segment, ScrubCursor cursor,
                                         std::uint64_t size_bytes_max);

    const std::shared_ptr<Segment>& active() const { return segments_.back(); }
    void note_use() { last_used_ = env_.clock.now(); }
    // For the index of a segment that starts below the log start, too.
    Lineage whole_lineage() const {
        return with_epoch_before(lineage_, log_start_, leo_, before_start_);
    }
    void tell_position() { env_.probe.log_moved(LogPosition{dir_, log_start_, committed_, leo_}); }
    template <typename F>
    void tell(F make_fact) {
        if (env_.probe.listens()) {
            env_.probe.tell(make_fact());
        }
    }

    Env& env_;
    const std::string dir_;
    LogConfig config_;
    Logger logger_;
    std::unique_ptr<CheckpointFile> checkpoint_;
    const RecoveryReport report_;
    LogObserver* observer_ = nullptr;
    LogStats stats_;

    // Oldest first; the last is the active one.
    std::vector<std::shared_ptr<Segment>> segments_;
    // The active file reaches to here (end of data and preallocated zeros).
    std::uint64_t active_file_size_ = 0;
    Offset log_start_;
    LeaderEpoch before_start_;
    Offset leo_;
    Offset committed_;
    SyncedPoint synced_;
    TailCache tail_;
    // Of what is written.
    Lineage lineage_;
    ProducerTable producers_;

    // Who may append.
    LeaderEpoch append_epoch_ = kNoEpoch;
    AppendRole append_role_ = AppendRole::leader;

    // Appends: given away, written, promised.
    Offset assigned_end_;
    LeaderEpoch assigned_epoch_;
    ProducerTable assigned_producers_;
    std::uint64_t assigned_sequence_ = 0;
    std::uint64_t written_sequence_ = 0;
    std::uint64_t promised_sequence_ = 0;
    Outcomes outcomes_;

    std::vector<Queued> queue_;
    std::uint64_t queued_size_bytes_ = 0;
    // The writer's own, kept between rounds for their memory.
    std::vector<Queued> writing_;
    std::vector<ByteSpan> slices_;
    bool writer_running_ = false;
    // What other tasks ask of the writer, since only it may change the active file.
    bool roll_requested_ = false;
    bool shrink_requested_ = false;
    std::optional<Error> request_error_;
    std::optional<CutRequest> cut_request_;
    std::optional<Error> cut_error_;
    // One caller at a time asks for a cut and gets its answer.
    AsyncMutex cut_mutex_;
    // Begun and not finished: every checkpoint says so.
    std::optional<Cut> cut_;
    // Nobody may begin to read files; the cut goes on when nobody does any more.
    bool cutting_ = false;
    std::size_t file_reader_count_ = 0;
    std::uint64_t cut_count_ = 0;
    // A roll was begun and did not work: nothing is written until one has, because a file with the
    // name of the next segment may be there, and must stay the next.
    bool roll_pending_ = false;
    bool disk_full_ = false;
    bool failed_ = false;
    Instant retry_at_;

    // Group commit. Written counts in bytes since open, and in appends since the last sync.
    std::uint64_t written_bytes_ = 0;
    std::uint64_t synced_bytes_ = 0;
    std::uint64_t pending_count_ = 0;
    std::uint64_t owed_count_ = 0;
    Instant synced_at_;
    Instant first_unsynced_at_;
    bool committer_running_ = false;
    // One sync of the log in flight at a time; a second would only repeat the work of the first.
    AsyncMutex sync_mutex_;

    // The checkpoint's slots are written in turn, one writer at a time.
    AsyncMutex checkpoint_mutex_;
    // What the next checkpoint says about the log start; ahead of log_start_ while deleting.
    Offset checkpoint_start_;
    std::uint64_t checkpointed_bytes_ = 0;
    std::uint64_t checkpoint_synced_bytes_ = 0;
    SyncedPoint checkpointed_;

    // Deleting goes through one caller at a time: it is a sequence of steps on the oldest segments.
    AsyncMutex delete_mutex_;

    Instant last_used_;
    std::size_t operation_count_ = 0;
    bool ending_ = false;
    bool ended_ = false;
    std::optional<Error> end_error_;
    Notifier changed_;
    // For those inside: an append was written, promised or committed, or failed; an operation or
    // the writer is over, or a request to the writer was served.
    Notifier on_written_;
    Notifier on_committed_;
    Notifier on_idle_;
    TaskScope scope_;
};

}  // namespace weir::log
