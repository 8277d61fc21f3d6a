// `weir cluster ...`: a cluster of one SC and some SPUs on this machine (control-plane spec 13.2).
#pragma once

#include "apps/weir/target.h"

#include <cstdint>
#include <optional>
#include <string>

namespace weir::cli {

struct ClusterStartOptions {
    std::uint32_t spus = 1;
    // Empty: ~/.weir/data and ~/.weir/log.
    std::string data_dir;
    std::string log_dir;
    // HOST:PORT; the SPUs' ports follow from the SC's, as 9010 follows from 9003.
    std::optional<std::string> sc_public;
    std::optional<std::string> sc_private;
    std::optional<std::uint16_t> port_base;
    bool skip_profile = false;
    std::string profile = "local";
    std::optional<std::string> durability;
    std::optional<std::string> platform_version;
};

struct ClusterStopOptions {
    std::string data_dir;
};

struct ClusterStatusOptions {
    std::string output = "table";
};

int cluster_start(const ClusterStartOptions& options);
int cluster_stop(const ClusterStopOptions& options);
int cluster_delete(const ClusterStopOptions& options);
// As it was started last; the data is what was left.
int cluster_resume(const ClusterStopOptions& options);
// Stops the servers and starts those that belong to this program, the same way.
int cluster_upgrade(const ClusterStopOptions& options);
int cluster_check(const ClusterStartOptions& options);
int cluster_status(const Target& target, const ClusterStatusOptions& options);

}  // namespace weir::cli
