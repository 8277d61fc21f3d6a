#include "runtime/real/clock/real_clock.h"

#include "core/base/assert.h"

#include <time.h>

namespace weir::real {

namespace {

std::int64_t read_clock_ns(clockid_t id) {
    timespec time{};
    const int result = ::clock_gettime(id, &time);
    WEIR_ASSERT(result == 0);
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

}  // namespace

RealClock::~RealClock() {
    WEIR_ASSERT(heap_.empty());
}

Instant RealClock::now() const {
    return Instant::from_ns(read_clock_ns(CLOCK_MONOTONIC));
}

WallTime RealClock::wall_now() const {
    return WallTime::from_ns(read_clock_ns(CLOCK_REALTIME));
}

void RealClock::fire_due() {
    const Instant time = now();
    const std::uint64_t sequence_end = next_sequence_;
    while (!heap_.empty()) {
        const Entry first = heap_.front();
        if (first.when > time || first.sequence >= sequence_end) {
            return;
        }
        remove_at(0);
        fire(*first.timer);
    }
}

void RealClock::arm(Timer& timer, Instant when) {
    Entry entry;
    entry.when = when;
    entry.sequence = next_sequence_++;
    entry.timer = &timer;
    heap_.push_back(entry);
    sift_up(heap_.size() - 1, entry);
}

void RealClock::disarm(Timer& timer) {
    remove_at(slot(timer));
}

void RealClock::remove_at(std::size_t index) {
    WEIR_ASSERT(index < heap_.size());
    const Entry last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) {
        return;
    }
    if (index > 0 && last.before(heap_[(index - 1) / 2])) {
        sift_up(index, last);
    } else {
        sift_down(index, last);
    }
}

void RealClock::place(std::size_t index, const Entry& entry) {
    heap_[index] = entry;
    slot(*entry.timer) = index;
}

void RealClock::sift_up(std::size_t index, Entry entry) {
    while (index > 0 && entry.before(heap_[(index - 1) / 2])) {
        place(index, heap_[(index - 1) / 2]);
        index = (index - 1) / 2;
    }
    place(index, entry);
}

void RealClock::sift_down(std::size_t index, Entry entry) {
    while (true) {
        std::size_t child = 2 * index + 1;
        if (child >= heap_.size()) {
            break;
        }
        if (child + 1 < heap_.size() && heap_[child + 1].before(heap_[child])) {
            ++child;
        }
        if (!heap_[child].before(entry)) {
            break;
        }
        place(index, heap_[child]);
        index = child;
    }
    place(index, entry);
}

}  // namespace weir::real
