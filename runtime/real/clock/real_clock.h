// The system's clocks, and the timers of one shard.
//
// Timers are a binary heap ordered by (deadline, order of arming). The shard asks for the next
// deadline before it sleeps and fires what is due after it woke. Shard thread only.
#pragma once

#include "core/env/clock.h"

#include <cstdint>
#include <vector>

namespace weir::real {

class RealClock final : public Clock {
public:
    RealClock() = default;
    ~RealClock() override;
    RealClock(const RealClock&) = delete;
    RealClock& operator=(const RealClock&) = delete;

    Instant now() const override;
    WallTime wall_now() const override;

    bool has_timers() const { return !heap_.empty(); }
    // Only if has_timers().
    Instant next_deadline() const { return heap_.front().when; }
    // Fires the timers that are due now. One that is armed meanwhile waits for the next call.
    void fire_due();

private:
    struct Entry {
        Instant when;
        std::uint64_t sequence;
        Timer* timer;
        bool before(const Entry& other) const {
            return when != other.when ? when < other.when : sequence < other.sequence;
        }
    };
    void arm(Timer& timer, Instant when) override;
    void disarm(Timer& timer) override;
    void remove_at(std::size_t index);
    void place(std::size_t index, const Entry& entry);
    void sift_up(std::size_t index, Entry entry);
    void sift_down(std::size_t index, Entry entry);

    std::vector<Entry> heap_;
    std::uint64_t next_sequence_ = 0;
};

}  // namespace weir::real
