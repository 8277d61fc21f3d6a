#include "runtime/real/real_env.h"

#include "runtime/real/clock/real_random.h"
#include "runtime/real/disk/disk_error.h"
#include "runtime/real/disk/real_disk.h"
#include "runtime/real/loop/helper_pool.h"
#include "runtime/real/loop/shard.h"
#include "runtime/real/net/real_network.h"
#include "runtime/real/ops/real_process.h"
#include "runtime/real/ops/spdlog_sink.h"
#include "runtime/real/ops/stop_signals.h"

#include <fmt/core.h>

#include <filesystem>
#include <signal.h>
#include <stdlib.h>

namespace weir::real {

namespace {

std::string choose_log_filter(const RealOptions& options) {
    if (!options.log_filter.empty()) {
        return options.log_filter;
    }
    for (const char* name : {"WEIR_LOG", "RUST_LOG"}) {
        const char* value = ::getenv(name);
        if (value != nullptr && *value != '\0') {
            return value;
        }
    }
    return "info";
}

Result<LogFilter> make_log_filter(const RealOptions& options) {
    Result<LogFilter> filter = parse_log_filter(choose_log_filter(options));
    if (!filter.has_value() && options.log_filter.empty()) {
        // A RUST_LOG that was meant for another program must not keep this one from starting.
        return LogFilter();
    }
    return filter;
}

Result<void> make_root(const std::string& root) {
    std::error_code error;
    std::filesystem::create_directories(root, error);
    if (error) {
        return fail(disk_error("create the directory", root, error.value()));
    }
    return {};
}

// A broken pipe and a file size limit are errors of the call that met them.
void ignore_signals() {
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
}

}  // namespace

// In the order of construction; destroyed from the last to the first.
struct RealEnv::Parts {
    SpdlogSink log;
    CancelSource stop;
    std::unique_ptr<Shard> shard;
    HelperPool helpers;
    RealNetwork network;
    RealDisk disk;
    RealRandom random;
    RealProcess process;
    Env env;
    std::unique_ptr<StopSignals> signals;

    Parts(LogFilter filter, std::unique_ptr<Shard> shard_in, std::uint64_t seed,
          const RealOptions& options)
        : log(std::move(filter)),
          shard(std::move(shard_in)),
          helpers(*shard, options.helper_thread_count_max),
          network(helpers, log),
          disk(helpers, disk_options(options)),
          random(seed),
          process(log),
          env{*shard, shard->clock(), network, disk, random, process, log, null_probe()} {}

    static RealDiskOptions disk_options(const RealOptions& options) {
        RealDiskOptions disk;
        disk.root = options.disk_root;
        disk.sync_on_shard = options.sync_on_shard;
        return disk;
    }
};

Result<std::unique_ptr<RealEnv>> RealEnv::create(const RealOptions& options) {
    ignore_signals();
    WEIR_TRY(LogFilter filter, make_log_filter(options));
    WEIR_CHECK(make_root(options.disk_root));
    ShardOptions shard_options;
    shard_options.spin = options.spin;
    WEIR_TRY(std::unique_ptr<Shard> shard, Shard::create(shard_options));
    WEIR_TRY(const std::uint64_t seed, RealRandom::read_entropy());
    auto parts = std::make_unique<Parts>(std::move(filter), std::move(shard), seed, options);
    if (options.handle_signals) {
        WEIR_TRY(parts->signals, StopSignals::install(*parts->shard, parts->stop));
    }
    return std::unique_ptr<RealEnv>(new RealEnv(std::move(parts)));
}

RealEnv::RealEnv(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
RealEnv::~RealEnv() = default;

Env& RealEnv::env() {
    return parts_->env;
}
Shard& RealEnv::shard() {
    return *parts_->shard;
}
HelperPool& RealEnv::helpers() {
    return parts_->helpers;
}
CancelToken RealEnv::stop_token() {
    return parts_->stop.token();
}
void RealEnv::request_stop() {
    parts_->stop.cancel();
}
void RealEnv::run_until_stopped() {
    parts_->shard->run();
}
void RealEnv::leave() {
    parts_->shard->stop();
}

}  // namespace weir::real
