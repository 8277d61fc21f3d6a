// The log of one partition: append batches, commit them in groups, read them back whole.
//
// Owner and lifetime: opened by `Log::open`, owned by whoever serves the partition, ended by
// `co_await close()` (or `remove()`) before it is destroyed; after a simulated crash it is just
// destroyed. Tasks that are inside its functions end before it is destroyed: close() waits for
// them. One shard, one Log per folder at a time (the caller sees to that). Env outlives it.
//
// Shape: append() assigns offsets and queues, without waiting. One writer task, which exists only
// while something is queued, gathers what a turn brought into one write; one committer task, which
// exists only while something is unsynced, syncs, one sync at a time, and what is written meanwhile
// joins the next. An idle log has no task, no timer, and after `idle_after` no open file.
//
//     assigned      append() has given the offset away
//     leo           written; readers may see everything below it
//     promised_end  what the durability mode promises of this disk: all that is written, or synced
//     committed_end the high watermark: as commit_to() says; of a log that is not one of several
//                   replicas the promised end
//     synced_end    on disk; never above leo
//
// Offsets are exclusive ends. log_start <= committed_end <= leo always; none of them ever decreases
// while the log is open, except by truncate() and reset_to().
//
// Replication: LogConfig::high_watermark makes the log one replica of several. Every batch carries
// the leader epoch under which it was appended, and epochs never decrease along the log. At any
// time one epoch and one role may append (begin_epoch); an append made for another one is refused,
// so that whoever still holds the log from before a change of leader cannot write any more. A log
// without replicas never calls begin_epoch() and stamps kNoEpoch, which is what clients send.
// Design: replication, 5.9, 5.12, 5.13, I17, I18.
//
// Errors: `disk_full` is a designed state: appends are refused, reads and retention go on, and
// appends work again by themselves when space is back. `corrupt` carries segment and position. A
// failed sync halts the process (Process::halt), except in mode async. Units are bytes and
// offsets; times are Duration. Layout on disk: docs/internals/log-format.md.
#pragma once

#include "core/base/bytes.h"
#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/env/env.h"
#include "core/log/config.h"
#include "core/log/producers.h"
#include "core/model/lineage.h"
#include "core/task/sync.h"
#include "core/task/task.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::log {

// The epoch of what is appended without replication, and of nothing.
inline constexpr LeaderEpoch kNoEpoch{-1};

// Whose appends a log takes: a leader's are given offsets and stamped, a follower's have both.
enum class AppendRole : std::uint8_t { leader, follower };

// What append() gave; a plain value, to be handed to the waits below.
struct Appended {
    Offset base_offset;
    Offset next_offset;
    // Of this append in the life of the open log; offsets may be given out again after a failed
    // write, sequences are not. 0: it was written before.
    std::uint64_t sequence = 0;
};

struct ReadRequest {
    // The first record wanted. The answer starts with the batch that contains it.
    Offset offset;
    // Exclusive: only batches that end at or below it (committed_end() or leo()).
    Offset limit;
    // Whole batches up to this many bytes, and at least one batch whatever its size.
    std::uint64_t size_bytes_max = 0;
};

// Whole batches, one after another, from one segment. Empty (size 0) when there is nothing to read
// yet at the asked offset. Either in memory (`body`) or a range of a file (`file`); it stays valid
// for as long as it is held, also when retention deletes the segment or the log is closed.
struct LogSlice {
    Offset base_offset;
    // Where the next read goes on.
    Offset next_offset;
    std::uint64_t size_bytes = 0;
    std::vector<BufferSlice> body;
    std::shared_ptr<File> file;
    FilePosition file_position;

    bool empty() const { return size_bytes == 0; }
};

enum class LogState : std::uint8_t {
    normal,
    disk_full,  // appends are refused until a retry works
    failed,     // appends are refused until the log is opened again; reads go on
    closed,
};
std::string_view to_string(LogState state);

// What open() found and did.
struct RecoveryReport {
    bool created = false;
    // The log was closed in order, and nothing had to be scanned.
    bool clean = false;
    std::uint64_t scanned_bytes = 0;
    // Removed from the end of the last segment: an unsynced write that did not survive whole.
    std::uint64_t cut_bytes = 0;
    std::uint32_t indexes_rebuilt_count = 0;
};

// What repair() did, or would do.
struct RepairReport {
    Offset log_start;
    // The log ends here then.
    Offset good_end;
    // Where it was known to end before; above good_end when something was lost.
    Offset known_end;
    // What is wrong behind good_end, with segment and position; empty when nothing is.
    std::string damage;
};

// Where scrub() goes on; a value from the call before on the same open log, or the default: from
// the start.
struct ScrubCursor {
    Offset segment_base;
    std::uint64_t position = 0;
    Offset offset;
    // Of the log at that time: cuts make a cursor start anew.
    std::uint64_t cut_count = 0;
};

// What one call of scrub() did.
struct ScrubStep {
    ScrubCursor next;
    std::uint64_t read_bytes = 0;
    // Everything that is written has been read; `next` is at the start again.
    bool finished = false;
};

// Told what the log does, in the turn in which it does it, from inside the log: of the log it calls
// at most commit_to(). Outlives the log, or is taken away before (set_observer).
class LogObserver {
public:
    virtual ~LogObserver() = default;
    virtual void written(Offset leo) = 0;
    virtual void synced(Offset synced_end) = 0;
    virtual void evicted(Offset log_start) = 0;
};

struct LogStats {
    std::uint64_t append_count = 0;
    std::uint64_t write_count = 0;
    std::uint64_t written_bytes = 0;
    std::uint64_t sync_count = 0;
    std::uint64_t roll_count = 0;
    std::uint64_t tail_read_count = 0;
    std::uint64_t file_read_count = 0;
};

class Log {
public:
    // Opens the log in folder `dir` (relative to the disk's root), or creates an empty one that is
    // durable when this returns. Errors: `corrupt` (nothing was changed on disk), `already_exists`
    // (the folder holds the log of another identity), `disk_full`, `io_error`.
    static Task<Result<std::unique_ptr<Log>>> open(Env& env, std::string dir, LogConfig config);

    // Cuts the log in folder `dir`, which open() calls `corrupt`, down to its longest prefix of
    // good batches; open() works afterwards. Everything is read. To be called when the records
    // behind are known to be elsewhere, or are given up. A crash leaves the log as it was, or cut.
    // Errors: `not_found` (no log), `already_exists` (of another identity), `not_supported` (of a
    // newer version), `disk_full`, `io_error`.
    static Task<Result<RepairReport>> repair(Env& env, std::string dir, LogConfig config);

    // What repair() would do; changes nothing on disk. Everything is read. Errors as there.
    static Task<Result<RepairReport>> find_damage(Env& env, std::string dir, LogConfig config);

    // Deletes a closed log's folder, in an order in which a crash leaves either a whole log or a
    // folder named with kRemovedSuffix, which destroy_leftovers() deletes. Fine if not there.
    static Task<Result<void>> destroy(Env& env, std::string dir);
    // Deletes what an interrupted destroy() left in `parent_dir`; call before the logs are opened.
    static Task<Result<void>> destroy_leftovers(Env& env, std::string parent_dir);

    virtual ~Log() = default;

    // --- Append -------------------------------------------------------------------------------

    // From now on only appends of `role` in `epoch` are taken; returns when everything that was
    // queued before is written or has failed, so that leo() is where the epoch starts. The caller
    // has made the epoch durable (ReplicaStateFile). The same once more is fine; invalid_argument
    // for an epoch below this one or below the last batch's, or another role in the same epoch.
    virtual Task<Result<void>> begin_epoch(LeaderEpoch epoch, AppendRole role) = 0;

    // As leader of `epoch`. Queues one or more whole batches: writes their base offsets and the
    // epoch into the bytes (which the log shares from now on; nobody else writes to them) and
    // returns at once. All of them are stored, or none. The headers are checked (invalid_argument),
    // the checksums are the caller's matter. Also: not_leader (another epoch or role appends now),
    // disk_full, unavailable (failed, closed, or the queue is full).
    virtual Result<Appended> append(BufferSlice batches, LeaderEpoch epoch) = 0;
    // Of a log without replicas.
    Result<Appended> append(BufferSlice batches) { return append(std::move(batches), kNoEpoch); }
    // As follower in `epoch`: batches as the leader has them, to be stored as they are. Errors as
    // for append(), and offset_out_of_range (they do not begin where this log ends, counting what
    // is queued), corrupt (checksum, chain, or epochs that decrease or are above `epoch`). Nothing
    // is stored then.
    virtual Result<Appended> append_replicated(BufferSlice batches, LeaderEpoch epoch) = 0;
    // Until the append is below committed_end(), or has failed (disk_full, io_error, not_leader
    // when it was truncated: it is definitely not in the log), or the log closes (unavailable: it
    // may or may not be).
    // Any number of tasks, any order. Cancelling the wait does not cancel the append, and what is
    // below the end by then is a success.
    virtual Task<Result<void>> wait_committed(Appended appended, CancelToken token) = 0;
    // The same for promised_end(): an acknowledgement of this disk alone.
    virtual Task<Result<void>> wait_promised(Appended appended, CancelToken token) = 0;
    // The same for leo().
    virtual Task<Result<void>> wait_written(Appended appended, CancelToken token) = 0;
    // append() and wait_committed(), of a log without replicas.
    virtual Task<Result<Appended>> append_and_commit(BufferSlice batches, CancelToken token) = 0;
    // Bytes of appends that are not written yet.
    virtual std::uint64_t queued_size_bytes() const = 0;
    // Syncs everything written so far, whatever the mode.
    virtual Task<Result<void>> sync() = 0;
    // Closes the active segment as if it were full, so that trim() can remove it. No-op when empty.
    virtual Task<Result<void>> roll() = 0;
    // Removes everything at and above `end`, which is between log_start() and leo() and not inside
    // a batch (invalid_argument). Appends above it fail, queued ones too. When this returns, the
    // cut is on disk; a crash before leaves the log as it was, or cut. Slices that were read stay
    // as they are. After an error the log is unchanged, or `failed` and cut when opened again.
    virtual Task<Result<void>> truncate(Offset end) = 0;
    // Removes everything, and starts again empty at `start`, whatever the log held. As truncate().
    // `preceding` wrote the record before `start` (kNoEpoch: not known); the lineage keeps it.
    virtual Task<Result<void>> reset_to(Offset start, LeaderEpoch preceding) = 0;
    WEIR_CORO_WRAPPER Task<Result<void>> reset_to(Offset start) {
        return reset_to(start, kNoEpoch);
    }

    // --- One replica of several ---------------------------------------------------------------

    // The high watermark is `high_watermark`, which is not above leo(); a lower one than before has
    // no effect. Only for a log with LogConfig::high_watermark.
    virtual void commit_to(Offset high_watermark) = 0;
    // At most one; null: nobody.
    virtual void set_observer(LogObserver* observer) = 0;
    // Takes over the settings, but for the identity and the high watermark.
    virtual void configure(LogConfig config) = 0;

    // --- Where it is --------------------------------------------------------------------------

    virtual Offset log_start() const = 0;
    virtual Offset leo() const = 0;
    virtual Offset committed_end() const = 0;
    virtual Offset promised_end() const = 0;
    virtual Offset synced_end() const = 0;
    // Which epochs wrote what is below leo(). The first entry starts at log_start(); when retention
    // has taken every batch it is of the last one. Empty for a log that never had a batch, or was
    // reset or cut down to its start. Valid until the next suspension.
    virtual const Lineage& lineage() const = 0;
    // What is known of idempotent producers, counting what is queued: how a leader judges what it
    // is about to append. Valid until the next suspension.
    virtual const ProducerTable& producers() const = 0;
    // The append of the records in [base_offset, next_offset), which producers() has said are
    // there, for the waits. Once written they go only by truncate() and reset_to().
    virtual Appended find_append(Offset base_offset, Offset next_offset) const = 0;
    // What wrote the record before log_start(); kNoEpoch: nothing is there, or it is not known.
    virtual LeaderEpoch epoch_before_start() const = 0;
    // Of the batches that are on disk, without headers, indexes and preallocated space. Those below
    // the log start count until their file is deleted.
    virtual std::uint64_t size_bytes() const = 0;
    virtual LogState state() const = 0;
    virtual const LogStats& stats() const = 0;
    virtual const RecoveryReport& recovery() const = 0;
    virtual const std::string& dir() const = 0;

    // Notified when leo, committed_end, log_start or state has changed. Look, then wait, then look.
    virtual Notifier& changed() = 0;

    // --- Read ---------------------------------------------------------------------------------

    // Errors: offset_evicted (below log_start), offset_out_of_range (above leo), corrupt, io_error.
    // At `offset == leo`, or when no whole batch lies below `limit`: an empty slice.
    virtual Task<Result<LogSlice>> read(ReadRequest request) = 0;
    // The same bytes in memory, with every batch's checksum and offset checked: for replication,
    // recovery and replay, where damage must be found and not passed on.
    virtual Task<Result<BufferSlice>> read_checked(ReadRequest request) = 0;

    // --- Upkeep -------------------------------------------------------------------------------

    // Call now and then (a second or so): retention up to `delete_limit` (the high watermark),
    // checkpoint, closing of idle files. Small steps; failures are those of the step that failed
    // and are safe to ignore until the next call.
    virtual Task<Result<void>> tick(Offset delete_limit) = 0;
    // Deletes closed segments that lie wholly below `offset`.
    virtual Task<Result<void>> trim(Offset offset) = 0;
    // The log starts at the batch that holds `offset`, or at the committed end when that is lower:
    // inside a segment, too, whose file then stays until all of it is below the log start. When
    // this returns, the start is on disk.
    virtual Task<Result<void>> delete_before(Offset offset) = 0;
    // Reads about this many bytes of what is written from disk, at least one batch of each call,
    // and checks them as read_checked() does: damage in what nobody reads. `corrupt` names segment
    // and position. Does not count as use, and keeps no file open.
    virtual Task<Result<ScrubStep>> scrub(ScrubCursor from, std::uint64_t size_bytes_max) = 0;
    // Writes and syncs what was appended, leaves a clean marker, closes the files. Idempotent. The
    // log can be destroyed afterwards even when it answers an error.
    virtual Task<Result<void>> close() = 0;
    // close() without the syncing, then destroy().
    virtual Task<Result<void>> remove() = 0;
};

// Appended to the name of a log's folder while it is being deleted.
inline constexpr std::string_view kRemovedSuffix = ".removed";

}  // namespace weir::log
