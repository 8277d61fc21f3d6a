#include "apps/weir/profile.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <toml++/toml.h>

namespace weir::cli {

struct ProfileFile::Data {
    toml::table root;
};

namespace {

toml::table& section(toml::table& root, std::string_view name) {
    if (toml::table* found = root[name].as_table()) {
        return *found;
    }
    root.insert_or_assign(name, toml::table());
    return *root[name].as_table();
}

// Plain quotes and no indentation, as the reference's clients write the file.
std::string to_text(const toml::table& table) {
    std::stringstream text;
    text << toml::toml_formatter(table, toml::format_flags::none);
    return text.str();
}

tl::unexpected<Error> no_profile(const std::string& name) {
    return fail(
        ErrorCode::not_found,
        fmt::format("profile \"{}\" not found; `weir profile list` shows what there is", name));
}

}  // namespace

ProfileFile::ProfileFile(std::string path, std::unique_ptr<Data> data)
    : path_(std::move(path)), data_(std::move(data)) {}
ProfileFile::ProfileFile(ProfileFile&&) noexcept = default;
ProfileFile& ProfileFile::operator=(ProfileFile&&) noexcept = default;
ProfileFile::~ProfileFile() = default;

std::string ProfileFile::default_path() {
    if (const char* path = std::getenv("FLV_PROFILE_PATH"); path != nullptr && *path != '\0') {
        return path;
    }
    const char* home = std::getenv("HOME");
    return std::string(home == nullptr ? "." : home) + "/.fluvio/config";
}

Result<ProfileFile> ProfileFile::load(std::string path) {
    auto data = std::make_unique<Data>();
    std::ifstream file(path);
    if (file) {
        std::stringstream text;
        text << file.rdbuf();
        try {
            data->root = toml::parse(text.str());
        } catch (const toml::parse_error& error) {
            return fail(ErrorCode::invalid_argument,
                        fmt::format("{} is not a profile file: {} in line {}; repair or remove it",
                                    path, error.description(), error.source().begin.line));
        }
    } else if (std::filesystem::exists(path)) {
        return fail(ErrorCode::io_error, fmt::format("cannot read the profile file {}", path));
    }
    return ProfileFile(std::move(path), std::move(data));
}

std::optional<std::string> ProfileFile::current() const {
    return data_->root["current_profile"].value<std::string>();
}

std::vector<ProfileEntry> ProfileFile::profiles() const {
    std::vector<ProfileEntry> found;
    if (const toml::table* table = data_->root["profile"].as_table()) {
        for (const auto& [name, value] : *table) {
            ProfileEntry entry;
            entry.name = std::string(name.str());
            entry.cluster = cluster_of(entry.name).value_or("");
            found.push_back(std::move(entry));
        }
    }
    return found;
}

std::optional<std::string> ProfileFile::cluster_of(const std::string& profile) const {
    return data_->root["profile"][profile]["cluster"].value<std::string>();
}

std::optional<ClusterEntry> ProfileFile::cluster(const std::string& name) const {
    const auto node = data_->root["cluster"][name];
    const std::optional<std::string> endpoint = node["endpoint"].value<std::string>();
    if (!endpoint.has_value()) {
        return std::nullopt;
    }
    ClusterEntry entry;
    entry.endpoint = *endpoint;
    entry.use_spu_local_address = node["use_spu_local_address"].value_or(false);
    entry.tls_policy = node["tls"]["tls_policy"].value_or(std::string("disabled"));
    entry.installation = node["metadata"]["installation"].value_or(std::string());
    return entry;
}

void ProfileFile::put(const std::string& name, const ClusterEntry& entry) {
    toml::table& root = data_->root;
    root.insert_or_assign("version", "2.0");
    toml::table profile;
    profile.insert_or_assign("cluster", name);
    section(root, "profile").insert_or_assign(name, std::move(profile));
    toml::table cluster;
    cluster.insert_or_assign("endpoint", entry.endpoint);
    cluster.insert_or_assign("use_spu_local_address", entry.use_spu_local_address);
    toml::table tls;
    tls.insert_or_assign("tls_policy", entry.tls_policy);
    cluster.insert_or_assign("tls", std::move(tls));
    if (!entry.installation.empty()) {
        toml::table metadata;
        metadata.insert_or_assign("installation", entry.installation);
        cluster.insert_or_assign("metadata", std::move(metadata));
    }
    section(root, "cluster").insert_or_assign(name, std::move(cluster));
}

Result<void> ProfileFile::switch_to(const std::string& profile) {
    if (!cluster_of(profile).has_value()) {
        return no_profile(profile);
    }
    data_->root.insert_or_assign("current_profile", profile);
    return {};
}

Result<void> ProfileFile::rename(const std::string& from, const std::string& to) {
    if (!cluster_of(from).has_value()) {
        return no_profile(from);
    }
    if (cluster_of(to).has_value()) {
        return fail(ErrorCode::already_exists, fmt::format("profile \"{}\" exists already", to));
    }
    toml::table& profiles = section(data_->root, "profile");
    toml::table moved = *profiles[from].as_table();
    profiles.erase(from);
    profiles.insert_or_assign(to, std::move(moved));
    if (current() == from) {
        data_->root.insert_or_assign("current_profile", to);
    }
    return {};
}

Result<void> ProfileFile::remove_profile(const std::string& profile) {
    const std::optional<std::string> cluster = cluster_of(profile);
    if (!cluster.has_value()) {
        return no_profile(profile);
    }
    section(data_->root, "profile").erase(profile);
    if (current() == profile) {
        data_->root.erase("current_profile");
    }
    for (const ProfileEntry& other : profiles()) {
        if (other.cluster == *cluster) {
            return {};
        }
    }
    section(data_->root, "cluster").erase(*cluster);
    return {};
}

Result<void> ProfileFile::remove_cluster(const std::string& cluster, bool force) {
    if (!this->cluster(cluster).has_value()) {
        return fail(ErrorCode::not_found,
                    fmt::format("cluster \"{}\" not found in {}; `weir profile list` shows what "
                                "there is",
                                cluster, path_));
    }
    std::string users;
    for (const ProfileEntry& profile : profiles()) {
        if (profile.cluster == cluster) {
            users += (users.empty() ? "" : ", ") + profile.name;
        }
    }
    if (!users.empty() && !force) {
        return fail(ErrorCode::already_exists,
                    fmt::format("these profiles name the cluster \"{}\": {}; delete them (weir "
                                "profile delete NAME), or the cluster alone with --force",
                                cluster, users));
    }
    section(data_->root, "cluster").erase(cluster);
    return {};
}

Result<std::string> ProfileFile::export_profile(const std::string& profile) const {
    const std::optional<std::string> cluster = cluster_of(profile);
    if (!cluster.has_value()) {
        return no_profile(profile);
    }
    const toml::table* entry = data_->root["cluster"][*cluster].as_table();
    return entry == nullptr ? std::string() : to_text(*entry) + "\n";
}

Result<void> ProfileFile::save() const {
    const std::filesystem::path path(path_);
    std::error_code failed;
    if (path.has_parent_path()) {
        std::filesystem::create_directories(path.parent_path(), failed);
    }
    const std::string fresh = path_ + ".new";
    std::ofstream file(fresh, std::ios::trunc);
    file << to_text(data_->root) << "\n";
    file.close();
    if (!file) {
        return fail(ErrorCode::io_error,
                    fmt::format("cannot write {}: {}", fresh, std::strerror(errno)));
    }
    std::filesystem::rename(fresh, path, failed);
    if (failed) {
        return fail(ErrorCode::io_error,
                    fmt::format("cannot replace {}: {}", path_, failed.message()));
    }
    return {};
}

}  // namespace weir::cli
