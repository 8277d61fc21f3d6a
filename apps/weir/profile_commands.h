// `weir profile ...` and `weir version`.
#pragma once

#include "apps/weir/target.h"

#include <string>

namespace weir::cli {

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
// Empty: the current one.
int profile_export(const std::string& name);

int version(const Target& target);

}  // namespace weir::cli
