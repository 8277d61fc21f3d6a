#include "core/env/clock.h"

namespace weir {

Timer::~Timer() {
    disarm();
}

void Timer::arm(Instant when) {
    disarm();
    armed_ = true;
    wheel_.arm(*this, when);
}

void Timer::disarm() {
    if (armed_) {
        armed_ = false;
        wheel_.disarm(*this);
    }
}

namespace {

// Posted exactly once, by the timer or by the token, whichever is first.
class Sleeper {
public:
    Sleeper(Clock& clock, Executor& executor, Instant when, CancelToken token)
        : executor_(executor),
          when_(when),
          timer_(clock, &Sleeper::on_timer, this),
          cancel_(token, &Sleeper::on_cancel, this) {}

    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) {
        handle_ = handle;
        timer_.arm(when_);
    }
    // False: cancelled.
    bool await_resume() const noexcept { return !cancelled_; }

private:
    static void on_timer(void* self) {
        auto* sleeper = static_cast<Sleeper*>(self);
        sleeper->cancel_.unlink();
        sleeper->executor_.post(sleeper->handle_);
    }
    static void on_cancel(void* self) {
        auto* sleeper = static_cast<Sleeper*>(self);
        sleeper->cancelled_ = true;
        sleeper->timer_.disarm();
        sleeper->executor_.post(sleeper->handle_);
    }

    Executor& executor_;
    Instant when_;
    Timer timer_;
    CancelCallback cancel_;
    std::coroutine_handle<> handle_;
    bool cancelled_ = false;
};

}  // namespace

Task<Result<void>> sleep_until(Clock& clock, Executor& executor, Instant when, CancelToken token) {
    if (token.cancelled()) {
        co_return fail(ErrorCode::cancelled, "sleep cancelled");
    }
    Sleeper sleeper(clock, executor, when, token);
    const bool slept = co_await sleeper;
    if (!slept) {
        co_return fail(ErrorCode::cancelled, "sleep cancelled");
    }
    co_return Result<void>();
}

Task<Result<void>> sleep_for(Clock& clock, Executor& executor, Duration duration,
                             CancelToken token) {
    return sleep_until(clock, executor, clock.now() + duration, token);
}

Deadline::Deadline(Clock& clock, Instant when, CancelToken parent)
    : source_(parent), timer_(clock, &Deadline::on_timer, this) {
    timer_.arm(when);
}

void Deadline::on_timer(void* self) {
    auto* deadline = static_cast<Deadline*>(self);
    deadline->expired_ = true;
    deadline->source_.cancel();
}

Error Deadline::translate(Error error) const {
    if (expired_ && error.code == ErrorCode::cancelled) {
        return Error(ErrorCode::timed_out, std::move(error.context));
    }
    return error;
}

}  // namespace weir
