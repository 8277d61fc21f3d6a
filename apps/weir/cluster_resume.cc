// `weir cluster resume` and `upgrade`: the same cluster again, after a stop or with newer servers.
#include "apps/weir/cluster.h"
#include "apps/weir/cluster_layout.h"
#include "apps/weir/cluster_settings.h"
#include "apps/weir/daemons.h"
#include "apps/weir/output.h"
#include "apps/weir/session.h"

#include <fmt/core.h>

namespace weir::cli {
namespace {

Result<ClusterStartOptions> load(const ClusterStopOptions& options) {
    WEIR_TRY(ClusterStartOptions settings, load_settings(resolve_data_dir(options.data_dir)));
    // It names the cluster already, or was told not to.
    settings.skip_profile = true;
    return settings;
}

}  // namespace

int cluster_resume(const ClusterStopOptions& options) {
    const Result<ClusterStartOptions> settings = load(options);
    return settings.has_value() ? cluster_start(*settings) : report(settings.error());
}

int cluster_upgrade(const ClusterStopOptions& options) {
    // What may be missing is found out while the old servers still run.
    const Result<ClusterStartOptions> settings = load(options);
    if (!settings.has_value()) {
        return report(settings.error());
    }
    const Result<std::string> program = find_server_program();
    if (!program.has_value()) {
        return report(program.error());
    }
    if (const int stopped = cluster_stop(options); stopped != kExitOk) {
        return stopped;
    }
    print_line(fmt::format("Starting it again with {}", *program));
    return cluster_start(*settings);
}

}  // namespace weir::cli
