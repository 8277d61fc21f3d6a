// The cases whose every order is searched: what may happen in each, and up to how much of it.
#pragma once

#include "tests/prop/replication/model_search.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::replication::model {

struct Case {
    std::string_view name;
    Order order = Order::at_rest;
    Durability durability = Durability::fsync;
    // Bits of the counted kinds.
    std::uint32_t counted = 0;
    bool with_cuts = false;
    // In the test.
    std::uint32_t operations = 0;
};

template <typename... Kinds>
constexpr std::uint32_t bits(Kinds... kinds) {
    return (bit(kinds) | ...);
}

inline constexpr std::uint32_t kEveryKind = bit(StepKind::count) - bit(StepKind::produce);

// Three replicas each, with min_live 2.
inline constexpr std::array kCases = {
    Case{"restarts", Order::at_rest, Durability::fsync,
         bits(StepKind::produce, StepKind::kill, StepKind::start, StepKind::fence), false, 7},
    Case{"power", Order::at_rest, Durability::async,
         bits(StepKind::produce, StepKind::power_loss, StepKind::start, StepKind::fence), false, 8},
    Case{"cut-off", Order::at_rest, Durability::fsync,
         bits(StepKind::produce, StepKind::fence, StepKind::part, StepKind::join, StepKind::lag),
         false, 6},
    Case{"ways", Order::at_rest, Durability::fsync,
         bits(StepKind::produce, StepKind::fence, StepKind::move, StepKind::block, StepKind::open),
         false, 4},
    Case{"power-ways", Order::at_rest, Durability::async,
         bits(StepKind::produce, StepKind::power_loss, StepKind::start, StepKind::fence,
              StepKind::block, StepKind::open),
         false, 4},
    Case{"disks", Order::at_rest, Durability::fsync,
         bits(StepKind::produce, StepKind::replace, StepKind::damage, StepKind::block,
              StepKind::open, StepKind::lose),
         false, 4},
    Case{"every-kind", Order::at_rest, Durability::fsync, kEveryKind, false, 3},
    Case{"messages", Order::running, Durability::fsync,
         bits(StepKind::produce, StepKind::fence, StepKind::lag, StepKind::lose, StepKind::hold,
              StepKind::copy, StepKind::disconnect),
         false, 2},
    Case{"cuts", Order::running, Durability::fsync,
         bits(StepKind::produce, StepKind::kill, StepKind::start, StepKind::fence), true, 3},
    Case{"orders", Order::any, Durability::async, bits(StepKind::produce), false, 4},
    Case{"orders-fenced", Order::any, Durability::async, bits(StepKind::produce, StepKind::fence),
         false, 1},
};

}  // namespace weir::replication::model
