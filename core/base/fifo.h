// A queue in one piece of memory: what is taken from the front is made up for by moving the rest
// now and then, so that a queue in steady state allocates nothing and can be looked at as a span.
//
// Owned by one object, one shard. Spans and references are valid until the next change.
#pragma once

#include "core/base/assert.h"

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace weir {

template <typename T>
class Fifo {
public:
    bool empty() const { return head_ == items_.size(); }
    std::size_t size() const { return items_.size() - head_; }
    // Oldest first.
    std::span<T> items() { return std::span<T>(items_).subspan(head_); }
    std::span<const T> items() const { return std::span<const T>(items_).subspan(head_); }
    T& front() {
        WEIR_ASSERT(!empty());
        return items_[head_];
    }
    const T& back() const {
        WEIR_ASSERT(!empty());
        return items_.back();
    }

    void push_back(T item) { items_.push_back(std::move(item)); }
    void append(std::span<const T> items) {
        items_.insert(items_.end(), items.begin(), items.end());
    }
    T pop_front() {
        T first = std::move(front());
        drop_front(1);
        return first;
    }
    // Gives up the `count` oldest.
    void drop_front(std::size_t count) {
        WEIR_ASSERT(count <= size());
        head_ += count;
        if (empty()) {
            clear();
        } else if (head_ >= kMoveMin && head_ >= size()) {
            // At most one move for each item that was taken.
            items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(head_));
            head_ = 0;
        }
    }
    // Keeps the `count` oldest.
    void truncate(std::size_t count) {
        WEIR_ASSERT(count <= size());
        items_.erase(items_.begin() + static_cast<std::ptrdiff_t>(head_ + count), items_.end());
    }
    void clear() {
        items_.clear();
        head_ = 0;
    }

private:
    static constexpr std::size_t kMoveMin = 16;
    std::vector<T> items_;
    std::size_t head_ = 0;
};

}  // namespace weir
