// The schedules of one small case, counted out: which there are, and in what order they are tried.
//
// A schedule says where a run deviates from the mildest one, in which every machine takes its ready
// coroutines first in, first out. A deviation is a choice of another coroutine, or, once, a power
// loss of one machine. Each schedule is the child of the one without its last deviation: its run is
// the same up to there. So a run tells which children its schedule has, each exists once, and
// those with n deviations are all known when those with n - 1 have run (iterative context bounding,
// after Musuvathi and Qadeer, 2007, with deviations instead of preemptions). Values; no IO.
#pragma once

#include "core/base/time.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir::app {

struct Deviation {
    // The run is that of the parent before this event.
    std::uint64_t event = 0;
    // Which of the choices of the run, from 0, and what is chosen there; or
    std::uint64_t choice = 0;
    std::uint64_t place = 0;
    // when the power is lost, after the begin of the load.
    std::optional<Duration> power_loss_at;
};

struct Schedule {
    std::vector<Deviation> deviations;  // by event

    // Events up to this one are settled.
    std::uint64_t last_event() const { return deviations.empty() ? 0 : deviations.back().event; }
    bool loses_power() const;
};

// What the run of a schedule showed of its children.
struct Branches {
    // Choices behind the last deviation: their number in the run, event and options.
    struct Point {
        std::uint64_t choice = 0;
        std::uint64_t event = 0;
        std::uint64_t options = 0;
    };
    std::vector<Point> choices;
    struct PowerLoss {
        std::uint64_t event = 0;
        Duration at;
    };
    std::vector<PowerLoss> power_losses;

    std::uint64_t child_count() const;
};

// All children of some schedules, one after the other.
class Children {
public:
    void add(Schedule parent, Branches branches);
    // Of all that were added.
    std::uint64_t count() const { return count_; }
    // Nothing when there are no more.
    std::optional<Schedule> next();

private:
    struct Parent {
        Schedule schedule;
        Branches branches;
    };
    std::vector<Parent> parents_;
    std::uint64_t count_ = 0;
    std::size_t parent_ = 0;
    std::size_t point_ = 0;
    std::uint64_t place_ = 1;
};

// The decisions of the scheduler in a run with this schedule; those behind its end are 0.
std::vector<std::uint64_t> choices_of(const Schedule& schedule);

}  // namespace weir::app
