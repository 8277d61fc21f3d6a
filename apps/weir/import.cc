#include "apps/weir/cluster_layout.h"
#include "apps/weir/daemons.h"
#include "apps/weir/fluvio/cluster_writer.h"
#include "apps/weir/fluvio/takeover.h"
#include "apps/weir/output.h"
#include "apps/weir/session.h"
#include "apps/weir/text.h"
#include "apps/weir/transfer.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

using fluvio::Takeover;

constexpr Duration kProbeLimit = Duration::from_s(1);

bool is_this_machine(const std::string& host) {
    constexpr std::array<std::string_view, 4> kHosts = {"localhost", "127.0.0.1", "::1", "0.0.0.0"};
    return std::find(kHosts.begin(), kHosts.end(), host) != kHosts.end();
}

Task<Result<void>> require_no_listener(Env& env, std::vector<SpuObject> spus) {
    for (const SpuObject& spu : spus) {
        const Endpoint& endpoint = spu.spec.private_endpoint;
        if (!is_this_machine(endpoint.host)) {
            continue;
        }
        HostPort address;
        address.host = "127.0.0.1";
        address.port = endpoint.port;
        Deadline limit(env.clock, env.clock.now() + kProbeLimit, CancelToken());
        const auto connection = co_await env.network.connect(address, limit.token());
        if (connection.has_value()) {
            co_return fail(ErrorCode::unavailable,
                           fmt::format("something listens on port {}, as SPU {} of that cluster "
                                       "does: stop the cluster first (fluvio cluster shutdown)",
                                       endpoint.port, spu.spec.id.value()));
        }
    }
    co_return Result<void>();
}

// Fluvio locks nothing; that somebody listens where its SPUs listen is the sign that it runs.
Result<void> require_stopped(const fluvio::Folders& folders) {
    WEIR_TRY(const fluvio::Metadata metadata, fluvio::load_metadata(folders.metadata));
    real::RealOptions options;
    options.log_filter = "error";
    WEIR_TRY(const auto real, real::RealEnv::create(options));
    return real->run(require_no_listener(real->env(), metadata.spus));
}

bool is_below(const fs::path& path, const fs::path& folder) {
    const auto [rest, unused] =
        std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    return rest == folder.end();
}

// A new cluster goes there: nothing is overwritten, and nothing written into the source.
Result<void> check_target(const std::string& data_dir, const std::string& source) {
    std::error_code error;
    const fs::path target = fs::weakly_canonical(data_dir, error);
    if (is_below(target, fs::weakly_canonical(source, error))) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} is in the folder that is imported, which is only read: name "
                                "another with --data-dir",
                                data_dir));
    }
    if (!running_daemons(data_dir).empty()) {
        return fail(
            ErrorCode::unavailable,
            fmt::format("a cluster is running over {}: choose another --data-dir", data_dir));
    }
    for (const fs::directory_entry& entry : fs::directory_iterator(data_dir, error)) {
        const std::string name = entry.path().filename().string();
        if (name == "metadata" || name.starts_with("spu-logs-")) {
            return fail(ErrorCode::already_exists,
                        fmt::format("{} has the data of a cluster already ({}): choose another "
                                    "--data-dir, or delete that cluster first",
                                    data_dir, name));
        }
    }
    return {};
}

std::string count_of(std::size_t count, const char* one) {
    return fmt::format("{} {}{}", count, one, count == 1 ? "" : "s");
}

void show(const Takeover& takeover, const std::string& source) {
    const fluvio::Metadata& metadata = takeover.metadata;
    print_line(fmt::format("Fluvio cluster in {}: {}, {}, {}, {}, {}, {}, {}, {}", source,
                           count_of(metadata.topics.size(), "topic"),
                           count_of(takeover.logs.size(), "partition"),
                           count_of(metadata.spus.size(), "SPU"),
                           count_of(takeover.consumer_offsets.size(), "consumer offset"),
                           count_of(metadata.smartmodules.size(), "SmartModule"),
                           count_of(metadata.table_formats.size(), "table format"),
                           count_of(metadata.spu_groups.size(), "SPU group"),
                           count_of(metadata.mirrors.size(), "mirror")));
    Table table;
    table.header = {"TOPIC", "PARTITION", "REPLICAS", "FROM SPU", "START", "END", "SIZE"};
    for (const fluvio::PartitionLog& log : takeover.logs) {
        table.rows.push_back({log.key.topic, std::to_string(log.key.partition),
                              std::to_string(log.spec.replicas.size()),
                              log.source_dir.empty() ? "-" : std::to_string(log.source_spu.value()),
                              std::to_string(log.start.value()), std::to_string(log.end.value()),
                              format_size(log.size_bytes)});
    }
    if (takeover.scope == fluvio::Scope::everything) {
        print(render(table));
    }
    for (const std::string& note : takeover.notes) {
        print_line("note: " + note);
    }
    for (const std::string& damage : takeover.damages) {
        print_line("damaged: " + damage);
    }
}

Result<void> check_damages(const Takeover& takeover, const ClusterImportOptions& options) {
    if (takeover.damages.empty() || options.accept_damage) {
        return {};
    }
    return fail(ErrorCode::corrupt,
                fmt::format("nothing was imported: {} cannot be taken over as written (above). "
                            "With --accept-damage, records with a wrong checksum are taken as they "
                            "are, and each log up to where it can be read",
                            count_of(takeover.damages.size(), "thing")));
}

// How to start what was imported: `weir cluster start` runs the SPUs 5001, 5002, ...
std::string next_step(const Takeover& takeover, const std::string& data_dir) {
    std::string others;
    std::int32_t last = 0;
    for (const SpuObject& spu : takeover.metadata.spus) {
        const std::int32_t index = spu.spec.id.value() - ClusterLayout::kFirstSpuId;
        if (index < 0 || index > 99) {
            others += fmt::format(
                "\nSPU {} is not one of a local cluster: start it with weir-run "
                "spu -i {} --log-base-dir {}",
                spu.spec.id.value(), spu.spec.id.value(), data_dir);
        } else {
            last = std::max(last, index + 1);
        }
    }
    return fmt::format("Start it: weir cluster start --spu {} --data-dir {}{}", std::max(last, 1),
                       data_dir, others);
}

Result<void> import_cluster(const ClusterImportOptions& options) {
    const std::string data_dir = resolve_data_dir(options.data_dir);
    const fluvio::Scope scope =
        options.metadata_only ? fluvio::Scope::metadata_only : fluvio::Scope::everything;
    WEIR_TRY(const fluvio::Folders folders, fluvio::find_folders(options.from_fluvio));
    WEIR_CHECK(check_target(data_dir, options.from_fluvio));
    if (scope == fluvio::Scope::everything) {
        WEIR_CHECK(require_stopped(folders));
    }
    WEIR_TRY(const Takeover takeover, fluvio::plan_takeover(options.from_fluvio, scope));
    show(takeover, options.from_fluvio);
    WEIR_CHECK(check_damages(takeover, options));
    if (options.dry_run) {
        print_line("Nothing was written (--dry-run)");
        return {};
    }
    real::RealOptions real_options;
    real_options.log_filter = "error";
    real_options.disk_root = data_dir;
    WEIR_TRY(const auto real, real::RealEnv::create(real_options));
    WEIR_CHECK(real->run(fluvio::write_cluster(real->env(), &takeover)));
    print_line(fmt::format("Imported into {}; {} is unchanged", data_dir, options.from_fluvio));
    print_line(next_step(takeover, data_dir));
    return {};
}

}  // namespace

int cluster_import(const ClusterImportOptions& options) {
    const Result<void> imported = import_cluster(options);
    return imported.has_value() ? kExitOk : report(imported.error());
}

}  // namespace weir::cli
