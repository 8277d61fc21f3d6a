// All orders of steps of a small cluster, up to a number of counted steps.
//
// Dijkstra's search: fewest counted steps first, then fewest steps, so that the first violation is
// the shortest. A state that was seen is not gone on from again (model_fingerprint.h). Only how a
// state was reached is kept; it is made again from that.
#pragma once

#include "tests/prop/replication/model_steps.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::replication::model {

// Where counted steps may happen, and what is free.
enum class Order : std::uint8_t {
    any,      // anywhere; all orders of the free steps
    running,  // between any two free steps, of which there is one order (StepWorld::come_to_rest)
    at_rest,  // when no free step is left but what is cut off
};

struct SearchBounds {
    StepWorld::Size size;
    Order order = Order::any;
    // Bits of the counted kinds that may happen.
    std::uint32_t counted = 0;
    // So many of them in all.
    std::uint32_t operations = 0;
    // Also a process may end between any two effects of a step, which counts as one more.
    bool with_cuts = false;
    std::size_t states_max = 0;
};

struct Counterexample {
    Violation violation;
    std::uint32_t operations = 0;
    // In words, from the cluster at rest.
    std::vector<std::string> steps;
    std::string picture;
};

struct SearchResult {
    std::uint64_t states = 0;
    std::uint64_t transitions = 0;
    std::uint32_t deepest = 0;
    // Records committed in one state, at most: a search in which nothing happens is seen by that.
    std::uint64_t committed_max = 0;
    // Nothing within the bounds was left out. False with a violation, too.
    bool is_complete = false;
    // Of every 256th time that a known state was reached on another way, the successors on both
    // ways are compared. Where they are unlike, the fingerprint lacks something.
    std::uint64_t twins_tried = 0;
    std::uint64_t twins_unlike = 0;
    std::optional<Counterexample> found;
};

SearchResult search(const SearchBounds& bounds);

}  // namespace weir::replication::model
