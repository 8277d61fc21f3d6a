#include "apps/weir/cluster.h"

#include "apps/weir/cluster_layout.h"
#include "apps/weir/cluster_settings.h"
#include "apps/weir/daemons.h"
#include "apps/weir/output.h"
#include "apps/weir/profile.h"
#include "apps/weir/session.h"
#include "core/client/admin.h"

#include <fmt/core.h>

#include <cstdio>
#include <filesystem>

namespace weir::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kStartLimit = Duration::from_s(60);
constexpr Duration kStopPatience = Duration::from_s(30);
// How often a wait for a server looks whether the process has ended.
constexpr Duration kChildCheck = Duration::from_ms(200);

void step(const std::string& text) {
    print_line(text);
    std::fflush(stdout);
}

// A server that ended while it was waited for, with what it said.
std::optional<Error> find_ended(const std::vector<Daemon>& daemons, const ClusterLayout& layout) {
    for (const Daemon& daemon : daemons) {
        if (const std::optional<std::string> reason = has_ended(daemon)) {
            const std::string log = layout.log_path(daemon.name);
            return Error(ErrorCode::unavailable,
                         fmt::format("{}. The end of {}:\n{}", *reason, log, tail_of(log, 10)));
        }
    }
    return std::nullopt;
}

Result<void> make_folders(const ClusterLayout& layout) {
    for (const std::string& folder : {layout.data_dir, layout.log_dir}) {
        std::error_code error;
        fs::create_directories(folder, error);
        if (error) {
            return fail(ErrorCode::io_error,
                        fmt::format("cannot create the folder {}: {}", folder, error.message()));
        }
    }
    return {};
}

Result<void> require_nothing_runs(const ClusterLayout& layout) {
    const std::vector<Daemon> running = running_daemons(layout.data_dir);
    if (running.empty()) {
        return {};
    }
    return fail(ErrorCode::already_exists,
                fmt::format("a cluster over {} is running already ({} processes, {} is {}). Use "
                            "it, or stop it first: weir cluster stop --data-dir {}",
                            layout.data_dir, running.size(), running.front().name,
                            running.front().pid, layout.data_dir));
}

Result<Daemon> start_sc(const ClusterLayout& layout, const ClusterStartOptions& options,
                        const std::string& program) {
    std::vector<std::string> argv = {program,          "sc",
                                     "--local",        layout.data_dir + "/metadata",
                                     "--bind-public",  to_string(layout.sc_public),
                                     "--bind-private", to_string(layout.sc_private)};
    if (options.platform_version.has_value()) {
        argv.insert(argv.end(), {"--platform-version", *options.platform_version});
    }
    if (options.durability.has_value()) {
        argv.insert(argv.end(), {"--durability", *options.durability});
    }
    return start_daemon(layout.data_dir, "sc", argv, layout.log_path("sc"));
}

Result<Daemon> start_spu(const ClusterLayout& layout, const std::string& program,
                         std::uint32_t index) {
    const std::string id = std::to_string(layout.spu_id(index));
    std::vector<std::string> argv = {program,
                                     "spu",
                                     "-i",
                                     id,
                                     "-p",
                                     to_string(layout.spu_public(index)),
                                     "-v",
                                     to_string(layout.spu_private(index)),
                                     "--sc-addr",
                                     to_string(layout.sc_private),
                                     "--log-base-dir",
                                     layout.data_dir};
    return start_daemon(layout.data_dir, "spu-" + id, argv, layout.log_path("spu-" + id));
}

// Until the SC answers; sooner if its process ends.
Task<Result<void>> wait_for_sc(real::RealEnv& real, client::ClientConfig config, Daemon sc,
                               const ClusterLayout& layout) {
    Env& env = real.env();
    const Instant give_up = env.clock.now() + kStartLimit;
    client::Backoff backoff(env, Duration::from_ms(10), Duration::from_ms(500));
    while (true) {
        Result<std::unique_ptr<client::Client>> connected =
            co_await client::Client::connect(env, config, real.stop_token());
        if (connected.has_value()) {
            co_await (*connected)->close();
            co_return Result<void>();
        }
        const std::vector<Daemon> watched = {sc};
        if (std::optional<Error> ended = find_ended(watched, layout)) {
            co_return fail(*std::move(ended));
        }
        if (env.clock.now() >= give_up) {
            co_return fail(ErrorCode::timed_out,
                           fmt::format("the SC does not answer after {} s: {}", kStartLimit.s(),
                                       connected.error().context));
        }
        WEIR_CO_CHECK(co_await backoff.wait(give_up, real.stop_token()));
    }
}

Result<void> run_wait_for_sc(const client::ClientConfig& config, const Daemon& sc,
                             const ClusterLayout& layout) {
    real::RealOptions options;
    options.log_filter = "error";
    WEIR_TRY(const std::unique_ptr<real::RealEnv> real, real::RealEnv::create(options));
    return real->run(wait_for_sc(*real, config, sc, layout));
}

CustomSpuSpec wanted_spu(const ClusterLayout& layout, std::uint32_t index) {
    const HostPort public_address = layout.spu_public(index);
    const HostPort private_address = layout.spu_private(index);
    CustomSpuSpec spec;
    spec.id = SpuId(layout.spu_id(index));
    spec.public_endpoint.port = public_address.port;
    IngressAddress ingress;
    ingress.hostname = public_address.host;
    spec.public_endpoint.ingress.push_back(ingress);
    spec.private_endpoint.host = private_address.host;
    spec.private_endpoint.port = private_address.port;
    return spec;
}

// Registered with the right addresses; one with others (the ports were moved) is replaced.
Task<Result<void>> ensure_registered(Session& session, CustomSpuSpec wanted) {
    client::Admin admin(session.client);
    WEIR_CO_TRY(const std::vector<SpuObject> known, co_await admin.spus(session.stop));
    for (const SpuObject& spu : known) {
        if (spu.spec.id != wanted.id) {
            continue;
        }
        if (spu.spec.public_endpoint == wanted.public_endpoint &&
            spu.spec.private_endpoint == wanted.private_endpoint) {
            co_return Result<void>();
        }
        wire::DeleteTarget target;
        target.kind = ObjectKind::custom_spu;
        target.key = wanted.id;
        wire::DeleteRequest request;
        request.target = std::move(target);
        WEIR_CO_TRY(const wire::Status removed,
                    co_await admin.remove(std::move(request), session.stop));
        if (!removed.error.ok()) {
            co_return fail(ErrorCode::invalid_argument,
                           fmt::format("cannot move SPU {} to other ports: {}", wanted.id.value(),
                                       client::describe(removed)));
        }
    }
    std::string name = fmt::format("custom-spu-{}", wanted.id.value());
    WEIR_CO_TRY(const wire::Status created,
                co_await admin.register_spu(std::move(name), std::move(wanted), session.stop));
    if (!created.error.ok()) {
        co_return fail(ErrorCode::invalid_argument,
                       "cannot register an SPU: " + client::describe(created));
    }
    co_return Result<void>();
}

Task<Result<void>> register_spus(Session& session, const ClusterLayout& layout,
                                 std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
        WEIR_CO_CHECK(co_await ensure_registered(session, wanted_spu(layout, i)));
    }
    co_return Result<void>();
}

std::uint32_t count_online(const client::Metadata& metadata, const ClusterLayout& layout,
                           std::uint32_t count) {
    std::uint32_t online = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto spu = metadata.spus().find(SpuId(layout.spu_id(i)));
        if (spu != metadata.spus().end() &&
            spu->second.status.resolution == SpuResolution::online) {
            ++online;
        }
    }
    return online;
}

// The SPUs are online and the topic that holds consumer offsets can be used.
bool is_healthy(const client::Metadata& metadata, std::uint32_t online, std::uint32_t count) {
    return online == count && !metadata.online_partitions(kConsumerOffsetTopic).empty();
}

// Or until the SC knows that its metadata are from a backup, and waits for an operator: then with
// what it says about that in `doubts`.
Task<Result<void>> wait_until_healthy(Session& session, const ClusterLayout& layout,
                                      std::uint32_t count, const std::vector<Daemon>& daemons,
                                      std::vector<std::string>* doubts) {
    client::Admin admin(session.client);
    const Instant give_up = session.env.clock.now() + kStartLimit;
    const client::Metadata& metadata = session.client.metadata();
    std::uint32_t shown = 0;
    while (true) {
        const std::uint32_t online = count_online(metadata, layout, count);
        if (online > shown) {
            shown = online;
            step(fmt::format("  {} of {} SPUs online", online, count));
        }
        WEIR_CO_TRY(wire::ClusterDescription described,
                    co_await admin.describe_cluster(client::Listing::user_objects, session.stop));
        *doubts = std::move(described.doubts);
        if (is_healthy(metadata, online, count) || !doubts->empty()) {
            co_return Result<void>();
        }
        if (std::optional<Error> ended = find_ended(daemons, layout)) {
            co_return fail(*std::move(ended));
        }
        if (session.env.clock.now() >= give_up) {
            co_return fail(ErrorCode::timed_out,
                           fmt::format("only {} of {} SPUs are online after {} s; logs are in {}",
                                       online, count, kStartLimit.s(), layout.log_dir));
        }
        Deadline slice(session.env.clock, session.env.clock.now() + kChildCheck, session.stop);
        const Result<void> changed = co_await metadata.wait_for_change(slice.token());
        if (!changed.has_value() && !slice.expired()) {
            co_return fail(changed.error());
        }
    }
}

Result<void> save_profile(const ClusterStartOptions& options, const ClusterLayout& layout) {
    WEIR_TRY(ProfileFile file, ProfileFile::load(ProfileFile::default_path()));
    ClusterEntry entry;
    entry.endpoint = to_string(layout.sc_public);
    entry.installation = "local";
    file.put(options.profile, entry);
    WEIR_CHECK(file.switch_to(options.profile));
    WEIR_CHECK(file.save());
    step(fmt::format("Profile \"{}\" in {} names the cluster", options.profile, file.path()));
    return {};
}

// An exit status from a session, as an error that was printed already.
Result<void> passed(int exit_status) {
    if (exit_status != kExitOk) {
        return fail(ErrorCode::cancelled, "reported");
    }
    return {};
}

// What the SC doubts.
Result<std::vector<std::string>> start_servers(const ClusterLayout& layout,
                                               const ClusterStartOptions& options,
                                               std::vector<Daemon>& daemons) {
    WEIR_TRY(const std::string program, find_server_program());
    step(fmt::format("Starting the SC on {}", to_string(layout.sc_public)));
    WEIR_TRY(Daemon sc, start_sc(layout, options, program));
    daemons.push_back(sc);
    client::ClientConfig config;
    config.sc = layout.sc_public;
    WEIR_CHECK(run_wait_for_sc(config, sc, layout));
    WEIR_CHECK(passed(run_session(config, &register_spus, layout, options.spus)));
    for (std::uint32_t i = 0; i < options.spus; ++i) {
        step(fmt::format("Starting SPU {} on {}", layout.spu_id(i),
                         to_string(layout.spu_public(i))));
        WEIR_TRY(Daemon spu, start_spu(layout, program, i));
        daemons.push_back(std::move(spu));
    }
    std::vector<std::string> doubts;
    WEIR_CHECK(
        passed(run_session(config, &wait_until_healthy, layout, options.spus, daemons, &doubts)));
    return doubts;
}

// The servers go on running: only so an operator can say what counts.
Result<void> report_doubts(const std::vector<std::string>& doubts) {
    for (const std::string& doubt : doubts) {
        print_error(doubt);
    }
    print_error(
        "The servers are running, and wait for you: `weir cluster adopt` takes what the "
        "SPUs have for what counts; or stop them, and put newer metadata in place");
    return fail(ErrorCode::cancelled, "reported");
}

int report_unless_reported(const Error& error) {
    return error.code == ErrorCode::cancelled ? kExitFailed : report(error);
}

void stop_all(const std::string& data_dir, const std::vector<Daemon>& daemons) {
    for (const Daemon& daemon : daemons) {
        step(fmt::format("Stopping {} (process {})", daemon.name, daemon.pid));
        const Result<bool> stopped = stop_daemon(data_dir, daemon, kStopPatience);
        if (!stopped.has_value()) {
            print_error(stopped.error().context);
        } else if (!*stopped) {
            print_error(fmt::format("{} did not end within {} s and was killed", daemon.name,
                                    kStopPatience.s()));
        }
    }
}

Result<void> start_cluster(const ClusterStartOptions& options, const ClusterLayout& layout) {
    WEIR_CHECK(make_folders(layout));
    WEIR_CHECK(require_nothing_runs(layout));
    std::vector<Daemon> daemons;
    const Result<std::vector<std::string>> started = start_servers(layout, options, daemons);
    if (!started.has_value()) {
        // Nothing is left running from a start that failed.
        if (started.error().code != ErrorCode::cancelled) {
            print_error(started.error().context);
        }
        stop_all(layout.data_dir, running_daemons(layout.data_dir));
        return fail(ErrorCode::cancelled, "reported");
    }
    WEIR_CHECK(save_settings(layout, options));
    if (!options.skip_profile) {
        WEIR_CHECK(save_profile(options, layout));
    }
    if (!started->empty()) {
        return report_doubts(*started);
    }
    step(fmt::format("Cluster ready at {}: data in {}, logs in {}", to_string(layout.sc_public),
                     layout.data_dir, layout.log_dir));
    return {};
}

// Only what a cluster puts there: the folder may hold other things.
Result<void> remove_data(const std::string& data_dir) {
    std::error_code error;
    std::vector<fs::path> ours;
    for (const fs::directory_entry& entry : fs::directory_iterator(data_dir, error)) {
        const std::string name = entry.path().filename().string();
        if (name == "metadata" || name == kSettingsFile || name.starts_with("spu-logs-") ||
            entry.path().extension() == ".pid") {
            ours.push_back(entry.path());
        }
    }
    for (const fs::path& path : ours) {
        fs::remove_all(path, error);
        if (error) {
            return fail(ErrorCode::io_error,
                        fmt::format("cannot remove {}: {}", path.string(), error.message()));
        }
    }
    // Fails if something else is in it: then it stays.
    fs::remove(data_dir, error);
    return {};
}

}  // namespace

int cluster_start(const ClusterStartOptions& options) {
    const Result<ClusterLayout> layout = make_layout(options);
    if (!layout.has_value()) {
        return report(layout.error());
    }
    const Result<void> started = start_cluster(options, *layout);
    return started.has_value() ? kExitOk : report_unless_reported(started.error());
}

int cluster_stop(const ClusterStopOptions& options) {
    const std::string data_dir = resolve_data_dir(options.data_dir);
    const std::vector<Daemon> running = running_daemons(data_dir);
    if (running.empty()) {
        print_line(fmt::format("No cluster is running over {}", data_dir));
        return kExitOk;
    }
    stop_all(data_dir, running);
    const std::size_t left = running_daemons(data_dir).size();
    if (left != 0) {
        print_error(fmt::format("{} processes are still running", left));
        return kExitFailed;
    }
    print_line("Cluster stopped; its data is kept");
    return kExitOk;
}

int cluster_delete(const ClusterStopOptions& options) {
    const std::string data_dir = resolve_data_dir(options.data_dir);
    stop_all(data_dir, running_daemons(data_dir));
    if (!running_daemons(data_dir).empty()) {
        print_error("not everything could be stopped; nothing was removed");
        return kExitFailed;
    }
    const Result<void> removed = remove_data(data_dir);
    if (!removed.has_value()) {
        return report(removed.error());
    }
    print_line(fmt::format("Cluster deleted: its data in {} is gone", data_dir));
    return kExitOk;
}

}  // namespace weir::cli
