// The client profile file: which clusters there are and which is the current one (control-plane
// spec 13.1). TOML at ~/.fluvio/config or FLV_PROFILE_PATH, shared with Fluvio's own clients, so
// entries and keys that are not ours stay as they are.
#pragma once

#include "core/base/result.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

struct ClusterEntry {
    std::string endpoint;
    bool use_spu_local_address = false;
    // "disabled", "anonymous" or "verified".
    std::string tls_policy = "disabled";
    // "k8", "local", ... ; empty: the file does not say.
    std::string installation;
};

struct ProfileEntry {
    std::string name;
    std::string cluster;
};

class ProfileFile {
public:
    // Where the file is, whether or not it exists.
    static std::string default_path();
    // A file that does not exist is an empty one. Errors: invalid_argument (not TOML), io_error.
    static Result<ProfileFile> load(std::string path);
    ProfileFile(ProfileFile&&) noexcept;
    ProfileFile& operator=(ProfileFile&&) noexcept;
    ~ProfileFile();

    const std::string& path() const { return path_; }
    std::optional<std::string> current() const;
    std::vector<ProfileEntry> profiles() const;
    std::optional<std::string> cluster_of(const std::string& profile) const;
    std::optional<ClusterEntry> cluster(const std::string& name) const;

    // Profile and cluster of that name.
    void put(const std::string& name, const ClusterEntry& entry);
    // not_found unless the profile exists.
    Result<void> switch_to(const std::string& profile);
    Result<void> rename(const std::string& from, const std::string& to);
    Result<void> remove_profile(const std::string& profile);
    // not_found, or already_exists with the profiles that name the cluster, unless `force`; these
    // stay, but lead nowhere.
    Result<void> remove_cluster(const std::string& cluster, bool force);
    // The profile's part of the file, as TOML.
    Result<std::string> export_profile(const std::string& profile) const;

    // Replaces the file whole.
    Result<void> save() const;

private:
    struct Data;
    ProfileFile(std::string path, std::unique_ptr<Data> data);
    std::string path_;
    std::unique_ptr<Data> data_;
};

}  // namespace weir::cli
