// `weir profile ...` and `weir version`.
#pragma once

#include "apps/weir/target.h"

#include <string>

namespace weir::cli {

struct ProfileSyncOptions {
    std::string address = "localhost:9003";
};

struct ProfileDeleteClusterOptions {
    std::string cluster;
    bool force = false;
};

struct ProfileAddOptions {
    std::string name;
    std::string address;
    // "local", "k8", ...
    std::string installation;
};

int profile_current();
int profile_list(const std::string& output);
int profile_switch(const std::string& name);
int profile_add(const ProfileAddOptions& options);
int profile_rename(const std::string& from, const std::string& to);
int profile_delete(const std::string& name);
int profile_delete_cluster(const ProfileDeleteClusterOptions& options);
// The profile `local` leads to a cluster on this machine, and is the current one.
int profile_sync_local(const ProfileSyncOptions& options);
// Empty: the current one.
int profile_export(const std::string& name);

int version(const Target& target);

}  // namespace weir::cli
