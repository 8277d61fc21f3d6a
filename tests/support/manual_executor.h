// A ready queue without a world: runs what is posted, in order, until nothing is left.
//
// For tests of code that suspends but does no IO. One per test; outlives the tasks on it.
#pragma once

#include "core/task/executor.h"
#include "core/task/task.h"
#include "core/task/task_scope.h"

#include <coroutine>
#include <deque>
#include <optional>
#include <utility>

namespace weir::test {

class ManualExecutor final : public Executor {
public:
    void post(std::coroutine_handle<> handle) override { ready_.push_back(handle); }
    void post_at_turn_end(std::coroutine_handle<> handle) override { turn_end_.push_back(handle); }
    bool torn_down() const override { return torn_down_; }

    // Until both queues are empty.
    void run() {
        while (!ready_.empty() || !turn_end_.empty()) {
            if (ready_.empty()) {
                ready_.swap(turn_end_);
            }
            const std::coroutine_handle<> next = ready_.front();
            ready_.pop_front();
            next.resume();
        }
    }

    // What a crash does: nothing runs any more, and frames may be destroyed where they are.
    void tear_down() {
        torn_down_ = true;
        ready_.clear();
        turn_end_.clear();
    }

    // Runs `task` and returns its value; asserts that it came to an end.
    template <typename T>
    T run_to_end(Task<T> task) {
        std::optional<T> value;
        TaskScope scope(*this);
        scope.spawn(store(std::move(task), &value));
        run();
        WEIR_ASSERT(value.has_value());
        return *std::move(value);
    }
    void run_to_end(Task<void> task) {
        TaskScope scope(*this);
        scope.spawn(std::move(task));
        run();
        WEIR_ASSERT(scope.task_count() == 0);
    }

private:
    template <typename T>
    static Task<void> store(Task<T> task, std::optional<T>* value) {
        value->emplace(co_await std::move(task));
    }

    std::deque<std::coroutine_handle<>> ready_;
    std::deque<std::coroutine_handle<>> turn_end_;
    bool torn_down_ = false;
};

}  // namespace weir::test
