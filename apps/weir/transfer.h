// `weir cluster import` and `weir cluster export`: a Fluvio local cluster becomes one of ours, and
// the metadata of ours are written as Fluvio's YAML files.
#pragma once

#include "apps/weir/target.h"

#include <string>

namespace weir::cli {

struct ClusterImportOptions {
    // The data folder of a stopped Fluvio cluster; only read.
    std::string from_fluvio;
    // Of the new cluster; empty: ~/.weir/data.
    std::string data_dir;
    bool dry_run = false;
    bool metadata_only = false;
    // Take what can be read although something is damaged or missing.
    bool accept_damage = false;
};

struct ClusterExportOptions {
    // Gets a folder `metadata`.
    std::string to;
};

int cluster_import(const ClusterImportOptions& options);
int cluster_export(const Target& target, const ClusterExportOptions& options);

}  // namespace weir::cli
