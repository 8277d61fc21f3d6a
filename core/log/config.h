// What can be set about one log. Values.
#pragma once

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/model/durability.h"
#include "core/model/uid.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace weir::log {

// Whose log it is. Written into every file of the log, so that the files of a deleted and recreated
// topic are never taken for each other.
struct LogIdentity {
    Uid uid;
    std::uint32_t partition = 0;
    friend bool operator==(const LogIdentity&, const LogIdentity&) = default;
};

struct LogConfig {
    LogIdentity identity;

    // Set for one replica of several: this is where committed_end() begins (within the log), and
    // only commit_to() moves it. Otherwise it follows from the durability mode.
    std::optional<Offset> high_watermark;

    // See Log::promised_end.
    Durability durability = Durability::fsync;
    // Mode bounded: the longest time that a written append stays unsynced.
    Duration bounded_delay_max = Duration::from_ms(100);
    // Group commit: a sync waits at most this long after the one before it for as many appends as
    // were in that one plus those that had come meanwhile. Clients in a closed loop then share one
    // sync instead of alternating in two half groups. Zero: sync at once.
    Duration commit_gather_max = Duration::from_us(500);

    // Bytes of batches in a segment. An append that is larger gets a segment of its own.
    std::uint64_t segment_size_bytes_max = std::uint64_t{1} << 30;
    // Distance of the entries of the sparse index.
    std::uint64_t index_interval_bytes = 16U << 10;
    // The file is extended ahead of the writes in steps that grow up to this. 0: never.
    std::uint64_t preallocate_bytes_max = 16U << 20;
    // Written and not synced bytes never exceed this in any mode, but for one append that is
    // larger: what a power loss can take.
    std::uint64_t unsynced_bytes_max = 16U << 20;
    // The durable end is noted in the checkpoint about this often.
    std::uint64_t checkpoint_interval_bytes = 1U << 20;
    // Appends that wait to be written; beyond this append() answers `unavailable`.
    std::uint64_t queue_size_bytes_max = std::uint64_t{256} << 20;
    // The newest batches are kept in memory up to this.
    std::size_t tail_cache_bytes_max = 4U << 20;

    // No append is tried for this long after one that found the disk full.
    Duration disk_full_retry_interval = Duration::from_s(1);

    // Retention, on closed segments only. By the wall-clock time of a segment's last append.
    std::optional<Duration> retention_time;
    std::optional<std::uint64_t> retention_size_bytes;
    // tick() closes the files and drops the cache of a log that was not used for this long.
    Duration idle_after = Duration::from_s(30);
};

}  // namespace weir::log
