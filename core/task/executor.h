// Where coroutines are resumed: the ready queue of one shard (real) or one node (simulated).
//
// Every resumption of a suspended operation goes through `post`, never inline from the event that
// caused it, so that stack depth and order are a policy of the executor and not an accident. (A
// task that awaits a task transfers directly.) Owned by the runtime; outlives every task on it.
#pragma once

#include <coroutine>

namespace weir {

class Executor {
public:
    virtual ~Executor() = default;

    // Resumes `handle` later, after the caller has returned to the loop. The frame must stay alive
    // until then; a frame that is destroyed first must not have been posted (its awaiter's
    // destructor is never run between post and resume, except when the node crashes, and then the
    // queue is dropped before the frames).
    virtual void post(std::coroutine_handle<> handle) = 0;

    // Resumes `handle` when the ready queue has run empty, before the loop sleeps: the end of the
    // turn. For work that gathers what the turn brought, such as appends to one file.
    virtual void post_at_turn_end(std::coroutine_handle<> handle) = 0;

    // True while the node is being destroyed by a crash: frames are dropped without running, so
    // destructors must not insist on an orderly end.
    virtual bool torn_down() const = 0;
};

// `co_await yield(executor)`: go to the back of the ready queue.
struct YieldAwaiter {
    Executor& executor;
    bool at_turn_end;
    YieldAwaiter(Executor& executor_in, bool at_turn_end_in)
        : executor(executor_in), at_turn_end(at_turn_end_in) {}
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const {
        if (at_turn_end) {
            executor.post_at_turn_end(handle);
        } else {
            executor.post(handle);
        }
    }
    void await_resume() const noexcept {}
};
inline YieldAwaiter yield(Executor& executor) {
    return YieldAwaiter(executor, false);
}
inline YieldAwaiter turn_end(Executor& executor) {
    return YieldAwaiter(executor, true);
}

}  // namespace weir
