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
//     committed_end what the durability mode promises; the high watermark without replicas
//     synced_end    on disk; never above leo
//
// Offsets are exclusive ends. log_start <= committed_end <= leo always; log_start and committed_end
// never decrease while the log is open; leo decreases never either (a failed write was not in it).
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
#include "core/task/sync.h"
#include "core/task/task.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::log {

// What append() gave; a plain value, to be handed to the waits below.
struct Appended {
    Offset base_offset;
    Offset next_offset;
    // Of this append in the life of the open log; offsets may be given out again after a failed
    // write, sequences are not.
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

    // Deletes a closed log's folder, in an order in which a crash leaves either a whole log or a
    // folder named with kRemovedSuffix, which destroy_leftovers() deletes. Fine if not there.
    static Task<Result<void>> destroy(Env& env, std::string dir);
    // Deletes what an interrupted destroy() left in `parent_dir`; call before the logs are opened.
    static Task<Result<void>> destroy_leftovers(Env& env, std::string parent_dir);

    virtual ~Log() = default;

    // --- Append -------------------------------------------------------------------------------

    // Queues one or more whole batches: writes their base offsets into the bytes (which the log
    // shares from now on; nobody else writes to them) and returns at once. All of them are stored,
    // or none. The headers are checked (invalid_argument), the checksums are the caller's matter.
    // Also: disk_full, unavailable (failed, closed, or the queue is full).
    virtual Result<Appended> append(BufferSlice batches) = 0;
    // Until the append is below committed_end(), or has failed (disk_full, io_error: it is
    // definitely not in the log), or the log closes (unavailable: it may or may not be).
    // Any number of tasks, any order. Cancelling the wait does not cancel the append.
    virtual Task<Result<void>> wait_committed(Appended appended, CancelToken token) = 0;
    // The same for leo().
    virtual Task<Result<void>> wait_written(Appended appended, CancelToken token) = 0;
    // append() and wait_committed().
    virtual Task<Result<Appended>> append_and_commit(BufferSlice batches, CancelToken token) = 0;
    // Bytes of appends that are not written yet.
    virtual std::uint64_t queued_size_bytes() const = 0;
    // Syncs everything written so far, whatever the mode.
    virtual Task<Result<void>> sync() = 0;
    // Closes the active segment as if it were full, so that trim() can remove it. No-op when empty.
    virtual Task<Result<void>> roll() = 0;

    // --- Where it is --------------------------------------------------------------------------

    virtual Offset log_start() const = 0;
    virtual Offset leo() const = 0;
    virtual Offset committed_end() const = 0;
    virtual Offset synced_end() const = 0;
    // Of the batches, without headers, indexes and preallocated space.
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
    // Writes and syncs what was appended, leaves a clean marker, closes the files. Idempotent. The
    // log can be destroyed afterwards even when it answers an error.
    virtual Task<Result<void>> close() = 0;
    // close() without the syncing, then destroy().
    virtual Task<Result<void>> remove() = 0;
};

// Appended to the name of a log's folder while it is being deleted.
inline constexpr std::string_view kRemovedSuffix = ".removed";

}  // namespace weir::log
