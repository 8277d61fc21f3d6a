// The words that stand for values in scenario files; nothing for a word that is none of them.
//
// Pure functions of the parser.
#pragma once

#include "sim-scenarios/scenario.h"

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::sim {

std::optional<Durability> durability_from(std::string_view name);
std::optional<UncleanPolicy> policy_from(std::string_view name);
// "leader", "follower" (the SPU behind it), "other" (the next one); else the number of a machine.
std::optional<std::uint32_t> machine_from(std::string_view name);
std::optional<LossMode> loss_from(std::string_view name);
std::optional<ChooserPlan> chooser_from(std::string_view name);
std::optional<HealMode> heal_from(std::string_view name);
// A role, or one of its machines: "spu", or "spu-0" up to `count` of them.
bool is_one_of(std::string_view name, std::string_view role, std::uint32_t count);

}  // namespace weir::sim
