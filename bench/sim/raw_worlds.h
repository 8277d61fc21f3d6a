// The simulator with next to nothing in it: what an event costs.
#pragma once

#include <cstdint>
#include <functional>

namespace weir::bench {

struct RawRun {
    double events_per_s = 0;
    double allocations_per_event = 0;
};

inline constexpr int kSleepers = 1'000;
// 1,000 coroutines of one machine that sleep for up to a millisecond, again and again.
RawRun run_sleepers(std::uint64_t event_count);

// Two machines, and 100 connections between them on which a message of 100 bytes goes to and fro.
RawRun run_echoes(std::uint64_t event_count);

// Processor time, so that a shared machine does not count.
double cpu_seconds_of(const std::function<void()>& work);

}  // namespace weir::bench
