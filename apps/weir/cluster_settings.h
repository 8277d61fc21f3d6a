// How a local cluster was started, kept in its data folder: `cluster resume` and `cluster upgrade`
// start it the same way.
#pragma once

#include "apps/weir/cluster.h"
#include "apps/weir/cluster_layout.h"
#include "core/base/result.h"

#include <string>

namespace weir::cli {

inline constexpr const char* kSettingsFile = "cluster.json";

// Only what shapes the servers; profiles are not theirs. Both directions are pure; reading errors
// with invalid_argument.
std::string render_settings(const ClusterLayout& layout, const ClusterStartOptions& options);
Result<ClusterStartOptions> parse_settings_file(const std::string& text);

Result<void> save_settings(const ClusterLayout& layout, const ClusterStartOptions& options);
// not_found with what to do, when the folder is not of a cluster that was started.
Result<ClusterStartOptions> load_settings(const std::string& data_dir);

}  // namespace weir::cli
