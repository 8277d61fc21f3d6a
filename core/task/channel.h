// A bounded queue between tasks of one shard.
//
// `send` waits while the queue is full (that is the back-pressure), `receive` while it is empty.
// After `close`, sends fail with connection_closed and receives drain what is left, then fail with
// connection_closed. Outlives its users except on a simulated crash.
#pragma once

#include "core/task/sync.h"

#include <cstddef>
#include <deque>
#include <utility>

namespace weir {

template <typename T>
class Channel {
public:
    // capacity >= 1
    Channel(Executor& executor, std::size_t capacity) : capacity_(capacity), changed_(executor) {
        WEIR_ASSERT(capacity_ >= 1);
    }

    bool closed() const { return closed_; }
    std::size_t size() const { return items_.size(); }

    void close() {
        closed_ = true;
        changed_.notify_all();
    }

    // False when full or closed; never waits.
    bool try_send(T item) {
        if (closed_ || items_.size() >= capacity_) {
            return false;
        }
        items_.push_back(std::move(item));
        changed_.notify_all();
        return true;
    }

    Task<Result<void>> send(T item, CancelToken token = {}) {
        while (!closed_ && items_.size() >= capacity_) {
            WEIR_CO_CHECK(co_await changed_.wait(token));
        }
        if (closed_) {
            co_return fail(ErrorCode::connection_closed, "channel closed");
        }
        items_.push_back(std::move(item));
        changed_.notify_all();
        co_return Result<void>();
    }

    Task<Result<T>> receive(CancelToken token = {}) {
        while (items_.empty()) {
            if (closed_) {
                co_return fail(ErrorCode::connection_closed, "channel closed");
            }
            WEIR_CO_CHECK(co_await changed_.wait(token));
        }
        T item = std::move(items_.front());
        items_.pop_front();
        changed_.notify_all();
        co_return Result<T>(std::move(item));
    }

private:
    std::size_t capacity_;
    bool closed_ = false;
    std::deque<T> items_;
    Notifier changed_;
};

}  // namespace weir
