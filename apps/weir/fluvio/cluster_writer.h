// Writes what is taken over as the folders of a new local cluster that was stopped in order: the
// metadata store of its SC, and the data folder of each SPU.
//
// For a cluster of which nothing runs; `env` has the new cluster's data folder as its disk's root.
// Everything is written and synced under kPartialFolder first and moved into place then, the
// metadata last: after a crash there is no cluster, never half of one. What was moved by then are
// folders of SPUs without metadata, which `weir cluster delete` removes; the rest is removed by the
// next call. Every replica of a partition gets the same log; batches keep their bytes and offsets,
// but for the leader epoch, which is kImportedEpoch, and the checksum where it was wrong. Errors:
// those of the disk, and corrupt when the source has changed since it was read.
#pragma once

#include "apps/weir/fluvio/takeover.h"
#include "core/env/env.h"
#include "core/task/task.h"

#include <string_view>

namespace weir::cli::fluvio {

inline constexpr std::string_view kPartialFolder = "import.partial";
// Under which the records count as written; the first leader's is above it.
inline constexpr LeaderEpoch kImportedEpoch{0};

// `takeover` outlives the task.
Task<Result<void>> write_cluster(Env& env, const Takeover* takeover);

}  // namespace weir::cli::fluvio
