// The clocks of one incarnation of a node: monotonic time with an origin and a drift of its own,
// wall time with an offset that can step.
//
// Owned by the incarnation. Timers fire at or after their deadline on this node's own clock.
#pragma once

#include "core/env/clock.h"
#include "runtime/sim/sched/scheduler.h"

#include <cstdint>

namespace weir::sim {

struct ClockOptions {
    std::int64_t drift_ppm = 0;  // how much faster than global time
    Duration origin;             // monotonic time at boot
    Duration wall_offset;        // against true wall time; may be stepped later
};

// True wall time at global time 0: 2026-01-01 00:00:00 UTC.
inline constexpr std::int64_t kWallEpochNs = 1'767'225'600LL * 1'000'000'000LL;

class SimClock final : public Clock {
public:
    SimClock(Scheduler& scheduler, NodeExecutor& executor, const ClockOptions& options);

    Instant now() const override;
    WallTime wall_now() const override;
    void step_wall(Duration by) { options_.wall_offset = options_.wall_offset + by; }

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
    std::int64_t boot_ns_;
    std::size_t armed_timers_ = 0;
};

}  // namespace weir::sim
