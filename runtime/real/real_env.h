// The production environment: one shard with its network, disk, clocks and helper threads.
//
// Made in main(), runs one task to its end, dies last. One thread; at most one RealEnv with
// `handle_signals` per process.
//
//     WEIR_TRY(auto real, RealEnv::create(options));
//     Result<void> result = real->run(sc::run(real->env(), config, real->stop_token()));
#pragma once

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/env/env.h"
#include "core/task/cancel.h"
#include "core/task/task.h"
#include "core/task/task_scope.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::real {

class Shard;
class HelperPool;

struct RealOptions {
    // What disk paths are relative to; created if missing.
    std::string disk_root = ".";
    // "info", "debug", ... or a list "info,spu.produce=debug"; empty: WEIR_LOG, RUST_LOG, info.
    std::string log_filter;
    std::size_t helper_thread_count_max = 4;
    // SIGINT and SIGTERM cancel stop_token(); the second one ends the process at once.
    bool handle_signals = true;
    // Where File::sync_data runs. On the shard it saves a thread's wake-up (40 us) per sync and
    // holds up everything else meanwhile.
    bool sync_on_shard = false;
    // Poll so long before sleeping; see ShardOptions.
    Duration spin;
};

class RealEnv {
public:
    static Result<std::unique_ptr<RealEnv>> create(const RealOptions& options);
    ~RealEnv();
    RealEnv(const RealEnv&) = delete;
    RealEnv& operator=(const RealEnv&) = delete;

    Env& env();
    Shard& shard();
    HelperPool& helpers();
    // Cancelled by the first SIGINT or SIGTERM, or by request_stop().
    CancelToken stop_token();
    void request_stop();

    // Runs `task` and everything it waits for, on the calling thread, until it returns.
    template <typename T>
    T run(Task<T> task) {
        std::optional<T> value;
        {
            TaskScope scope(env().executor);
            scope.spawn(keep(std::move(task), value, *this));
            run_until_stopped();
        }
        return *std::move(value);
    }

private:
    struct Parts;
    explicit RealEnv(std::unique_ptr<Parts> parts);
    template <typename T>
    static Task<void> keep(Task<T> task, std::optional<T>& value, RealEnv& self) {
        T result = co_await std::move(task);
        value.emplace(std::move(result));
        self.leave();
    }
    void run_until_stopped();
    void leave();

    std::unique_ptr<Parts> parts_;
};

}  // namespace weir::real
