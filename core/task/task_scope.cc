#include "core/task/task_scope.h"

#include <exception>

namespace weir {

// The outermost frame of a spawned task. It destroys itself when the task is done.
struct TaskScope::Spawned {
    struct promise_type {
        SpawnedNode node;

        static void* operator new(std::size_t size) { return detail::allocate_frame(size); }
        static void operator delete(void* frame, std::size_t size) noexcept {
            detail::free_frame(frame, size);
        }
        Spawned get_return_object() {
            return Spawned{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        struct Final {
            bool await_ready() const noexcept { return false; }
            void await_suspend(std::coroutine_handle<promise_type> finished) const noexcept {
                TaskScope* scope = finished.promise().node.scope;
                finished.destroy();
                scope->finished();
            }
            void await_resume() const noexcept {}
        };
        Final final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};

TaskScope::Spawned TaskScope::run(Task<void> task) {
    // The task lives in this frame; its own frame is gone before the scope hears of the end.
    {
        Task<void> owned = std::move(task);
        co_await std::move(owned);
    }
}

TaskScope::~TaskScope() {
    if (executor_.torn_down()) {
        while (!spawned_.empty()) {
            spawned_.pop_front().handle.destroy();
        }
        return;
    }
    WEIR_ASSERT(task_count_ == 0);
}

void TaskScope::spawn(Task<void> task) {
    Spawned spawned = run(std::move(task));
    SpawnedNode& node = spawned.handle.promise().node;
    node.handle = spawned.handle;
    node.scope = this;
    spawned_.push_back(node);
    ++task_count_;
    executor_.post(spawned.handle);
}

void TaskScope::finished() {
    WEIR_ASSERT(task_count_ > 0);
    --task_count_;
    if (task_count_ == 0 && joiner_ != nullptr) {
        executor_.post(std::exchange(joiner_, nullptr));
    }
}

Task<void> TaskScope::join() {
    struct Joining {
        TaskScope& scope;
        explicit Joining(TaskScope& s) : scope(s) {}
        bool await_ready() const noexcept { return scope.task_count_ == 0; }
        void await_suspend(std::coroutine_handle<> handle) const {
            WEIR_ASSERT(scope.joiner_ == nullptr);
            scope.joiner_ = handle;
        }
        void await_resume() const noexcept {}
    };
    while (task_count_ != 0) {
        Joining joining(*this);
        co_await joining;
    }
}

Task<void> TaskScope::close() {
    cancel();
    co_await join();
}

}  // namespace weir
