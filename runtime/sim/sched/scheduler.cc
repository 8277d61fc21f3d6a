#include "runtime/sim/sched/scheduler.h"

#include "core/base/assert.h"

#include <algorithm>

namespace weir::sim {

namespace {

constexpr std::size_t kHeapArity = 4;
// Virtual cost of one resume: 20..83 ns.
constexpr std::int64_t kResumeCostMin = 20;
constexpr std::uint64_t kResumeCostMask = 63;

}  // namespace

NodeExecutor::~NodeExecutor() {
    if (!torn_down_) {
        WEIR_ASSERT(ready_count_ == 0);
        WEIR_ASSERT(turn_end_.empty());
    }
}

void NodeExecutor::post(std::coroutine_handle<> handle) {
    if (!torn_down_) {
        scheduler_.push_ready(*this, handle);
    }
}

void NodeExecutor::post_at_turn_end(std::coroutine_handle<> handle) {
    if (torn_down_) {
        return;
    }
    turn_end_.push_back(handle);
    if (!running_ && ready_count_ == 0) {
        scheduler_.flush_turn_end(*this);
    }
}

void NodeExecutor::tear_down() {
    WEIR_ASSERT(!running_);
    torn_down_ = true;
    turn_end_.clear();
    scheduler_.drop(*this);
}

Scheduler::Scheduler(std::uint64_t seed, Chooser chooser, Trace& trace)
    : trace_(trace),
      chooser_(chooser),
      choose_(Prng::derive(seed, "sched.choose")),
      cost_(Prng::derive(seed, "sched.cost")) {}

EventId Scheduler::at(std::int64_t when_ns, EventKind kind, std::uint16_t node, Action action,
                      void* context) {
    std::uint32_t index = 0;
    if (free_slots_.empty()) {
        index = static_cast<std::uint32_t>(slots_.size());
        slots_.emplace_back();
    } else {
        index = free_slots_.back();
        free_slots_.pop_back();
    }
    Slot& slot = slots_[index];
    slot.action = action;
    slot.context = context;
    slot.node = node;
    slot.kind = kind;
    heap_.emplace_back();
    sift_up(heap_.size() - 1, HeapEntry{std::max(when_ns, now_ns_), sequence_++, index});
    return EventId{index, slot.generation};
}

void Scheduler::cancel(EventId id) {
    if (id.generation == 0 || slots_[id.slot].generation != id.generation) {
        return;
    }
    remove_at(slots_[id.slot].heap_index);
    ++slots_[id.slot].generation;
    free_slots_.push_back(id.slot);
}

void Scheduler::place(std::size_t index, HeapEntry entry) {
    heap_[index] = entry;
    slots_[entry.slot].heap_index = static_cast<std::uint32_t>(index);
}

void Scheduler::sift_up(std::size_t index, HeapEntry entry) {
    while (index > 0) {
        const std::size_t parent = (index - 1) / kHeapArity;
        if (!earlier(entry, heap_[parent])) {
            break;
        }
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, entry);
}

void Scheduler::sift_down(std::size_t index, HeapEntry entry) {
    while (true) {
        const std::size_t first = index * kHeapArity + 1;
        if (first >= heap_.size()) {
            break;
        }
        const std::size_t last = std::min(first + kHeapArity, heap_.size());
        std::size_t best = first;
        for (std::size_t child = first + 1; child < last; ++child) {
            if (earlier(heap_[child], heap_[best])) {
                best = child;
            }
        }
        if (!earlier(heap_[best], entry)) {
            break;
        }
        place(index, heap_[best]);
        index = best;
    }
    place(index, entry);
}

void Scheduler::remove_at(std::size_t index) {
    const HeapEntry moved = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) {
        return;
    }
    if (index > 0 && earlier(moved, heap_[(index - 1) / kHeapArity])) {
        sift_up(index, moved);
    } else {
        sift_down(index, moved);
    }
}

void Scheduler::fire_next() {
    const HeapEntry entry = heap_.front();
    remove_at(0);
    Slot& slot = slots_[entry.slot];
    const Action action = slot.action;
    void* context = slot.context;
    trace_.event(slot.kind, slot.node, now_ns_, 0, 0);
    ++slot.generation;
    free_slots_.push_back(entry.slot);
    action(context);
}

void Scheduler::push_ready(NodeExecutor& node, std::coroutine_handle<> handle) {
    ++node.ready_count_;
    ready_.push_back(Ready{handle, &node});
}

void Scheduler::flush_turn_end(NodeExecutor& node) {
    for (const std::coroutine_handle<> handle : node.turn_end_) {
        push_ready(node, handle);
    }
    node.turn_end_.clear();
}

void Scheduler::resume_one() {
    std::size_t place_in_set = 0;
    Ready next;
    if (chooser_ == Chooser::random) {
        if (ready_.size() > 1) {
            place_in_set = static_cast<std::size_t>(choose_.below(ready_.size()));
        }
        next = ready_[place_in_set];
        ready_[place_in_set] = ready_.back();
        ready_.pop_back();
    } else {
        next = ready_[ready_head_++];
        if (ready_head_ * 2 >= ready_.size() + 16) {
            ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(ready_head_));
            ready_head_ = 0;
        }
    }
    now_ns_ += kResumeCostMin + static_cast<std::int64_t>(cost_.next() & kResumeCostMask);
    NodeExecutor& node = *next.node;
    trace_.event(EventKind::resume, node.node_, now_ns_, place_in_set, 0);
    --node.ready_count_;
    node.running_ = true;
    next.handle.resume();
    node.running_ = false;
    if (node.ready_count_ == 0 && !node.turn_end_.empty()) {
        flush_turn_end(node);
    }
}

void Scheduler::drop(NodeExecutor& node) {
    const auto gone =
        std::remove_if(ready_.begin() + static_cast<std::ptrdiff_t>(ready_head_), ready_.end(),
                       [&node](const Ready& ready) { return ready.node == &node; });
    ready_.erase(gone, ready_.end());
    node.ready_count_ = 0;
}

RunEnd Scheduler::run_until(std::int64_t until_ns, std::uint64_t budget_events) {
    stop_requested_ = false;
    const std::uint64_t last_event =
        trace_.events() + std::min(budget_events, UINT64_MAX - trace_.events());
    while (true) {
        if (stop_requested_) {
            return RunEnd::requested;
        }
        if (trace_.events() >= last_event) {
            return RunEnd::budget;
        }
        if (!heap_.empty() && heap_.front().time_ns <= now_ns_) {
            fire_next();
        } else if (ready_size() != 0) {
            if (now_ns_ >= until_ns) {
                return RunEnd::time;
            }
            resume_one();
        } else if (heap_.empty()) {
            return RunEnd::idle;
        } else if (heap_.front().time_ns > until_ns) {
            now_ns_ = std::max(now_ns_, until_ns);
            return RunEnd::time;
        } else {
            now_ns_ = heap_.front().time_ns;
        }
    }
}

}  // namespace weir::sim
