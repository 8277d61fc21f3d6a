// A growing ring of coroutine handles, first in first out. It never shrinks, so that a shard in
// steady state allocates nothing.
#pragma once

#include "core/base/assert.h"

#include <coroutine>
#include <cstddef>
#include <vector>

namespace weir::real {

class HandleQueue {
public:
    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }

    void push_back(std::coroutine_handle<> handle) {
        if (size_ == ring_.size()) {
            grow();
        }
        ring_[(begin_ + size_) & (ring_.size() - 1)] = handle;
        ++size_;
    }

    std::coroutine_handle<> pop_front() {
        WEIR_ASSERT(size_ > 0);
        const std::coroutine_handle<> handle = ring_[begin_];
        begin_ = (begin_ + 1) & (ring_.size() - 1);
        --size_;
        return handle;
    }

    // Moves everything in `other` to the end of this queue, in order.
    void take_all(HandleQueue& other) {
        while (!other.empty()) {
            push_back(other.pop_front());
        }
    }

private:
    void grow() {
        std::vector<std::coroutine_handle<>> larger(ring_.empty() ? 64 : 2 * ring_.size());
        for (std::size_t i = 0; i < size_; ++i) {
            larger[i] = ring_[(begin_ + i) & (ring_.size() - 1)];
        }
        ring_.swap(larger);
        begin_ = 0;
    }

    std::vector<std::coroutine_handle<>> ring_;  // its size is 0 or a power of two
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
};

}  // namespace weir::real
