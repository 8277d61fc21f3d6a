// The Streaming Controller as one service: metadata, the public port for clients, the private port
// for SPUs.
//
// `run` owns everything and returns when `stop` is cancelled and all is drained, synced and closed,
// or at once with an Error that says why the SC could not start: the port is taken
// (already_exists), the metadata folder is locked by another process (unavailable), or the metadata
// are damaged (corrupt; nothing but the number of the term was changed). It also ends, with
// unavailable, when another process has begun a term on the same store. One shard. `env` outlives
// the call.
#pragma once

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/env/env.h"
#include "core/model/topic_settings.h"
#include "core/sc/metadata_store.h"
#include "core/task/cancel.h"
#include "core/task/sync.h"
#include "core/task/task.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::sc {

struct Config {
    // Below the disk's root; created if missing. One SC at a time.
    std::string metadata_dir = "metadata";
    HostPort public_bind = {"0.0.0.0", 9003};
    HostPort private_bind = {"0.0.0.0", 9004};

    // What ApiVersions reports: a semantic version, at least 0.9.0. `fluvio cluster start` waits
    // until it equals the version of that command line.
    std::string platform_version = "0.18.1";

    // How long a topic creation waits for its partitions (FLV_TOPIC_WAIT), and that of a
    // SmartModule for the SPUs when the request does not say. Clients give up after 60 s, so that
    // more than 50 s would never be seen.
    Duration topic_wait = Duration::from_s(50);
    // An SPU is offline as soon as its connection has ended. It is taken for gone when nothing has
    // come from it for so long; its lease is five sixths of this.
    Duration spu_heartbeat_timeout = Duration::from_s(3);
    Duration spu_heartbeat_interval = Duration::from_ms(250);
    Duration spu_report_interval = Duration::from_ms(100);
    // The system topic that holds consumer offsets is created this long after the start.
    Duration consumer_offset_delay = Duration();
    bool create_consumer_offset_topic = true;

    // Of topics that are created from now on, where they do not say it themselves.
    TopicSettings new_topics;

    // Limits. A connection above any of them is closed with one line in the log.
    std::uint32_t request_size_max = 64U << 20;
    std::uint32_t connections_max = 10'000;
    std::uint32_t watches_per_connection_max = 1'000;
    // A client that reads nothing for so long while something is to be sent is dropped.
    Duration client_write_timeout = Duration::from_s(60);
    std::uint32_t partitions_per_topic_max = 100'000;

    // The metadata journal is folded into a snapshot when it has grown by so much.
    std::uint64_t snapshot_after_size_bytes = 4U << 20;
    // Size of a journal segment; small in tests and in the simulator.
    std::uint32_t journal_segment_size_bytes = 8U << 20;
};

// Filled in when the SC serves, then `ready` is set. Outlives the call of run().
struct Started {
    explicit Started(Executor& executor) : ready(executor) {}
    HostPort public_address;
    HostPort private_address;
    Event ready;
};

// `config` by value; `stop` is cancelled by the owner of the process.
Task<Result<void>> run(Env& env, Config config, CancelToken stop, Started* started = nullptr);

// The two halves of run(), for whoever puts something between store and service. The store that is
// opened is to be closed; `store` outlives the call.
Task<Result<std::unique_ptr<MetadataStore>>> open_store(Env& env, Config config);
Task<Result<void>> run_on(Env& env, MetadataStore& store, Config config, CancelToken stop,
                          Started* started = nullptr);

}  // namespace weir::sc
