// The story of a run: what a person needs to see why it failed, and nothing else.
//
// A value, made from a Recording by tell_story(), which is a pure function. Bounded: the last
// events before the first violation in full, what led to it as far back as it goes, all faults and
// what became of the machines.
#pragma once

#include "apps/weir-sim/explain/recording.h"
#include "sim-scenarios/runner.h"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::app {

enum class StoryKind : std::uint8_t {
    send,
    arrive,
    reset,
    disk,
    machine,
    fault,
    timer,
    told,  // a client was told something about a record
    operation,
    log,
    violation,
};
std::string_view to_string(StoryKind kind);

struct StoryEvent {
    std::uint64_t sequence = 0;
    std::int64_t time_ns = 0;
    StoryKind kind = StoryKind::disk;
    // Index into `lanes`.
    std::uint32_t lane = 0;
    std::string text;
    // Of a message: the number of its other end; 0: never arrived, or not shown.
    std::uint64_t partner = 0;
    // Belongs to the causal past of the first violation; `cause` is the event of it before this
    // one, 0: none.
    bool is_causal = false;
    std::uint64_t cause = 0;
};

struct StoryFault {
    std::string kind;
    std::string text;
    std::uint32_t lane = 0;
    std::int32_t peer_lane = -1;
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;
};

// One log of one machine.
struct StoryStrip {
    std::uint32_t lane = 0;
    std::string log;
    struct Point {
        std::int64_t time_ns = 0;
        std::int64_t log_start = 0;
        std::int64_t committed = 0;
        std::int64_t leo = 0;
        // -1: not known.
        std::int32_t epoch = -1;
        bool leads = false;
    };
    std::vector<Point> points;
    bool is_named_in_violation = false;
};

struct StoryLane {
    std::string name;
    // Times in which its process ran, from and to.
    std::vector<std::pair<std::int64_t, std::int64_t>> lives;
};

struct StoryWait {
    std::int64_t time_ns = 0;
    std::string text;
};

struct Story {
    std::string scenario;
    std::uint64_t seed = 0;
    std::string command;
    std::string verdict;
    std::uint64_t trace_hash = 0;
    std::uint64_t event_count = 0;
    std::int64_t end_ns = 0;
    std::vector<sim::Violation> violations;
    // The machines; the last is where the checks look from.
    std::vector<StoryLane> lanes;
    // Sorted by number.
    std::vector<StoryEvent> events;
    std::uint64_t events_left_out = 0;
    std::vector<StoryFault> faults;
    std::vector<StoryStrip> strips;
    std::vector<StoryWait> waiting;
};

struct StoryLimits {
    std::size_t events_max = 2'000;  // without those of disks
    std::size_t disk_events_max = 1'000;
    std::size_t chain_max = 60;
    std::size_t points_max = 6'000;
};

Story tell_story(const sim::Case& one, const sim::RunReport& report, const Recording& recording,
                 const StoryLimits& limits = {});

}  // namespace weir::app
