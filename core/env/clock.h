// The clock seam: two kinds of time, and timers.
//
// `now` is monotonic and process-local; `wall_now` may step. Timers use monotonic time only.
// Everything here belongs to one shard and outlives the tasks that use it.
#pragma once

#include "core/base/result.h"
#include "core/base/time.h"
#include "core/task/cancel.h"
#include "core/task/executor.h"
#include "core/task/task.h"

#include <cstdint>

namespace weir {

// One armed timer. The runtime keeps a pointer to it while armed; the destructor disarms.
class Timer {
public:
    // `function(context)` runs on the loop, outside any coroutine; it only notes or posts.
    using Function = void (*)(void* context);
    class Wheel;

    Timer(Wheel& wheel, Function function, void* context)
        : wheel_(wheel), function_(function), context_(context) {}
    ~Timer();
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;

    // Runs the function once, at or soon after `when` (never before). Re-arming replaces.
    void arm(Instant when);
    void disarm();
    bool armed() const { return armed_; }

    // What the runtimes implement. Equal deadlines fire in the order of arming.
    class Wheel {
    public:
        virtual ~Wheel() = default;

    protected:
        friend class Timer;
        virtual void arm(Timer& timer, Instant when) = 0;
        virtual void disarm(Timer& timer) = 0;
        // The runtime calls this when the timer is due, after forgetting it.
        static void fire(Timer& timer) {
            timer.armed_ = false;
            timer.function_(timer.context_);
        }
        // Free for the runtime's own use while armed (a heap index, a key).
        static std::uint64_t& slot(Timer& timer) { return timer.slot_; }
        static Wheel& wheel_of(Timer& timer) { return timer.wheel_; }
    };

private:
    Wheel& wheel_;
    Function function_;
    void* context_;
    std::uint64_t slot_ = 0;
    bool armed_ = false;
};

class Clock : public Timer::Wheel {
public:
    virtual Instant now() const = 0;
    virtual WallTime wall_now() const = 0;
};

// Suspends until `when`; ErrorCode::cancelled if the token is cancelled first.
Task<Result<void>> sleep_until(Clock& clock, Executor& executor, Instant when,
                               CancelToken token = {});
WEIR_CORO_WRAPPER Task<Result<void>> sleep_for(Clock& clock, Executor& executor, Duration duration,
                                               CancelToken token = {});

// A token that is cancelled at a deadline, or with its parent. `expired()` tells which.
//
//     Deadline deadline(clock, clock.now() + limit, token);
//     auto answer = co_await connection.read_some(buffer, deadline.token());
class Deadline {
public:
    Deadline(Clock& clock, Instant when, CancelToken parent = {});
    CancelToken token() { return source_.token(); }
    bool expired() const { return expired_; }
    // timed_out if the deadline passed and `error` is the cancellation it caused; else `error`.
    Error translate(Error error) const;

private:
    static void on_timer(void* self);
    CancelSource source_;
    Timer timer_;
    bool expired_ = false;
};

}  // namespace weir
