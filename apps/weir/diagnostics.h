// `weir cluster diagnostics`: one archive for whoever is asked for help. No records, no keys.
#pragma once

#include "apps/weir/target.h"

#include <string>

namespace weir::cli {

struct ClusterDiagnosticsOptions {
    // Say nothing but errors.
    bool quiet = false;
    // As given to start, to find the logs of a local cluster.
    std::string data_dir;
    std::string log_dir;
};

// Writes weir-diagnostics-TIME.tar.gz into the current folder. A cluster that does not answer is
// told of in the archive, beside the logs.
int cluster_diagnostics(const Target& target, const ClusterDiagnosticsOptions& options);

}  // namespace weir::cli
