// The log of one replica of a new cluster, written from a copy of Fluvio's.
//
// The folder is complete and synced when a call returns. Errors: those of the log, and corrupt when
// the source is not what was planned (it has changed since).
#pragma once

#include "apps/weir/fluvio/takeover.h"
#include "core/env/env.h"
#include "core/model/uid.h"
#include "core/task/task.h"

#include <map>
#include <string>
#include <vector>

namespace weir::cli::fluvio {

struct LogTarget {
    // The SPU's data folder, relative to the root of the environment's disk.
    std::string parent_dir;
    Uid topic_uid;
    Uid replica_uid;
};

// The arguments outlive the tasks.
Task<Result<void>> write_log(Env& env, const LogTarget& target, const PartitionLog& log);
// Fluvio's records of consumer offsets lack the topic's uid, so that ours are written instead: one
// of each offset, in the partition 0; the others are empty.
Task<Result<void>> write_consumer_offsets(Env& env, const LogTarget& target,
                                          const PartitionLog& log,
                                          const std::vector<StoredConsumerOffset>& offsets,
                                          const std::map<std::string, Uid>& topic_uids);

}  // namespace weir::cli::fluvio
