// Threads for what would block the shard: syncs, cold reads, directory work, name resolution.
//
// A job runs on some helper thread and is completed on the shard's thread, through its ready queue.
// Jobs are started in the order of submission. The pool belongs to one shard and dies before it;
// its destructor waits for the jobs that run. Threads start when they are first needed.
//
//     HelperCall call(pool, [fd] { return sync_blocking(fd); });
//     Result<void> synced = co_await call;      // `call` lives in the awaiting frame
#pragma once

#include "runtime/real/loop/mutex.h"
#include "runtime/real/loop/shard.h"

#include <coroutine>
#include <cstddef>
#include <deque>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::real {

class HelperPool {
public:
    // `thread_count_max` >= 1
    HelperPool(Shard& shard, std::size_t thread_count_max);
    ~HelperPool();
    HelperPool(const HelperPool&) = delete;
    HelperPool& operator=(const HelperPool&) = delete;

    // `job` stays alive until its complete() was called. Shard thread only.
    void submit(HelperJob& job);
    Shard& shard() const { return shard_; }

private:
    void work();

    Shard& shard_;
    const std::size_t thread_count_max_;
    std::vector<std::thread> threads_;  // shard thread only
    Mutex mutex_;
    CondVar changed_;
    std::deque<HelperJob*> queue_ WEIR_GUARDED_BY(mutex_);
    std::size_t idle_count_ WEIR_GUARDED_BY(mutex_) = 0;
    bool stopping_ WEIR_GUARDED_BY(mutex_) = false;
};

// Awaitable: calls `function()` on a helper thread and gives back what it returned. Cannot be
// cancelled; the awaiting frame must not be destroyed meanwhile.
template <typename F>
class HelperCall final : public HelperJob {
public:
    using Value = std::invoke_result_t<F>;

    HelperCall(HelperPool& pool, F function) : pool_(pool), function_(std::move(function)) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        handle_ = handle;
        pool_.submit(*this);
    }
    Value await_resume() { return std::move(*value_); }

    void run() noexcept override { value_.emplace(function_()); }
    void complete() override { pool_.shard().post(handle_); }

private:
    HelperPool& pool_;
    F function_;
    std::coroutine_handle<> handle_;
    std::optional<Value> value_;
};

}  // namespace weir::real
