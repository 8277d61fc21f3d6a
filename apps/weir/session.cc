#include "apps/weir/session.h"

#include "apps/weir/output.h"
#include "apps/weir/profile.h"
#include "core/client/errors.h"

#include <fmt/core.h>

#include <cstdio>
#include <cstdlib>

namespace weir::cli {
namespace {

Result<ClusterEntry> find_profile(const Target& target) {
    WEIR_TRY(const ProfileFile file, ProfileFile::load(ProfileFile::default_path()));
    const std::optional<std::string> name =
        target.profile.has_value() ? target.profile : file.current();
    if (!name.has_value()) {
        return fail(ErrorCode::not_found,
                    "Config error: Config has no active profile\nStart a cluster (weir cluster "
                    "start), choose a profile (weir profile switch NAME), or name a cluster (-c "
                    "HOST:PORT)");
    }
    const std::optional<std::string> cluster = file.cluster_of(*name);
    if (!cluster.has_value()) {
        return fail(ErrorCode::not_found,
                    fmt::format("profile \"{}\" not found in {}; `weir profile list` shows what "
                                "there is",
                                *name, file.path()));
    }
    std::optional<ClusterEntry> entry = file.cluster(*cluster);
    if (!entry.has_value()) {
        return fail(ErrorCode::not_found, fmt::format("profile \"{}\" names the cluster \"{}\", "
                                                      "which {} does not describe",
                                                      *name, *cluster, file.path()));
    }
    return *std::move(entry);
}

std::string client_id() {
    const char* id = std::getenv("FLUVIO_CLIENT_ID");
    return id != nullptr && *id != '\0' ? id : "weir";
}

real::RealOptions real_options() {
    real::RealOptions options;
    const bool is_set = std::getenv("WEIR_LOG") != nullptr || std::getenv("RUST_LOG") != nullptr;
    options.log_filter = is_set ? "" : "error";
    return options;
}

Task<Result<void>> connect_and_run(real::RealEnv& real, client::ClientConfig config,
                                   const SessionBody& body) {
    Env& env = real.env();
    Result<std::unique_ptr<client::Client>> connected =
        co_await client::Client::connect(env, config, real.stop_token());
    if (!connected.has_value()) {
        Error error = std::move(connected).error();
        if (error.code != ErrorCode::cancelled) {
            error.context = fmt::format(
                "Cannot reach the cluster at {}: {}\nIs it running? `weir cluster start` starts "
                "one; -c HOST:PORT or -P PROFILE name another",
                to_string(config.sc), error.context);
        }
        co_return fail(std::move(error));
    }
    const std::unique_ptr<client::Client> client = *std::move(connected);
    Session session{real, env, *client, real.stop_token()};
    Result<void> result = co_await body.start(session);
    co_await client->close();
    co_return result;
}

}  // namespace

Result<client::ClientConfig> resolve_target(const Target& target) {
    client::ClientConfig config;
    config.client_id = client_id();
    if (target.cluster.has_value()) {
        if (target.profile.has_value()) {
            return fail(ErrorCode::invalid_argument,
                        "-c/--cluster and -P/--profile cannot be given together");
        }
        WEIR_TRY(config.sc, parse_host_port(*target.cluster));
        return config;
    }
    WEIR_TRY(const ClusterEntry entry, find_profile(target));
    if (entry.tls_policy != "disabled") {
        return fail(ErrorCode::not_supported,
                    "this profile asks for TLS, which is not supported yet; use a profile with "
                    "tls_policy = \"disabled\"");
    }
    WEIR_TRY(config.sc, parse_host_port(entry.endpoint));
    config.spu_address_kind = entry.use_spu_local_address ? client::SpuAddressKind::local_address
                                                          : client::SpuAddressKind::public_address;
    return config;
}

int report(const Error& error) {
    if (error.code == ErrorCode::cancelled) {
        return kExitInterrupted;
    }
    print_error(error.context);
    return kExitFailed;
}

Result<void> check(const wire::Status& status) {
    if (!status.error.ok()) {
        return fail(ErrorCode::invalid_argument, client::describe(status));
    }
    return {};
}

int run_session(const client::ClientConfig& config, const SessionBody& body) {
    Result<std::unique_ptr<real::RealEnv>> real = real::RealEnv::create(real_options());
    if (!real.has_value()) {
        return report(real.error());
    }
    const Result<void> result = (*real)->run(connect_and_run(**real, config, body));
    std::fflush(stdout);
    return result.has_value() ? kExitOk : report(result.error());
}

int run_session(const Target& target, const SessionBody& body) {
    const Result<client::ClientConfig> config = resolve_target(target);
    return config.has_value() ? run_session(*config, body) : report(config.error());
}

}  // namespace weir::cli
