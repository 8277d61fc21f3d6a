#include "apps/weir-sim/trace_difference.h"

#include <fmt/core.h>

#include <algorithm>
#include <string_view>

namespace weir::app {

namespace {

std::string_view to_string(sim::EventKind kind) {
    switch (kind) {
        case sim::EventKind::resume: return "a coroutine goes on";
        case sim::EventKind::timer: return "a timer is due";
        case sim::EventKind::net_send: return "bytes are sent";
        case sim::EventKind::net_deliver: return "bytes arrive";
        case sim::EventKind::net_connect: return "a connect";
        case sim::EventKind::net_reset: return "a reset";
        case sim::EventKind::disk_done: return "the disk is done";
        case sim::EventKind::machine: return "a step of the process";
        case sim::EventKind::fault: return "a fault";
        case sim::EventKind::oracle: return "a word of the checks";
        case sim::EventKind::harness: return "a step of the run";
    }
    return "unknown";
}

bool same(const sim::TraceEvent& one, const sim::TraceEvent& other) {
    return one.kind == other.kind && one.node == other.node && one.time_ns == other.time_ns &&
           one.a == other.a && one.b == other.b;
}

// Event `index`, which may be behind the last.
std::string event_text(const TracedRun& run, std::size_t index) {
    if (index >= run.events.size()) {
        return "the end of the run";
    }
    const sim::TraceEvent& event = run.events[index];
    const std::string_view machine = event.node < run.report.machines.size()
                                         ? run.report.machines[event.node]
                                         : std::string_view("all");
    return fmt::format("{} ({}, {:.9f} s, {:x}, {:x})", to_string(event.kind), machine,
                       static_cast<double>(event.time_ns) / 1e9, event.a, event.b);
}

}  // namespace

std::string first_difference(const std::vector<std::uint64_t>& expected,
                             const std::vector<std::uint64_t>& seen) {
    const auto [one, other] =
        std::mismatch(expected.begin(), expected.end(), seen.begin(), seen.end());
    if (one == expected.end() || other == seen.end()) {
        return {};
    }
    const auto window = static_cast<std::uint64_t>(one - expected.begin());
    return fmt::format("the traces part between events {} and {}",
                       window * sim::Trace::kCheckpointEvents,
                       (window + 1) * sim::Trace::kCheckpointEvents);
}

std::string first_different_event(const TracedRun& expected, const TracedRun& seen) {
    const auto [one, other] = std::mismatch(expected.events.begin(), expected.events.end(),
                                            seen.events.begin(), seen.events.end(), same);
    if (one == expected.events.end() && other == seen.events.end()) {
        return {};
    }
    const auto index = static_cast<std::size_t>(one - expected.events.begin());
    return fmt::format("the traces part at event {}: {} instead of {}", index + 1,
                       event_text(seen, index), event_text(expected, index));
}

}  // namespace weir::app
