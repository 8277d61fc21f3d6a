#include "core/task/cancel.h"

namespace weir {

CancelCallback::CancelCallback(CancelToken token, Function function, void* context)
    : function_(function), context_(context) {
    if (token.state_ != nullptr && !token.state_->cancelled) {
        token.state_->callbacks.push_back(*this);
    }
}

CancelSource::CancelSource(CancelToken parent) : parent_(parent, &CancelSource::on_parent, this) {
    state_.cancelled = parent.cancelled();
}

void CancelSource::on_parent(void* self) {
    static_cast<CancelSource*>(self)->cancel();
}

void CancelSource::cancel() {
    if (state_.cancelled) {
        return;
    }
    state_.cancelled = true;
    while (!state_.callbacks.empty()) {
        CancelCallback& callback = state_.callbacks.pop_front();
        callback.function_(callback.context_);
    }
}

}  // namespace weir
