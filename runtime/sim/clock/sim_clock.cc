#include "runtime/sim/clock/sim_clock.h"

#include "core/base/assert.h"

#include <algorithm>

namespace weir::sim {

namespace {

constexpr std::int64_t kMillion = 1'000'000;
// Deadlines further away than this (ten years) are as good as never, and must not overflow.
constexpr std::int64_t kFarNs = 10LL * 365 * 86'400 * 1'000'000'000;

std::uint64_t pack(EventId id) {
    return (static_cast<std::uint64_t>(id.generation) << 32) | id.slot;
}

EventId unpack(std::uint64_t slot) {
    return EventId{static_cast<std::uint32_t>(slot), static_cast<std::uint32_t>(slot >> 32)};
}

}  // namespace

SimClock::SimClock(Scheduler& scheduler, NodeExecutor& executor, const ClockOptions& options)
    : scheduler_(scheduler), executor_(executor), options_(options), boot_ns_(scheduler.now_ns()) {}

std::int64_t SimClock::to_local(std::int64_t since_boot_ns) const {
    // Split, so that the product cannot overflow.
    const std::int64_t millions = since_boot_ns / kMillion;
    const std::int64_t rest = since_boot_ns % kMillion;
    return since_boot_ns + millions * options_.drift_ppm + rest * options_.drift_ppm / kMillion;
}

Instant SimClock::now() const {
    return Instant::from_ns(options_.origin.ns() + to_local(scheduler_.now_ns() - boot_ns_));
}

WallTime SimClock::wall_now() const {
    if (options_.wall_frozen.has_value()) {
        return *options_.wall_frozen;
    }
    return WallTime::from_ns(kWallEpochNs + scheduler_.now_ns() + options_.wall_offset.ns());
}

std::int64_t SimClock::to_global(Instant when) const {
    const std::int64_t local = when.ns() - options_.origin.ns();
    if (local <= 0) {
        return boot_ns_;
    }
    if (local >= kFarNs) {
        return boot_ns_ + kFarNs;
    }
    const std::int64_t rate = kMillion + options_.drift_ppm;
    std::int64_t since_boot = local / rate * kMillion + local % rate * kMillion / rate;
    while (to_local(since_boot) < local) {
        ++since_boot;
    }
    return boot_ns_ + since_boot;
}

void SimClock::arm(Timer& timer, Instant when) {
    ++armed_timers_;
    slot(timer) = pack(schedule(timer, when));
}

EventId SimClock::schedule(Timer& timer, Instant when) {
    // Not in this very instant, or a timer that arms itself anew would let nothing else run.
    const std::int64_t due_ns = std::max(to_global(when), scheduler_.now_ns() + 1);
    const EventId id =
        scheduler_.at(due_ns, EventKind::timer, executor_.node(), &SimClock::on_due, &timer);
    if (deadlines_.size() <= id.slot) {
        deadlines_.resize(id.slot + 1);
    }
    deadlines_[id.slot] = when;
    return id;
}

void SimClock::set_drift(std::int64_t ppm) {
    options_.origin = Duration::from_ns(now().ns());
    boot_ns_ = scheduler_.now_ns();
    options_.drift_ppm = ppm;
}

void SimClock::disarm(Timer& timer) {
    WEIR_ASSERT(armed_timers_ > 0);
    --armed_timers_;
    scheduler_.cancel(unpack(slot(timer)));
}

void SimClock::on_due(void* context) {
    auto& timer = *static_cast<Timer*>(context);
    auto& clock = static_cast<SimClock&>(wheel_of(timer));
    const Instant when = clock.deadlines_[unpack(slot(timer)).slot];
    if (clock.now() < when) {
        // The clock has slowed down since the timer was armed.
        slot(timer) = pack(clock.schedule(timer, when));
        return;
    }
    --clock.armed_timers_;
    fire(timer);
}

}  // namespace weir::sim
