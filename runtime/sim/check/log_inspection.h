// What a restart would make of the logs on a disk image: recovers a copy of them with the
// production code, in a small world of its own, and leaves the image alone.
//
// Used after a power loss and at the end of a run. Nothing of it enters the trace of the run.
#pragma once

#include "core/log/config.h"
#include "runtime/sim/cluster/world.h"

#include <optional>
#include <string>
#include <vector>

namespace weir::sim {

struct InspectedLog {
    std::string dir;
    log::LogIdentity identity;
    // Of open(): set when the log could not be recovered.
    std::optional<Error> open_error;
    // Of reading it all: set when recovery accepted what cannot be read.
    std::optional<Error> read_error;
    std::int64_t log_start = 0;
    std::int64_t leo = 0;
    // Values of the records, decompressed, from log_start on.
    std::vector<Bytes> values;
    // A second recovery of the same image gave something else.
    std::string second_difference;
};

// Every folder below `root` that holds a segment, sorted by path. Folders that are being deleted
// are left out.
std::vector<InspectedLog> inspect_logs(const DiskImage& image, std::string_view root,
                                       const log::LogConfig& config);

// Where the logs on the image end by a plain walk over their batches, without the production code's
// recovery: the yardstick for it. Exclusive offsets.
struct WalkedLog {
    log::LogIdentity identity;
    std::int64_t end = 0;
};
std::vector<WalkedLog> walk_logs(const DiskImage& image, std::string_view root);

}  // namespace weir::sim
