#include "apps/weir/profile_commands.h"

#include "apps/weir/output.h"
#include "apps/weir/profile.h"
#include "apps/weir/session.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

namespace weir::cli {
namespace {

// Loads, lets `change` work on the file, saves, prints `done`.
template <typename Change>
int edit(Change change, const std::string& done) {
    Result<ProfileFile> file = ProfileFile::load(ProfileFile::default_path());
    if (!file.has_value()) {
        return report(file.error());
    }
    const Result<void> changed = change(*file);
    if (!changed.has_value()) {
        return report(changed.error());
    }
    const Result<void> saved = file->save();
    if (!saved.has_value()) {
        return report(saved.error());
    }
    print_line(done);
    return kExitOk;
}

Error no_current() {
    return Error(ErrorCode::not_found,
                 "no current profile set; choose one with `weir profile switch NAME`");
}

Result<void> add(ProfileFile& file, const ProfileAddOptions& options) {
    WEIR_CHECK(parse_host_port(options.address));
    if (file.cluster_of(options.name).has_value()) {
        return fail(ErrorCode::already_exists,
                    fmt::format("profile \"{}\" exists already; delete it first", options.name));
    }
    ClusterEntry entry;
    entry.endpoint = options.address;
    entry.installation = options.installation;
    file.put(options.name, entry);
    if (!file.current().has_value()) {
        return file.switch_to(options.name);
    }
    return {};
}

}  // namespace

int profile_current() {
    const Result<ProfileFile> file = ProfileFile::load(ProfileFile::default_path());
    if (!file.has_value()) {
        return report(file.error());
    }
    const std::optional<std::string> current = file->current();
    if (!current.has_value()) {
        return report(no_current());
    }
    print_line(*current);
    return kExitOk;
}

int profile_list(const std::string& output) {
    const Result<OutputFormat> format = parse_output_format(output);
    if (!format.has_value()) {
        return report(format.error());
    }
    const Result<ProfileFile> file = ProfileFile::load(ProfileFile::default_path());
    if (!file.has_value()) {
        return report(file.error());
    }
    Table table;
    table.header = {"", "PROFILE", "CLUSTER", "ADDRESS", "TLS"};
    nlohmann::ordered_json document = nlohmann::ordered_json::array();
    for (const ProfileEntry& profile : file->profiles()) {
        const ClusterEntry cluster = file->cluster(profile.cluster).value_or(ClusterEntry());
        const bool is_current = file->current() == profile.name;
        const std::string tls = cluster.tls_policy == "disabled" ? "Disabled" : cluster.tls_policy;
        table.rows.push_back(
            {is_current ? "*" : "", profile.name, profile.cluster, cluster.endpoint, tls});
        nlohmann::ordered_json row;
        row["profile"] = profile.name;
        row["cluster"] = profile.cluster;
        row["address"] = cluster.endpoint;
        row["tls"] = tls;
        row["current"] = is_current;
        document.push_back(std::move(row));
    }
    if (*format != OutputFormat::table) {
        print(render(document, *format));
    } else if (table.rows.empty()) {
        print_line("No profiles found; `weir cluster start` or `weir profile add` make one");
    } else {
        print(render(table));
    }
    return kExitOk;
}

int profile_switch(const std::string& name) {
    return edit([&name](ProfileFile& file) { return file.switch_to(name); },
                fmt::format("Switched to profile \"{}\"", name));
}

int profile_add(const ProfileAddOptions& options) {
    return edit([&options](ProfileFile& file) { return add(file, options); },
                fmt::format("Profile \"{}\" added", options.name));
}

int profile_rename(const std::string& from, const std::string& to) {
    return edit([&](ProfileFile& file) { return file.rename(from, to); },
                fmt::format("Profile \"{}\" is now \"{}\"", from, to));
}

int profile_delete(const std::string& name) {
    return edit([&name](ProfileFile& file) { return file.remove_profile(name); },
                fmt::format("Profile \"{}\" deleted", name));
}

int profile_delete_cluster(const ProfileDeleteClusterOptions& options) {
    return edit(
        [&options](ProfileFile& file) {
            return file.remove_cluster(options.cluster, options.force);
        },
        fmt::format("Cluster {} deleted", options.cluster));
}

int profile_sync_local(const ProfileSyncOptions& options) {
    const auto sync = [&options](ProfileFile& file) -> Result<void> {
        WEIR_CHECK(parse_host_port(options.address));
        ClusterEntry entry;
        entry.endpoint = options.address;
        entry.installation = "local";
        file.put("local", entry);
        return file.switch_to("local");
    };
    return edit(sync, fmt::format("local context is set to: {}", options.address));
}

int profile_export(const std::string& name) {
    const Result<ProfileFile> file = ProfileFile::load(ProfileFile::default_path());
    if (!file.has_value()) {
        return report(file.error());
    }
    const std::optional<std::string> chosen =
        name.empty() ? file->current() : std::optional<std::string>(name);
    if (!chosen.has_value()) {
        return report(no_current());
    }
    const Result<std::string> text = file->export_profile(*chosen);
    if (!text.has_value()) {
        return report(text.error());
    }
    print(*text);
    return kExitOk;
}

namespace {

Task<Result<void>> print_platform(Session& session) {
    print_line(fmt::format("Platform   {} at {}", session.client.platform_version(),
                           to_string(session.client.config().sc)));
    co_return Result<void>();
}

}  // namespace

int version(const Target& target) {
    print_line(fmt::format("weir       {}", WEIR_VERSION));
    const Result<client::ClientConfig> config = resolve_target(target);
    if (!config.has_value()) {
        print_line("Platform   Not available");
        return kExitOk;
    }
    // Which version this is can be told without a cluster.
    const int connected = run_session(*config, &print_platform);
    if (connected != kExitOk) {
        print_line("Platform   Not available");
    }
    return kExitOk;
}

}  // namespace weir::cli
