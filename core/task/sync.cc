#include "core/task/sync.h"

namespace weir {

namespace detail {

void Waiter::wake() {
    unlink();
    cancel_.unlink();
    woken_ = true;
    executor_->post(handle_);
}

void Waiter::on_cancel(void* self) {
    auto* waiter = static_cast<Waiter*>(self);
    if (waiter->linked()) {
        waiter->unlink();
        waiter->executor_->post(waiter->handle_);
    }
}

}  // namespace detail

namespace {

Error cancelled_wait() {
    return Error(ErrorCode::cancelled, "wait cancelled");
}

}  // namespace

void Event::set() {
    set_ = true;
    while (!waiters_.empty()) {
        waiters_.front().wake();
    }
}

Task<Result<void>> Event::wait(CancelToken token) {
    if (set_) {
        co_return Result<void>();
    }
    if (token.cancelled()) {
        co_return fail(cancelled_wait());
    }
    detail::Waiter waiter(executor_, token);
    waiters_.push_back(waiter);
    const bool woken = co_await waiter;
    if (!woken) {
        co_return fail(cancelled_wait());
    }
    co_return Result<void>();
}

void Notifier::notify_all() {
    IntrusiveList<detail::Waiter> woken;
    woken.take_all(waiters_);
    while (!woken.empty()) {
        woken.front().wake();
    }
}

Task<Result<void>> Notifier::wait(CancelToken token) {
    if (token.cancelled()) {
        co_return fail(cancelled_wait());
    }
    detail::Waiter waiter(executor_, token);
    waiters_.push_back(waiter);
    const bool woken = co_await waiter;
    if (!woken) {
        co_return fail(cancelled_wait());
    }
    co_return Result<void>();
}

Task<Result<AsyncMutex::Guard>> AsyncMutex::lock(CancelToken token) {
    if (!locked_) {
        locked_ = true;
        co_return Guard(*this);
    }
    if (token.cancelled()) {
        co_return fail(cancelled_wait());
    }
    detail::Waiter waiter(executor_, token);
    waiters_.push_back(waiter);
    const bool woken = co_await waiter;
    if (!woken) {
        co_return fail(cancelled_wait());
    }
    // Ownership was handed over by unlock(): locked_ stayed true.
    co_return Guard(*this);
}

void AsyncMutex::unlock() {
    WEIR_ASSERT(locked_);
    if (executor_.torn_down()) {
        locked_ = false;
        return;
    }
    if (waiters_.empty()) {
        locked_ = false;
        return;
    }
    waiters_.front().wake();
}

}  // namespace weir
