// Structured lifetime: tasks spawned here end before the scope does.
//
// The owner calls and awaits `close()` (cancel, then wait) or `join()` (wait) before the scope is
// destroyed; the destructor asserts it. Tasks get `token()` and end soon after it is cancelled.
// A spawned task starts through the executor, not inside `spawn`. One shard.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/task/cancel.h"
#include "core/task/executor.h"
#include "core/task/task.h"

#include <coroutine>
#include <cstddef>

namespace weir {

class TaskScope {
public:
    explicit TaskScope(Executor& executor, CancelToken parent = {})
        : executor_(executor), source_(parent) {}
    ~TaskScope();
    TaskScope(const TaskScope&) = delete;
    TaskScope& operator=(const TaskScope&) = delete;

    Executor& executor() const { return executor_; }
    CancelToken token() { return source_.token(); }
    std::size_t task_count() const { return task_count_; }

    // May be called until close() or join() has returned, also by the tasks themselves.
    void spawn(Task<void> task);
    // Asks all tasks to end, without waiting.
    void cancel() { source_.cancel(); }
    // Waits until no task is left. One caller at a time.
    Task<void> join();
    // cancel() and join().
    Task<void> close();

private:
    struct Spawned;
    friend struct Spawned;
    static Spawned run(Task<void> task);
    void finished();

    Executor& executor_;
    CancelSource source_;
    std::size_t task_count_ = 0;
    std::coroutine_handle<> joiner_;
    struct SpawnedNode : ListNode {
        std::coroutine_handle<> handle;
        TaskScope* scope = nullptr;
    };
    IntrusiveList<SpawnedNode> spawned_;
};

}  // namespace weir
