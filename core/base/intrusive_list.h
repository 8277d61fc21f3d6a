// A doubly linked list whose nodes live inside their owners.
//
// A node unlinks itself when it is destroyed, and a list unlinks its nodes when it is destroyed,
// so either may die first. No allocation. One shard.
#pragma once

#include "core/base/assert.h"

namespace weir {

class ListNode {
public:
    ListNode() : prev_(this), next_(this) {}
    ~ListNode() { unlink(); }
    ListNode(const ListNode&) = delete;
    ListNode& operator=(const ListNode&) = delete;

    bool linked() const { return next_ != this; }
    void unlink() {
        prev_->next_ = next_;
        next_->prev_ = prev_;
        prev_ = next_ = this;
    }

private:
    template <typename T>
    friend class IntrusiveList;
    void link_before(ListNode& position) {
        WEIR_ASSERT(!linked());
        prev_ = position.prev_;
        next_ = &position;
        prev_->next_ = this;
        position.prev_ = this;
    }
    ListNode* prev_;
    ListNode* next_;
};

// `T` derives from ListNode.
template <typename T>
class IntrusiveList {
public:
    IntrusiveList() = default;
    ~IntrusiveList() {
        while (!empty()) {
            head_.next_->unlink();
        }
    }
    IntrusiveList(const IntrusiveList&) = delete;
    IntrusiveList& operator=(const IntrusiveList&) = delete;

    bool empty() const { return !head_.linked(); }
    void push_back(T& node) { static_cast<ListNode&>(node).link_before(head_); }
    T& front() {
        WEIR_ASSERT(!empty());
        return static_cast<T&>(*head_.next_);
    }
    T& pop_front() {
        T& node = front();
        static_cast<ListNode&>(node).unlink();
        return node;
    }
    // Moves all nodes of `other` to the end of this list, in order.
    void take_all(IntrusiveList& other) {
        while (!other.empty()) {
            push_back(other.pop_front());
        }
    }
    // Calls f(T&) for each node, first to last; f may unlink the node it is given.
    template <typename F>
    void for_each(F f) {
        ListNode* node = head_.next_;
        while (node != &head_) {
            ListNode* next = node->next_;
            f(static_cast<T&>(*node));
            node = next;
        }
    }

private:
    ListNode head_;
};

}  // namespace weir
