#include "sim-scenarios/scenario_words.h"

#include "core/model/setting_words.h"

#include <array>
#include <charconv>

namespace weir::sim {

std::optional<Durability> durability_from(std::string_view name) {
    return value_of(name, kDurabilityWords);
}

std::optional<UncleanPolicy> policy_from(std::string_view name) {
    if (name == "never") {
        return UncleanPolicy::never;
    }
    if (name == "balanced") {
        return UncleanPolicy::balanced;
    }
    return std::nullopt;
}

std::optional<std::uint32_t> machine_from(std::string_view name) {
    constexpr std::array<std::string_view, 3> kParts = {"leader", "follower", "other"};
    for (std::uint32_t i = 0; i < kParts.size(); ++i) {
        if (kParts[i] == name) {
            return kLeaderIndex + i;
        }
    }
    std::uint32_t number = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    const bool is_number = parsed.ec == std::errc() && parsed.ptr == name.data() + name.size();
    return is_number && number < 1'000 ? std::optional(number) : std::nullopt;
}

std::optional<LossMode> loss_from(std::string_view name) {
    if (name == "all") {
        return LossMode::all;
    }
    if (name == "none") {
        return LossMode::none;
    }
    if (name == "prefix") {
        return LossMode::prefix;
    }
    if (name == "sectors") {
        return LossMode::sectors;
    }
    return std::nullopt;
}

std::optional<ChooserPlan> chooser_from(std::string_view name) {
    constexpr std::array<std::string_view, kChooserCount> kNames = {"fifo", "random", "priority",
                                                                    "delay", "machine"};
    ChooserPlan plan;
    if (name == "any") {
        plan.any = true;
        return plan;
    }
    for (std::size_t i = 0; i < kNames.size(); ++i) {
        if (kNames[i] == name) {
            plan.chooser = static_cast<Chooser>(i);
            return plan;
        }
    }
    return std::nullopt;
}

bool is_one_of(std::string_view name, std::string_view role, std::uint32_t count) {
    if (!name.starts_with(role)) {
        return false;
    }
    name.remove_prefix(role.size());
    if (name.empty()) {
        return true;
    }
    std::uint32_t number = 0;
    name.remove_prefix(1);
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), number);
    return parsed.ec == std::errc() && parsed.ptr == name.data() + name.size() && number < count;
}

std::optional<HealMode> heal_from(std::string_view name) {
    if (name == "always") {
        return HealMode::always;
    }
    if (name == "never") {
        return HealMode::never;
    }
    if (name == "any") {
        return HealMode::any;
    }
    return std::nullopt;
}

}  // namespace weir::sim
