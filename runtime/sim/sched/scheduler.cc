#include "runtime/sim/sched/scheduler.h"

#include "core/base/assert.h"
#include "runtime/sim/sched/heap_account.h"

#include <algorithm>
#include <functional>

namespace weir::sim {

namespace {

constexpr std::size_t kHeapArity = 4;
// Virtual cost of one resume: 20..83 ns.
constexpr std::int64_t kResumeCostMin = 20;
constexpr std::uint64_t kResumeCostMask = 63;
// Chooser::priority and ::delay change the order once in about half so many steps.
constexpr std::uint64_t kChangeInterval = 2'000;
constexpr std::uint64_t kPriorities = 1U << 20;

}  // namespace

NodeExecutor::~NodeExecutor() {
    scheduler_.cancel(cpu_free_);
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

void NodeExecutor::pause() {
    WEIR_ASSERT(!running_);
    if (++pause_count_ == 1) {
        scheduler_.park(*this);
    }
}

void NodeExecutor::resume() {
    WEIR_ASSERT(pause_count_ > 0);
    if (--pause_count_ != 0) {
        return;
    }
    for (const Parked& parked : parked_) {
        scheduler_.ready_.push_back(Scheduler::Ready{parked.handle, this, parked.cause});
    }
    parked_.clear();
}

void NodeExecutor::on_cpu_free(void* node) {
    auto* self = static_cast<NodeExecutor*>(node);
    self->cpu_free_ = EventId();
    self->resume();
}

void NodeExecutor::tear_down() {
    WEIR_ASSERT(!running_);
    torn_down_ = true;
    turn_end_.clear();
    parked_.clear();
    scheduler_.cancel(cpu_free_);
    scheduler_.drop(*this);
}

Scheduler::Scheduler(std::uint64_t seed, Chooser chooser, Draws choose, Trace& trace)
    : trace_(trace), chooser_(chooser), choose_(choose), cost_(Prng::derive(seed, "sched.cost")) {}

EventId Scheduler::at(std::int64_t when_ns, EventKind kind, std::uint16_t node, Action action,
                      void* context) {
    const OutsideHeap outside;
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
    slot.cause = trace_.events();
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
    const OutsideHeap outside;
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
    trace_.begin_step(slot.cause, slot.kind, slot.node, now_ns_, 0);
    ++slot.generation;
    free_slots_.push_back(entry.slot);
    action(context);
}

void Scheduler::push_ready(NodeExecutor& node, std::coroutine_handle<> handle) {
    const OutsideHeap outside;
    ++node.ready_count_;
    if (node.paused()) {
        node.parked_.push_back({handle, trace_.events()});
    } else {
        ready_.push_back(Ready{handle, &node, trace_.events()});
    }
}

void Scheduler::flush_turn_end(NodeExecutor& node) {
    for (const std::coroutine_handle<> handle : node.turn_end_) {
        push_ready(node, handle);
    }
    node.turn_end_.clear();
}

void Scheduler::bound_changes(std::uint64_t count, std::int64_t within_ns) {
    bounded_ = true;
    change_count_ = count;
    for (std::uint64_t i = 0; i < count; ++i) {
        changes_ns_.push_back(
            static_cast<std::int64_t>(choose_.below(static_cast<std::uint64_t>(within_ns))));
    }
    std::sort(changes_ns_.begin(), changes_ns_.end(), std::greater<>());
}

bool Scheduler::is_change_step() {
    ++steps_;
    if (steps_ < next_change_) {
        return false;
    }
    const bool first = next_change_ == 0;
    next_change_ = steps_ + 1 + choose_.below(kChangeInterval);
    return !first;
}

std::size_t Scheduler::highest_priority() {
    std::size_t best = 0;
    for (std::size_t i = 0; i < ready_.size(); ++i) {
        NodeExecutor& node = *ready_[i].node;
        if (node.priority_ == 0) {
            node.priority_ = 1 + change_count_ + choose_.below(kPriorities);
        }
        if (node.priority_ > ready_[best].node->priority_) {
            best = i;
        }
    }
    if (bounded_) {
        while (!changes_ns_.empty() && changes_ns_.back() <= now_ns_) {
            changes_ns_.pop_back();
            ready_[best].node->priority_ = 1 + changes_ns_.size();
        }
    } else if (is_change_step()) {
        ready_[best].node->priority_ = 1 + choose_.below(kPriorities);
    }
    return best;
}

Scheduler::Ready Scheduler::take_first() {
    const Ready first = ready_[ready_head_++];
    if (ready_head_ * 2 >= ready_.size() + 16) {
        ready_.erase(ready_.begin(), ready_.begin() + static_cast<std::ptrdiff_t>(ready_head_));
        ready_head_ = 0;
    }
    return first;
}

Scheduler::Ready Scheduler::take_of_machine(std::size_t& place) {
    const NodeExecutor* machine = ready_[ready_head_].node;
    std::uint64_t options = 0;
    for (std::size_t i = ready_head_; i < ready_.size(); ++i) {
        options += ready_[i].node == machine ? 1U : 0U;
    }
    if (options == 1) {
        return take_first();
    }
    const std::uint64_t chosen = choose_.below(options);
    if (choices_ != nullptr) {
        choices_->push_back(Choice{trace_.events() + 1, options, now_ns_});
    }
    place = static_cast<std::size_t>(chosen);
    std::size_t index = ready_head_;
    for (std::uint64_t left = chosen; left > 0 || ready_[index].node != machine; ++index) {
        left -= ready_[index].node == machine ? 1U : 0U;
    }
    const Ready next = ready_[index];
    ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(index));
    return next;
}

Scheduler::Ready Scheduler::take_ready(std::size_t& place) {
    place = 0;
    if (chooser_ == Chooser::machine) {
        return take_of_machine(place);
    }
    if (chooser_ == Chooser::delay && is_change_step() && ready_size() > 1) {
        ready_.push_back(take_first());
        place = 1;
    }
    if (chooser_ == Chooser::fifo || chooser_ == Chooser::delay) {
        return take_first();
    }
    if (chooser_ == Chooser::priority) {
        place = highest_priority();
        const Ready next = ready_[place];
        ready_.erase(ready_.begin() + static_cast<std::ptrdiff_t>(place));
        return next;
    }
    if (ready_.size() > 1) {
        place = static_cast<std::size_t>(choose_.below(ready_.size()));
    }
    const Ready next = ready_[place];
    ready_[place] = ready_.back();
    ready_.pop_back();
    return next;
}

void Scheduler::resume_one() {
    std::size_t place_in_set = 0;
    const Ready next = take_ready(place_in_set);
    const std::int64_t cost_ns =
        kResumeCostMin + static_cast<std::int64_t>(cost_.next() & kResumeCostMask);
    now_ns_ += cost_ns;
    NodeExecutor& node = *next.node;
    trace_.begin_step(next.cause, EventKind::resume, node.node_, now_ns_, place_in_set);
    --node.ready_count_;
    node.running_ = true;
    {
        const HeapScope inside(heap_owner(node.node_));
        next.handle.resume();
    }
    node.running_ = false;
    if (node.ready_count_ == 0 && !node.turn_end_.empty()) {
        flush_turn_end(node);
    }
    if (node.cpu_factor_ > 1 && !node.torn_down_) {
        keep_busy(node, cost_ns);
    }
}

void Scheduler::keep_busy(NodeExecutor& node, std::int64_t cost_ns) {
    node.pause();
    node.cpu_free_ = at(now_ns_ + cost_ns * node.cpu_factor_, EventKind::timer, node.node_,
                        &NodeExecutor::on_cpu_free, &node);
}

void Scheduler::park(NodeExecutor& node) {
    for (std::size_t i = ready_head_; i < ready_.size(); ++i) {
        if (ready_[i].node == &node) {
            node.parked_.push_back({ready_[i].handle, ready_[i].cause});
        }
    }
    remove_ready(node);
}

void Scheduler::remove_ready(NodeExecutor& node) {
    const auto gone =
        std::remove_if(ready_.begin() + static_cast<std::ptrdiff_t>(ready_head_), ready_.end(),
                       [&node](const Ready& ready) { return ready.node == &node; });
    ready_.erase(gone, ready_.end());
}

void Scheduler::drop(NodeExecutor& node) {
    remove_ready(node);
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
