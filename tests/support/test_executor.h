// An executor for unit tests of what needs no world: a first-in-first-out queue that is run by
// hand.
#pragma once

#include "core/task/executor.h"
#include "core/task/task.h"
#include "core/task/task_scope.h"

#include <coroutine>
#include <deque>
#include <optional>
#include <utility>

namespace weir {

class TestExecutor final : public Executor {
public:
    void post(std::coroutine_handle<> handle) override { ready_.push_back(handle); }
    void post_at_turn_end(std::coroutine_handle<> handle) override { turn_end_.push_back(handle); }
    bool torn_down() const override { return torn_down_; }

    std::size_t ready_count() const { return ready_.size(); }
    // Resumes until nothing is ready.
    void run() {
        while (!ready_.empty() || !turn_end_.empty()) {
            if (ready_.empty()) {
                ready_.swap(turn_end_);
            }
            const std::coroutine_handle<> handle = ready_.front();
            ready_.pop_front();
            handle.resume();
        }
    }
    // Resumes one handle; false if none is ready.
    bool step() {
        if (ready_.empty()) {
            return false;
        }
        const std::coroutine_handle<> handle = ready_.front();
        ready_.pop_front();
        handle.resume();
        return true;
    }
    // As a crash does it: forget what is ready, then let owners drop their frames.
    void tear_down() {
        torn_down_ = true;
        ready_.clear();
        turn_end_.clear();
    }

    // Runs the task until it returns; nullopt if everything came to rest before it did.
    template <typename T>
    std::optional<T> run_to_end(Task<T> task) {
        std::optional<T> value;
        TaskScope scope(*this);
        scope.spawn(keep(std::move(task), value));
        run();
        if (!value.has_value()) {
            // The scope would insist on the end of what hangs.
            tear_down();
        }
        return value;
    }

private:
    template <typename T>
    static Task<void> keep(Task<T> task, std::optional<T>& value) {
        T result = co_await std::move(task);
        value.emplace(std::move(result));
    }
    std::deque<std::coroutine_handle<>> ready_;
    std::deque<std::coroutine_handle<>> turn_end_;
    bool torn_down_ = false;
};

}  // namespace weir
