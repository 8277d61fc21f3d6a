// An operator's way out when the only copy of a partition is damaged (design, replication 5.13):
// its log is cut to what is good before the damage.
//
// For an SPU that does not run; nobody calls it in one that does. A copy of several is not helped:
// the cut leaves a mark by which it knows, when it is opened next, that it lacks what was
// committed, and the SC has it made anew from the others. One shard; `env` outlives the call.
#pragma once

#include "core/base/result.h"
#include "core/env/env.h"
#include "core/log/log.h"
#include "core/model/replica_key.h"
#include "core/task/task.h"

#include <cstdint>
#include <string>

namespace weir::spu {

enum class RepairMode : std::uint8_t {
    look,  // changes nothing
    cut,
};

struct ReplicaRepair {
    // Of the replica, below the disk's root.
    std::string dir;
    // `damage` is empty when there is none; then nothing was done.
    log::RepairReport log;
};

// `spu_dir` is the SPU's folder (<log_base_dir>/spu-logs-<id>). Everything that the replica has is
// read. Errors: `unavailable` (an SPU runs on the folder), `not_found` (no such folder, or no
// replica of `key` in it), `already_exists` (more than one: of a topic that was deleted and created
// again), `corrupt` (the file with the replica's fence is lost: no log is of use then), `io_error`.
Task<Result<ReplicaRepair>> repair_replica(Env& env, std::string spu_dir, ReplicaKey key,
                                           RepairMode mode);

}  // namespace weir::spu
