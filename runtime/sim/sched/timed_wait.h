// `co_await TimedWait(...)`: suspend a coroutine of a node for a time that the simulator decides
// (the latency of an operation), or until its token is cancelled.
//
// Lives in the awaiting frame; its destructor forgets the event, so a frame may be destroyed while
// it waits (only a crash does that).
#pragma once

#include "core/task/cancel.h"
#include "runtime/sim/sched/scheduler.h"

#include <coroutine>

namespace weir::sim {

class TimedWait {
public:
    TimedWait(Scheduler& scheduler, NodeExecutor& executor, EventKind kind, std::int64_t delay_ns,
              CancelToken token = {})
        : scheduler_(scheduler),
          executor_(executor),
          kind_(kind),
          delay_ns_(delay_ns),
          token_(token),
          cancel_(token, &TimedWait::on_cancel, this) {}
    ~TimedWait() { scheduler_.cancel(event_); }
    TimedWait(const TimedWait&) = delete;
    TimedWait& operator=(const TimedWait&) = delete;

    bool await_ready() const noexcept { return token_.cancelled(); }
    void await_suspend(std::coroutine_handle<> handle) {
        handle_ = handle;
        event_ = scheduler_.at(scheduler_.now_ns() + delay_ns_, kind_, executor_.node(),
                               &TimedWait::on_time, this);
    }
    // False: cancelled.
    bool await_resume() const noexcept { return elapsed_; }

private:
    static void on_time(void* self) {
        auto* wait = static_cast<TimedWait*>(self);
        wait->event_ = EventId();
        wait->elapsed_ = true;
        wait->cancel_.unlink();
        wait->executor_.post(wait->handle_);
    }
    static void on_cancel(void* self) {
        auto* wait = static_cast<TimedWait*>(self);
        if (wait->event_.generation != 0) {
            wait->scheduler_.cancel(wait->event_);
            wait->event_ = EventId();
            wait->executor_.post(wait->handle_);
        }
    }

    Scheduler& scheduler_;
    NodeExecutor& executor_;
    EventKind kind_;
    std::int64_t delay_ns_;
    CancelToken token_;
    CancelCallback cancel_;
    std::coroutine_handle<> handle_;
    EventId event_;
    bool elapsed_ = false;
};

}  // namespace weir::sim
