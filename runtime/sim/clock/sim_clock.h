// The clocks of one incarnation of a node: monotonic time with an origin and a drift of its own,
// wall time with an offset that can step, or that stands still.
//
// Owned by the incarnation. Timers fire at or after their deadline on this node's own clock, also
// when its rate changes while they are armed.
#pragma once

#include "core/env/clock.h"
#include "runtime/sim/sched/scheduler.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::sim {

struct ClockOptions {
    std::int64_t drift_ppm = 0;  // how much faster than global time
    Duration origin;             // monotonic time at boot
    Duration wall_offset;        // against true wall time; may be stepped later
    // The wall clock stands still at this time.
    std::optional<WallTime> wall_frozen{};
};

// True wall time at global time 0: 2026-01-01 00:00:00 UTC.
inline constexpr std::int64_t kWallEpochNs = 1'767'225'600LL * 1'000'000'000LL;

class SimClock final : public Clock {
public:
    SimClock(Scheduler& scheduler, NodeExecutor& executor, const ClockOptions& options);

    Instant now() const override;
    WallTime wall_now() const override;
    void step_wall(Duration by) { options_.wall_offset = options_.wall_offset + by; }
    void freeze_wall(std::optional<WallTime> at) { options_.wall_frozen = at; }
    // From now on; the time shown goes on from where it is.
    void set_drift(std::int64_t ppm);

    // For the leak check.
    std::size_t armed_timers() const { return armed_timers_; }

private:
    void arm(Timer& timer, Instant when) override;
    void disarm(Timer& timer) override;
    static void on_due(void* timer);
    std::int64_t to_local(std::int64_t since_boot_ns) const;
    std::int64_t to_global(Instant when) const;

    Scheduler& scheduler_;
    NodeExecutor& executor_;
    ClockOptions options_;
    // Where the rate changed last, in global time, and what the clock showed then is the origin.
    std::int64_t boot_ns_;
    std::size_t armed_timers_ = 0;
    // By slot of the event: a change of the rate makes the events of armed timers come too early.
    std::vector<Instant> deadlines_;
    // On the way to a deadline, as the rate is now.
    EventId schedule(Timer& timer, Instant when);
};

}  // namespace weir::sim
