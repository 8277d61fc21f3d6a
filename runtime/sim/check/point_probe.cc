#include "runtime/sim/check/point_probe.h"

#include <fmt/core.h>

#include <algorithm>
#include <initializer_list>

namespace weir::sim {

namespace {

// Asked so often between two times, by the number drawn.
constexpr std::array<std::uint64_t, 4> kPeriods = {300, 100, 30, 5};
// Those that end a connection or put off what is due are asked so much more often.
constexpr std::uint64_t kHarshFactor = 10;

// From one time to the next; now and then the last one was the last.
std::uint64_t next_gap(Draws& draws, std::uint64_t period) {
    const std::uint64_t drawn = draws.below(64 * period);
    return drawn == 0 ? 0 : 1 + drawn % (2 * period);
}

bool is_harsh(FaultPoint point) {
    const std::initializer_list<FaultPoint> harsh = {
        FaultPoint::spu_produce_refused,      FaultPoint::spu_stream_refused,
        FaultPoint::spu_connection_ended,     FaultPoint::spu_link_dropped,
        FaultPoint::client_connect_given_up,  FaultPoint::client_reconnect,
        FaultPoint::client_session_restarted, FaultPoint::client_watch_restarted,
        FaultPoint::sc_session_dropped,       FaultPoint::sc_client_dropped,
    };
    return std::find(harsh.begin(), harsh.end(), point) != harsh.end();
}

}  // namespace

void PointProbe::start(World& world) {
    running_ = true;
    for (std::size_t i = 0; i < points_.size(); ++i) {
        Point& point = points_[i];
        Draws draws = world.draws(fmt::format("point {}", kFaultPointNames[i]));
        if (!draws.chance(1, 2)) {
            continue;
        }
        const std::uint64_t factor = is_harsh(static_cast<FaultPoint>(i)) ? kHarshFactor : 1;
        point.period = factor * kPeriods[static_cast<std::size_t>(draws.below(kPeriods.size()))];
        point.left = next_gap(draws, point.period);
        point.draws.emplace(draws);
    }
}

bool PointProbe::fault(HostId machine, FaultPoint which) {
    static_cast<void>(machine);
    Point& point = points_[static_cast<std::size_t>(which)];
    if (!running_ || point.left == 0) {
        return false;
    }
    if (--point.left > 0) {
        return false;
    }
    point.left = next_gap(*point.draws, point.period);
    ++fired_[static_cast<std::size_t>(which)];
    return true;
}

void PointProbe::reached(HostId machine, Sometimes situation) {
    static_cast<void>(machine);
    ++situations_[static_cast<std::size_t>(situation)];
}

}  // namespace weir::sim
