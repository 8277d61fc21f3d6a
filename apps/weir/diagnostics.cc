#include "apps/weir/diagnostics.h"

#include "apps/weir/cluster_layout.h"
#include "apps/weir/cluster_settings.h"
#include "apps/weir/documents.h"
#include "apps/weir/files.h"
#include "apps/weir/mirror.h"
#include "apps/weir/output.h"
#include "apps/weir/replication.h"
#include "apps/weir/session.h"
#include "core/client/admin.h"

#include <fmt/chrono.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <archive.h>
#include <archive_entry.h>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <sys/utsname.h>

namespace weir::cli {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// By their path in the archive.
using Files = std::map<std::string, std::string>;

// The end of a log says most.
constexpr std::uintmax_t kLogSizeMax = 16U << 20;

template <typename T>
std::string document_of(const std::vector<T>& objects) {
    return render(to_documents(objects), OutputFormat::json);
}

// What only an SC of Weir says.
Task<Result<void>> add_replication(Session& session, client::Listing listing, std::string name,
                                   Files& files) {
    client::Admin admin(session.client);
    const Result<wire::ClusterDescription> described =
        co_await admin.describe_cluster(listing, session.stop);
    if (!described.has_value()) {
        files[name + ".error.txt"] = to_string(described.error()) + "\n";
        co_return Result<void>();
    }
    Json document;
    document["doubts"] = described->doubts;
    document["problems"] = replication_problems(*described);
    document["partitions"] = Json::object();
    for (const wire::DescribedPartition& partition : described->partitions) {
        document["partitions"][to_string(partition.key)] = replication_of(partition.record);
    }
    files[name + ".json"] = render(document, OutputFormat::json);
    co_return Result<void>();
}

// Mirrors by their state alone: what they keep beside it has keys in it.
Task<Result<void>> add_other_objects(Session& session, Files& files) {
    client::Admin admin(session.client);
    std::vector<std::string> no_filter;
    WEIR_CO_TRY(const std::vector<SmartModuleObject> modules,
                co_await admin.smartmodules(std::move(no_filter), session.stop));
    files["smartmodules.json"] = document_of(modules);
    WEIR_CO_TRY(const std::vector<TableFormatObject> formats,
                co_await admin.table_formats(session.stop));
    files["table-formats.json"] = document_of(formats);
    WEIR_CO_TRY(const std::vector<SpuGroupObject> groups, co_await admin.spu_groups(session.stop));
    files["spu-groups.json"] = document_of(groups);
    WEIR_CO_TRY(const std::vector<MirrorObject> mirrors, co_await admin.mirrors(session.stop));
    const auto now_ms = static_cast<std::uint64_t>(session.env.clock.wall_now().ms());
    files["remotes.json"] =
        render(mirror_documents(remote_table(mirrors, now_ms)), OutputFormat::json);
    files["homes.json"] = render(mirror_documents(home_table(mirrors, now_ms)), OutputFormat::json);
    co_return Result<void>();
}

Task<Result<void>> collect(Session& session, Files& files) {
    client::Admin admin(session.client);
    files["platform-version.txt"] = session.client.platform_version() + "\n";
    WEIR_CO_TRY(const std::vector<SpuObject> spus, co_await admin.spus(session.stop));
    files["spus.json"] = document_of(spus);
    for (const auto listing : {client::Listing::user_objects, client::Listing::system_objects}) {
        const std::string prefix = listing == client::Listing::user_objects ? "" : "system-";
        std::vector<std::string> no_filter;
        WEIR_CO_TRY(const std::vector<TopicObject> topics,
                    co_await admin.topics(std::move(no_filter), listing, session.stop));
        files[prefix + "topics.json"] = document_of(topics);
        WEIR_CO_TRY(const std::vector<PartitionObject> partitions,
                    co_await admin.partitions(listing, session.stop));
        files[prefix + "partitions.json"] = document_of(partitions);
        std::string name = prefix + "replication";
        WEIR_CO_CHECK(co_await add_replication(session, listing, std::move(name), files));
    }
    WEIR_CO_CHECK(co_await add_other_objects(session, files));
    co_return Result<void>();
}

void add_logs(const std::string& log_dir, Files& files) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(log_dir, error)) {
        if (entry.path().extension() != ".log" || !entry.is_regular_file(error)) {
            continue;
        }
        std::ifstream log(entry.path(), std::ios::binary);
        const std::uintmax_t size = entry.file_size(error);
        if (size > kLogSizeMax) {
            log.seekg(static_cast<std::streamoff>(size - kLogSizeMax));
        }
        files["logs/" + entry.path().filename().string()] =
            std::string(std::istreambuf_iterator<char>(log), {});
    }
}

std::string system_text(const std::string& data_dir) {
    utsname system{};
    ::uname(&system);
    std::string text = fmt::format("weir {}\n{} {} {}\n", WEIR_VERSION, system.sysname,
                                   system.release, system.machine);
    std::error_code error;
    const fs::space_info space = fs::space(data_dir, error);
    if (!error) {
        text += fmt::format("{}: {} of {} bytes free\n", data_dir, space.available, space.capacity);
    }
    return text;
}

Result<void> write_archive(const std::string& path, const std::string& folder, const Files& files) {
    const std::unique_ptr<archive, int (*)(archive*)> out(archive_write_new(), archive_write_free);
    const auto failed = [&] {
        const char* why = archive_error_string(out.get());
        return fail(ErrorCode::io_error, fmt::format("cannot write {}: {}", path, why ? why : ""));
    };
    if (archive_write_add_filter_gzip(out.get()) != ARCHIVE_OK ||
        archive_write_set_format_pax_restricted(out.get()) != ARCHIVE_OK ||
        archive_write_open_filename(out.get(), path.c_str()) != ARCHIVE_OK) {
        return failed();
    }
    for (const auto& [name, content] : files) {
        const std::unique_ptr<archive_entry, void (*)(archive_entry*)> entry(archive_entry_new(),
                                                                             archive_entry_free);
        archive_entry_set_pathname(entry.get(), (folder + "/" + name).c_str());
        archive_entry_set_size(entry.get(), static_cast<la_int64_t>(content.size()));
        archive_entry_set_filetype(entry.get(), AE_IFREG);
        archive_entry_set_perm(entry.get(), 0644);
        archive_entry_set_mtime(entry.get(), std::time(nullptr), 0);
        if (archive_write_header(out.get(), entry.get()) != ARCHIVE_OK ||
            archive_write_data(out.get(), content.data(), content.size()) < 0) {
            return failed();
        }
    }
    return archive_write_close(out.get()) == ARCHIVE_OK ? Result<void>() : failed();
}

}  // namespace

int cluster_diagnostics(const Target& target, const ClusterDiagnosticsOptions& options) {
    Files files;
    ClusterStartOptions start;
    start.data_dir = options.data_dir;
    start.log_dir = options.log_dir;
    const Result<ClusterLayout> layout = make_layout(start);
    if (!layout.has_value()) {
        return report(layout.error());
    }
    const Result<client::ClientConfig> config = resolve_target(target);
    files["cluster.txt"] =
        (config.has_value() ? to_string(config->sc) : to_string(config.error())) + "\n";
    if (!config.has_value() || run_session(*config, &collect, files) != kExitOk) {
        files["cluster.txt"] += "does not answer as it should\n";
    }
    files["system.txt"] = system_text(layout->data_dir);
    const Result<std::string> settings = read_file(layout->data_dir + "/" + kSettingsFile);
    if (settings.has_value()) {
        files[kSettingsFile] = *settings;
    }
    add_logs(layout->log_dir, files);
    const std::string folder =
        fmt::format("weir-diagnostics-{:%Y-%m-%dT%H-%M-%S}", fmt::gmtime(std::time(nullptr)));
    const std::string path = folder + ".tar.gz";
    const Result<void> written = write_archive(path, folder, files);
    if (!written.has_value()) {
        return report(written.error());
    }
    if (!options.quiet) {
        for (const auto& [name, content] : files) {
            print_line(fmt::format("  {} ({} bytes)", name, content.size()));
        }
        print_line(path);
    }
    return kExitOk;
}

}  // namespace weir::cli
