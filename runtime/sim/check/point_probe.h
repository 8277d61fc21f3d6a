// The fault points of a run: which of them fire, and how often; and what a run came to.
//
// For each seed half of the points are on, each with a rate of its own. When a point fires next is
// decided each time it has fired, so that a point costs a tape few decisions; 0 means never again.
// One per run; the World's probe. Quiet until `start`, and again after `stop`.
#pragma once

#include "runtime/sim/cluster/world.h"

#include <array>
#include <cstdint>
#include <optional>

namespace weir::sim {

using PointCounts = std::array<std::uint64_t, kFaultPointNames.size()>;
using SituationCounts = std::array<std::uint64_t, kSometimesNames.size()>;

class PointProbe final : public WorldProbe {
public:
    // Draws from streams of the world called "point NAME".
    void start(World& world);
    void stop() { running_ = false; }

    bool fault(HostId machine, FaultPoint point) override;
    void reached(HostId machine, Sometimes situation) override;
    void log_moved(HostId, const LogPosition&) override {}
    void tell(HostId, const Fact&) override {}

    // Times that each point fired, and that each situation came about.
    const PointCounts& fired() const { return fired_; }
    const SituationCounts& situations() const { return situations_; }

private:
    struct Point {
        // Nothing: never in this run.
        std::optional<Draws> draws;
        std::uint64_t period = 0;
        // Until it fires; 0: never again.
        std::uint64_t left = 0;
    };

    bool running_ = false;
    std::array<Point, kFaultPointNames.size()> points_;
    PointCounts fired_{};
    SituationCounts situations_{};
};

}  // namespace weir::sim
