#include "apps/weir/mirror.h"

#include "apps/weir/documents.h"
#include "apps/weir/files.h"
#include "apps/weir/session.h"
#include "apps/weir/text.h"
#include "core/client/admin.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace weir::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string word_of(const MirrorPairStatus& status) {
    constexpr std::array<const char*, 6> kWords = {"Waiting",  "Connected",    "Failed",
                                                   "Disabled", "Unauthorized", "Failed"};
    return kWords[static_cast<std::size_t>(status.state)];
}

std::string errors_of(const MirrorStatus& status) {
    std::string errors;
    const auto add = [&errors](const char* who, const MirrorPairStatus& pair) {
        if (pair.state == MirrorPairState::detail_failure) {
            errors += fmt::format("{}{} error: {}", errors.empty() ? "" : " - ", who, pair.detail);
        }
    };
    add("SC", status.pairing_sc);
    add("SPU", status.pairing_spu);
    return errors.empty() ? "-" : errors;
}

// The other cluster's clock may be ahead.
std::string age_of(const MirrorStatus& status, std::uint64_t now_ms) {
    if (status.last_seen_ms == 0) {
        return "-";
    }
    return format_seconds((std::max(now_ms, status.last_seen_ms) - status.last_seen_ms) / 1'000);
}

void add_status(std::vector<std::string>& row, const MirrorStatus& status, std::uint64_t now_ms) {
    row.push_back(word_of(status.pairing_sc));
    row.push_back(word_of(status.pairing_spu));
    row.push_back(age_of(status, now_ms));
    row.push_back(errors_of(status));
}

std::uint64_t now_ms(const Session& session) {
    return static_cast<std::uint64_t>(session.env.clock.wall_now().ms());
}

Task<Result<void>> register_remote(Session& session, const RemoteNameOptions& options) {
    RemoteMirror remote;
    remote.id = options.name;
    MirrorSpec spec;
    spec.type = std::move(remote);
    std::string name = options.name;
    client::Admin admin(session.client);
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.create_object(std::move(name), std::move(spec), session.stop));
    WEIR_CO_CHECK(check(status));
    print_line(fmt::format("remote cluster \"{}\" was registered", options.name));
    co_return Result<void>();
}

Task<Result<void>> unregister_remote(Session& session, const RemoteNameOptions& options) {
    client::Admin admin(session.client);
    std::string name = options.name;
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.delete_object(ObjectKind::mirror, std::move(name), session.stop));
    WEIR_CO_CHECK(check(status));
    print_line(fmt::format("remote cluster \"{}\" was unregistered", options.name));
    co_return Result<void>();
}

template <Table (*make_table)(const std::vector<MirrorObject>& mirrors, std::uint64_t now_ms)>
Task<Result<void>> show_mirrors(Session& session, const MirrorListOptions&, OutputFormat format) {
    client::Admin admin(session.client);
    WEIR_CO_TRY(const std::vector<MirrorObject> mirrors, co_await admin.mirrors(session.stop));
    const Table table = make_table(mirrors, now_ms(session));
    show(format, table, "no items", mirror_documents(table));
    co_return Result<void>();
}

bool has_remote(const std::vector<MirrorObject>& mirrors, const std::string& id) {
    return std::any_of(mirrors.begin(), mirrors.end(), [&id](const MirrorObject& mirror) {
        const auto* remote = std::get_if<RemoteMirror>(&mirror.spec.type);
        return remote != nullptr && remote->id == id;
    });
}

Task<Result<void>> export_remote(Session& session, const RemoteExportOptions& options) {
    client::Admin admin(session.client);
    WEIR_CO_TRY(const std::vector<MirrorObject> mirrors, co_await admin.mirrors(session.stop));
    if (!has_remote(mirrors, options.name)) {
        co_return fail(ErrorCode::not_found,
                       fmt::format("remote cluster \"{0}\" not found; `weir remote register {0}` "
                                   "makes it known",
                                   options.name));
    }
    HomeMirror home;
    home.id = options.home_id;
    home.remote_id = options.name;
    home.public_endpoint = options.public_endpoint.value_or(to_string(session.client.config().sc));
    const std::string text = render_home_file(home);
    if (options.file.has_value()) {
        co_return write_file(*options.file, text);
    }
    print(text);
    co_return Result<void>();
}

Task<Result<void>> connect_home(Session& session, const HomeConnectOptions& options) {
    WEIR_CO_TRY(const std::string text, read_file(options.file));
    Result<HomeMirror> home = parse_home_file(text);
    if (!home.has_value()) {
        co_return fail(ErrorCode::invalid_argument,
                       fmt::format("{} is not a file of `weir remote export`: {}", options.file,
                                   home.error().context));
    }
    const std::string id = home->id;
    std::string name = id;
    MirrorSpec spec;
    spec.type = *std::move(home);
    client::Admin admin(session.client);
    WEIR_CO_TRY(const wire::Status status,
                co_await admin.create_object(std::move(name), std::move(spec), session.stop));
    WEIR_CO_CHECK(check(status));
    print_line(fmt::format("connecting with \"{}\" cluster", id));
    print_no_mirroring();
    co_return Result<void>();
}

Result<std::string> text_in(const Json& home, const char* key) {
    const auto found = home.find(key);
    if (found == home.end() || !found->is_string()) {
        return fail(ErrorCode::invalid_argument, fmt::format("`home` has no text `{}`", key));
    }
    return found->get<std::string>();
}

}  // namespace

std::string render_home_file(const HomeMirror& home) {
    Json document;
    document["topics"] = Json::array();
    document["home"] = Json{
        {"id", home.id}, {"remoteId", home.remote_id}, {"publicEndpoint", home.public_endpoint}};
    return document.dump(2) + "\n";
}

Result<HomeMirror> parse_home_file(const std::string& text) {
    const Json document = Json::parse(text, nullptr, false);
    const auto home = document.is_object() && document.contains("home") ? document["home"] : Json();
    if (!home.is_object()) {
        return fail(ErrorCode::invalid_argument, "it is not JSON with an object `home`");
    }
    HomeMirror out;
    WEIR_TRY(out.id, text_in(home, "id"));
    WEIR_TRY(out.remote_id, text_in(home, "remoteId"));
    WEIR_TRY(out.public_endpoint, text_in(home, "publicEndpoint"));
    if (home.contains("clientTls") && !home["clientTls"].is_null()) {
        const Json& tls = home["clientTls"];
        if (!tls.is_object()) {
            return fail(ErrorCode::invalid_argument, "`clientTls` is not an object");
        }
        ClientTls files;
        WEIR_TRY(files.domain, text_in(tls, "domain"));
        WEIR_TRY(files.ca_cert, text_in(tls, "caCert"));
        WEIR_TRY(files.client_cert, text_in(tls, "clientCert"));
        WEIR_TRY(files.client_key, text_in(tls, "clientKey"));
        out.client_tls = std::move(files);
    }
    return out;
}

Table remote_table(const std::vector<MirrorObject>& mirrors, std::uint64_t now_ms) {
    Table table;
    table.header = {"REMOTE", "SC STATUS", "SPU STATUS", "LAST SEEN", "ERRORS"};
    for (const MirrorObject& mirror : mirrors) {
        if (const auto* remote = std::get_if<RemoteMirror>(&mirror.spec.type)) {
            table.rows.push_back({remote->id});
            add_status(table.rows.back(), mirror.status, now_ms);
        }
    }
    return table;
}

Table home_table(const std::vector<MirrorObject>& mirrors, std::uint64_t now_ms) {
    Table table;
    table.header = {"HOME", "ROUTE", "SC STATUS", "SPU STATUS", "LAST SEEN", "ERRORS"};
    for (const MirrorObject& mirror : mirrors) {
        if (const auto* home = std::get_if<HomeMirror>(&mirror.spec.type)) {
            table.rows.push_back({home->id, home->public_endpoint});
            add_status(table.rows.back(), mirror.status, now_ms);
        }
    }
    return table;
}

Json mirror_documents(const Table& table) {
    Json documents = Json::array();
    for (const std::vector<std::string>& row : table.rows) {
        Json document;
        for (std::size_t i = 0; i < row.size(); ++i) {
            std::string key = to_lower(table.header[i]);
            std::replace(key.begin(), key.end(), ' ', '_');
            document[key] = row[i];
        }
        documents.push_back(std::move(document));
    }
    return documents;
}

void print_no_mirroring() {
    print_error("note: the servers keep this, but they do not mirror data yet");
}

int remote_register(const Target& target, const RemoteNameOptions& options) {
    return run_session(target, &register_remote, options);
}

int remote_unregister(const Target& target, const RemoteNameOptions& options) {
    return run_session(target, &unregister_remote, options);
}

int remote_list(const Target& target, const MirrorListOptions& options) {
    return run_listing(target, &show_mirrors<remote_table>, options);
}

int remote_export(const Target& target, const RemoteExportOptions& options) {
    return run_session(target, &export_remote, options);
}

int home_connect(const Target& target, const HomeConnectOptions& options) {
    return run_session(target, &connect_home, options);
}

int home_status(const Target& target, const MirrorListOptions& options) {
    return run_listing(target, &show_mirrors<home_table>, options);
}

}  // namespace weir::cli
