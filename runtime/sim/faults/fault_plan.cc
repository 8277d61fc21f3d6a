#include "runtime/sim/faults/fault_plan.h"

#include <algorithm>

namespace weir::sim {

namespace {

constexpr std::array<std::string_view, kFaultKindCount> kKindNames = {
    "crash",          "power_loss",
    "restart",        "block",
    "reset",          "disk_full",
    "slow_disk",      "wall_step",
    "pause",          "slow_cpu",
    "blackout",       "delay",
    "throttle",       "one_sided_reset",
    "half_open",      "connect_hang",
    "name_failure",   "partition",
    "clog",           "sync_error",
    "sync_lie",       "lost_sector",
    "bit_rot",        "misdirected_write",
    "hung_disk",      "wipe",
    "clock_drift",    "clock_freeze",
    "clock_leap",     "store_latency",
    "store_conflict", "store_restored",
    "store_foreign",  "second_sc"};
constexpr std::array<std::string_view, 4> kRoleNames = {"sc", "spu", "client", "rack"};

}  // namespace

std::string_view to_string(FaultKind kind) {
    return kKindNames[static_cast<std::size_t>(kind)];
}

std::optional<FaultKind> fault_kind_from(std::string_view name) {
    for (std::size_t i = 0; i < kKindNames.size(); ++i) {
        if (kKindNames[i] == name) {
            return static_cast<FaultKind>(i);
        }
    }
    return std::nullopt;
}

std::string fault_kind_names() {
    std::string names;
    for (const std::string_view name : kKindNames) {
        names += names.empty() ? "" : ", ";
        names += name;
    }
    return names;
}

bool over_budget(FaultKind kind) {
    return kind == FaultKind::sync_lie || kind == FaultKind::lost_sector ||
           kind == FaultKind::bit_rot || kind == FaultKind::misdirected_write ||
           kind == FaultKind::wipe;
}

bool of_store(FaultKind kind) {
    return kind == FaultKind::store_latency || kind == FaultKind::store_conflict ||
           kind == FaultKind::store_restored || kind == FaultKind::store_foreign ||
           kind == FaultKind::second_sc;
}

bool of_link(FaultKind kind) {
    return kind == FaultKind::block || kind == FaultKind::reset || kind == FaultKind::delay ||
           kind == FaultKind::throttle || kind == FaultKind::one_sided_reset ||
           kind == FaultKind::half_open || kind == FaultKind::connect_hang;
}

bool of_cluster(FaultKind kind) {
    return kind == FaultKind::blackout || kind == FaultKind::partition || kind == FaultKind::clog;
}

std::string_view to_string(Role role) {
    return kRoleNames[static_cast<std::size_t>(role)];
}

std::optional<Role> role_from(std::string_view name) {
    for (std::size_t i = 0; i < kRoleNames.size(); ++i) {
        if (kRoleNames[i] == name) {
            return static_cast<Role>(i);
        }
    }
    return std::nullopt;
}

std::vector<Fault> draw_faults(const std::vector<FaultSpec>& specs, Duration duration, Prng prng,
                               bool swarm) {
    std::array<bool, kFaultKindCount> off{};
    if (swarm) {
        for (bool& kind : off) {
            kind = prng.chance(1, 2);
        }
    }
    std::vector<Fault> faults;
    for (const FaultSpec& spec : specs) {
        const std::uint64_t count = draw(spec.count, prng);
        for (std::uint64_t i = 0; i < count; ++i) {
            Fault fault;
            fault.kind = spec.kind;
            fault.target = spec.target;
            fault.peer = spec.peer;
            fault.at = Duration::from_ns(prng.between(0, duration.ns() - 1));
            fault.target_index = static_cast<std::uint32_t>(prng.below(1'000));
            fault.peer_index = static_cast<std::uint32_t>(prng.below(1'000));
            fault.lasts = draw(spec.lasts, prng);
            const std::uint64_t loss = prng.below(4);
            fault.loss = spec.loss.value_or(static_cast<LossMode>(loss));
            fault.argument = prng.next();
            // Drawn all the same, so that the others do not depend on it.
            if (!off[static_cast<std::size_t>(spec.kind)]) {
                faults.push_back(fault);
            }
        }
    }
    // The draw of the argument breaks ties: no two are equal.
    std::sort(faults.begin(), faults.end(), [](const Fault& a, const Fault& b) {
        return a.at != b.at ? a.at < b.at : a.argument < b.argument;
    });
    return faults;
}

}  // namespace weir::sim
