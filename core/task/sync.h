// Waiting inside one shard: `Event`, `Notifier`, `AsyncMutex`.
//
// All waits take a CancelToken and answer ErrorCode::cancelled when it is cancelled. Waiters are
// woken in the order in which they came, through the executor. The object outlives its waiters
// except on a simulated crash.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/base/result.h"
#include "core/task/cancel.h"
#include "core/task/executor.h"
#include "core/task/task.h"

#include <coroutine>
#include <cstdint>

namespace weir {

namespace detail {

// One suspended coroutine in a wait list. Woken exactly once, by wake() or by its token.
class Waiter : public ListNode {
public:
    Waiter(Executor& executor, CancelToken token)
        : executor_(&executor), token_(token), cancel_(token, &Waiter::on_cancel, this) {}
    bool await_ready() const noexcept { return token_.cancelled(); }
    void await_suspend(std::coroutine_handle<> handle) noexcept { handle_ = handle; }
    // False: cancelled.
    bool await_resume() const noexcept { return woken_; }
    void wake();

private:
    static void on_cancel(void* self);
    Executor* executor_;
    CancelToken token_;
    CancelCallback cancel_;
    std::coroutine_handle<> handle_;
    bool woken_ = false;
};

}  // namespace detail

// A flag that starts unset and is set once; everybody who waits or will wait is let through.
class Event {
public:
    explicit Event(Executor& executor) : executor_(executor) {}
    bool is_set() const { return set_; }
    void set();
    Task<Result<void>> wait(CancelToken token = {});

private:
    Executor& executor_;
    bool set_ = false;
    IntrusiveList<detail::Waiter> waiters_;
};

// "Something changed": wakes all current waiters, remembers nothing. The waiter looks at the state
// before it waits and again after; between the look and the wait there is no suspension.
class Notifier {
public:
    explicit Notifier(Executor& executor) : executor_(executor) {}
    void notify_all();
    Task<Result<void>> wait(CancelToken token = {});

private:
    Executor& executor_;
    IntrusiveList<detail::Waiter> waiters_;
};

// Mutual exclusion across suspensions, first come first served. State the reason where it is used.
class AsyncMutex {
public:
    explicit AsyncMutex(Executor& executor) : executor_(executor) {}

    class [[nodiscard]] Guard {
    public:
        explicit Guard(AsyncMutex& mutex) : mutex_(&mutex) {}
        Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
        Guard& operator=(Guard&&) = delete;
        ~Guard() {
            if (mutex_ != nullptr) {
                mutex_->unlock();
            }
        }

    private:
        AsyncMutex* mutex_;
    };
    Task<Result<Guard>> lock(CancelToken token = {});

private:
    void unlock();
    Executor& executor_;
    bool locked_ = false;
    IntrusiveList<detail::Waiter> waiters_;
};

}  // namespace weir
