// `weir remote ...` and `weir home ...`: the other clusters that this one exchanges topics with, as
// objects (control-plane spec 9). The servers keep them; they do not mirror data yet.
#pragma once

#include "apps/weir/output.h"
#include "apps/weir/target.h"
#include "core/base/result.h"
#include "core/model/mirror.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

struct RemoteNameOptions {
    std::string name;
};

struct MirrorListOptions {
    std::string output = "table";
};

struct RemoteExportOptions {
    std::string name;
    // Nothing: standard output.
    std::optional<std::string> file;
    // Where the remote cluster reaches this one; nothing: as the profile says.
    std::optional<std::string> public_endpoint;
    std::string home_id = "home";
};

struct HomeConnectOptions {
    // What `remote export` wrote at the home cluster.
    std::string file;
};

// The file that carries a home cluster's address to a remote one.
std::string render_home_file(const HomeMirror& home);
// invalid_argument with what is missing.
Result<HomeMirror> parse_home_file(const std::string& text);

// One row per mirror of the kind. `now_ms`: since 1970.
Table remote_table(const std::vector<MirrorObject>& mirrors, std::uint64_t now_ms);
Table home_table(const std::vector<MirrorObject>& mirrors, std::uint64_t now_ms);
// The rows with the columns' names in snake case, as Fluvio has them.
nlohmann::ordered_json mirror_documents(const Table& table);

int remote_register(const Target& target, const RemoteNameOptions& options);
int remote_unregister(const Target& target, const RemoteNameOptions& options);
int remote_list(const Target& target, const MirrorListOptions& options);
int remote_export(const Target& target, const RemoteExportOptions& options);
int home_connect(const Target& target, const HomeConnectOptions& options);
int home_status(const Target& target, const MirrorListOptions& options);

// On standard error, after everything that lets mirrored data be expected.
void print_no_mirroring();

}  // namespace weir::cli
