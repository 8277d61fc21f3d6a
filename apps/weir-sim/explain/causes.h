// From an event back to what brought it about.
//
// The scheduler notes for every event in which step it was asked for. Where that is only the alarm
// of a delivery, the send that belongs to it is found by the order of the bytes. Pure functions of
// a recording, which outlives this.
#pragma once

#include "apps/weir-sim/explain/recording.h"

#include <cstdint>
#include <map>
#include <vector>

namespace weir::app {

// The event is the alarm that begins a step, and not what happened in it.
bool is_alarm(const sim::TraceEvent& event);
// One that a reader of a story wants to see in any case; false: only a step on the way.
bool is_telling(const sim::TraceEvent& event);

class Causes {
public:
    explicit Causes(const Recording& recording);

    // Null for numbers that are not there (any more).
    const sim::TraceEvent* find(std::uint64_t sequence) const;
    // 0: the beginning, or forgotten.
    std::uint64_t cause_of(const sim::TraceEvent& event) const;
    // The send of a delivery and the delivery of a send; 0: none.
    std::uint64_t partner(std::uint64_t sequence) const;
    // A send's bytes; null for anything else.
    const SentBytes* bytes_of(std::uint64_t sequence) const;

    // `from` and the telling events before it, the newest first, until an operation of a client
    // begins or `count_max` are found. Of long work on a disk only the end is told.
    std::vector<std::uint64_t> chain(std::uint64_t from, std::size_t count_max) const;

private:
    void pair_deliveries();

    const Recording& recording_;
    std::map<std::uint64_t, std::uint64_t> partners_;
    std::map<std::uint64_t, std::size_t> sent_;
};

}  // namespace weir::app
