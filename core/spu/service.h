// The Streaming Processing Unit as one service: the partitions that the SC assigns to it, the
// public port for clients, the private port for other SPUs, and the link to the SC.
//
// `run` owns everything and returns when `stop` is cancelled and all is answered, synced and
// closed, or at once with an Error that says why the SPU could not start: a port is taken
// (already_exists), the data folder is in use by another process (unavailable), belongs to another
// SPU (invalid_argument) or its identity file is damaged (corrupt; nothing was changed). It serves
// its partitions also while the SC cannot be reached; it needs the SC once after each start, to
// learn which they are. One shard. `env` outlives the call.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"
#include "core/base/time.h"
#include "core/env/env.h"
#include "core/log/config.h"
#include "core/replication/step.h"
#include "core/task/cancel.h"
#include "core/task/sync.h"
#include "core/task/task.h"

#include <cstdint>
#include <string>

namespace weir::spu {

struct Config {
    SpuId id = SpuId(5001);
    HostPort public_bind = {"0.0.0.0", 9005};
    HostPort private_bind = {"0.0.0.0", 9006};
    HostPort sc_private = {"127.0.0.1", 9004};

    // Below the disk's root; the SPU's files are in <log_base_dir>/spu-logs-<id>.
    std::string log_base_dir = "data";

    // How the files of a log are cut, unless the topic says otherwise. Identity, retention and
    // durability are filled in for each partition. See core/log/config.h.
    log::LogConfig log;

    // A batch above this is refused (MessageTooLarge), as is one above the segment size.
    std::uint32_t batch_size_max = 33'554'432;

    // Limits of one connection; a frame above frame_size_max closes it with one line in the log.
    std::uint32_t frame_size_max = 128U << 20;
    std::uint32_t connections_max = 10'000;
    std::uint32_t streams_per_connection_max = 10'000;
    // Produce requests that are appended and not answered yet: the connection is read on only
    // below both.
    std::uint32_t produces_in_flight_max = 1'024;
    std::uint64_t produce_bytes_in_flight_max = 64U << 20;
    // A Fetch answer (not StreamFetch) is built in memory, up to this.
    std::uint32_t fetch_size_max = 64U << 20;

    // A replica that the SC does not list, without having said that it was removed, stays on the
    // disk for so long: an SC whose metadata come from a backup does not know the newest topics.
    Duration unlisted_grace = Duration::from_s(24 * 3'600);
    // Retention, checkpoints and closing of idle files.
    Duration tick_interval = Duration::from_s(1);
    // Reading of what nobody reads, to find damage while other copies are whole: bytes per second
    // over all partitions, 0 for never; and how long after one is through it begins anew.
    std::uint64_t scrub_bytes_per_second = 4U << 20;
    Duration scrub_interval = Duration::from_s(3'600);
    // Between two attempts to reach the SC: from min, doubling, to max.
    Duration sc_retry_delay_min = Duration::from_ms(50);
    Duration sc_retry_delay_max = Duration::from_s(2);
    // Of one request to the SPU that leads consumer-offset.
    Duration peer_timeout = Duration::from_s(5);
    // How long requests in progress may take to finish after `stop`.
    Duration drain_timeout = Duration::from_s(5);
    // Times and sizes of replication.
    replication::ReplicaOptions replication;
    // How often the rules of a partition with followers look at their timers.
    Duration replication_tick = Duration::from_ms(100);
    // Appended and not committed in one partition: beyond this a produce waits.
    std::uint64_t uncommitted_bytes_max = 64U << 20;
    // Between two attempts to reach an SPU that leads: from min, doubling, to max.
    Duration leader_retry_delay_min = Duration::from_ms(100);
    Duration leader_retry_delay_max = Duration::from_s(1);
    // Bytes of batches in one frame to a follower; one batch may be larger.
    std::size_t push_frame_bytes = 4U << 20;
    // How long a question for the committed end waits for a new leader to know it.
    Duration committed_end_timeout = Duration::from_s(1);
    // The log of consumer offsets is rewritten when it exceeds this and a fourfold of what is live.
    std::uint64_t offsets_compact_size_bytes = 1U << 20;
};

// Filled in when both ports are open, then `ready` is set (the SC may not have answered yet).
// `registered` is set when the SC has accepted the SPU and sent its partitions for the first time.
// Outlives the call of run().
struct Started {
    explicit Started(Executor& executor) : ready(executor), registered(executor) {}
    HostPort public_address;
    HostPort private_address;
    Event ready;
    Event registered;
};

// `config` by value; `stop` is cancelled by the owner of the process.
Task<Result<void>> run(Env& env, Config config, CancelToken stop, Started* started = nullptr);

}  // namespace weir::spu
