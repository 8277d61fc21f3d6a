// What a run ends with: its verdict, what it counted, and what a smaller case is made of.
#pragma once

#include "runtime/sim/check/oracle.h"
#include "runtime/sim/check/point_probe.h"
#include "runtime/sim/faults/fault_injector.h"
#include "sim-scenarios/case.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sim {

enum class Verdict : std::uint8_t { passed, safety, liveness, assertion };
std::string_view to_string(Verdict verdict);

struct RunReport {
    std::string scenario;
    std::uint64_t seed = 0;
    Verdict verdict = Verdict::passed;
    std::vector<Violation> violations;
    // False: it ended in the midst of its faults, and nothing had to happen in time.
    bool healed = true;
    std::uint64_t trace_hash = 0;
    std::vector<std::uint64_t> checkpoints;
    std::uint64_t events = 0;
    std::int64_t simulated_ns = 0;
    // Names, by HostId.
    std::vector<std::string> machines;
    FaultCounts faults{};
    NetCounters network;
    Oracle::Counts records;
    std::uint64_t frames = 0;
    std::uint64_t syncs = 0;
    std::uint64_t sectors_lost = 0;
    std::uint64_t entries_lost = 0;
    std::uint64_t disk_full_errors = 0;
    std::uint64_t topics_created = 0;
    std::uint64_t topics_deleted = 0;
    std::uint64_t topics_updated = 0;
    std::uint64_t modules_created = 0;
    PointCounts points{};
    SituationCounts situations{};
    // The most that an SC or SPU held; 0 in a program that does not count.
    std::uint64_t memory_bytes = 0;
    // When load and faults began; 0: the run did not come so far.
    std::int64_t load_begin_ns = 0;
    // What was planned and done, for whoever makes a smaller case of it.
    std::vector<Fault> fault_plan;
    std::vector<FaultHit> fault_hits;
    std::vector<OperationId> operations;
    // Of a case with a tape.
    std::optional<TapeFit> tape_fit;
    // Ended by RunOptions::events_max.
    bool broken_off = false;
};

}  // namespace weir::sim
