// Cancellation: a `CancelSource` says stop, and every operation that was given its token answers
// with ErrorCode::cancelled.
//
// The source outlives the operations that hold its token (it usually sits in a TaskScope that
// awaits them). Cancelling is sticky and idempotent. One shard; no locks.
#pragma once

#include "core/base/intrusive_list.h"

namespace weir {

class CancelCallback;

namespace detail {
struct CancelState {
    bool cancelled = false;
    IntrusiveList<CancelCallback> callbacks;
};
}  // namespace detail

class CancelToken {
public:
    // Never cancelled.
    CancelToken() = default;
    bool cancelled() const { return state_ != nullptr && state_->cancelled; }

private:
    friend class CancelSource;
    friend class CancelCallback;
    explicit CancelToken(detail::CancelState* state) : state_(state) {}
    detail::CancelState* state_ = nullptr;
};

// Calls `function(context)` once, from inside cancel(), if the token is cancelled while this object
// lives. Not called when the token was cancelled before: check `cancelled()` first. The function
// must only note the fact or post a handle; it may destroy this object.
class CancelCallback : public ListNode {
public:
    using Function = void (*)(void* context);
    CancelCallback(CancelToken token, Function function, void* context);

private:
    friend class CancelSource;
    Function function_;
    void* context_;
};

class CancelSource {
public:
    CancelSource() : CancelSource(CancelToken()) {}
    // Also cancelled when `parent` is.
    explicit CancelSource(CancelToken parent);
    CancelSource(const CancelSource&) = delete;
    CancelSource& operator=(const CancelSource&) = delete;

    CancelToken token() { return CancelToken(&state_); }
    bool cancelled() const { return state_.cancelled; }
    void cancel();

private:
    static void on_parent(void* self);
    detail::CancelState state_;
    CancelCallback parent_;
};

}  // namespace weir
