// One shard: a thread, its epoll set, its ready queue and its timers.
//
// A turn is: poll (sleep only if nothing is ready), note what the kernel, the timers and the helper
// threads report, drain the ready queue, run the turn-end queue when it is empty, drain again.
// Nothing is resumed from inside the poll, so no callback ever destroys what a later event of the
// same poll points to. Made and run by one thread; `complete` alone may be called by others.
// Outlives every task on it.
#pragma once

#include "core/base/result.h"
#include "core/task/executor.h"
#include "runtime/real/clock/real_clock.h"
#include "runtime/real/loop/handle_queue.h"
#include "runtime/real/loop/mutex.h"

#include <atomic>
#include <coroutine>
#include <cstdint>
#include <memory>

namespace weir::real {

// What the shard tells about a watched descriptor: a set of EPOLL* bits. It only notes and posts.
class PollTarget {
public:
    virtual void on_events(std::uint32_t events) = 0;

protected:
    ~PollTarget() = default;
};

// Work for a helper thread; see helper_pool.h.
class HelperJob {
public:
    virtual ~HelperJob() = default;
    // On a helper thread.
    virtual void run() noexcept = 0;
    // On the shard's thread, while it polls: only notes and posts, or deletes the job.
    virtual void complete() = 0;

private:
    friend class Shard;
    HelperJob* next_ = nullptr;
};

struct ShardOptions {
    // Poll this long before sleeping. Cuts the wake-up of an idle processor from latencies and
    // costs that processor meanwhile; 0 is off.
    Duration spin;
};

class Shard final : public Executor {
public:
    static Result<std::unique_ptr<Shard>> create(ShardOptions options);
    ~Shard() override;
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    void post(std::coroutine_handle<> handle) override { ready_.push_back(handle); }
    void post_at_turn_end(std::coroutine_handle<> handle) override { turn_end_.push_back(handle); }
    bool torn_down() const override { return false; }
    // Resumes the handle after the next poll: for a task that has had its share of this turn.
    void post_next_turn(std::coroutine_handle<> handle) { next_turn_.push_back(handle); }

    // Counts polls. Equal values mean the same turn.
    std::uint64_t turn() const { return turn_; }
    RealClock& clock() { return clock_; }

    // Edge-triggered, for reading and writing. `target` stays alive until unwatch.
    // permission_denied for a descriptor that cannot be polled (a regular file).
    Result<void> watch(int fd, PollTarget& target);
    void unwatch(int fd);

    // Runs turns until stop() is called from inside one.
    void run();
    void stop() { stopping_ = true; }

    // From any thread: calls job.complete() on the shard's thread soon.
    void complete(HelperJob& job);
    // Calls what `complete` has left here so far.
    void take_completions();

private:
    Shard(ShardOptions options, int epoll_fd, int wake_fd);
    void poll();
    int wait_for_events(std::int64_t timeout_ns);
    std::int64_t poll_timeout_ns() const;
    void drain();
    void clear_wake_fd();

    const ShardOptions options_;
    const int epoll_fd_;
    const int wake_fd_;
    RealClock clock_;
    HandleQueue ready_;
    HandleQueue turn_end_;
    HandleQueue next_turn_;
    std::uint64_t turn_ = 0;
    Instant last_work_;
    bool stopping_ = false;

    std::atomic<bool> completions_pending_{false};
    Mutex mutex_;
    HelperJob* completed_first_ WEIR_GUARDED_BY(mutex_) = nullptr;
    HelperJob* completed_last_ WEIR_GUARDED_BY(mutex_) = nullptr;
};

// `co_await next_turn(shard)`
struct NextTurnAwaiter {
    Shard& shard;
    explicit NextTurnAwaiter(Shard& shard_in) : shard(shard_in) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const { shard.post_next_turn(handle); }
    void await_resume() const noexcept {}
};
inline NextTurnAwaiter next_turn(Shard& shard) {
    return NextTurnAwaiter(shard);
}

}  // namespace weir::real
