// The planted bugs that the stateful model must find, by name.
#pragma once

#include "core/base/mutant.h"

#include <array>
#include <cstdio>
#include <string_view>

namespace weir::replication::model {

struct PlantedBug {
    Mutant mutant;
    std::string_view name;
};

inline constexpr std::array kPlantedBugs = {
    PlantedBug{Mutant::no_truncation, "no_truncation"},
    PlantedBug{Mutant::truncate_to_hw, "truncate_to_hw"},
    PlantedBug{Mutant::elect_any_replica, "elect_any_replica"},
    PlantedBug{Mutant::hw_ignores_min_live, "hw_ignores_min_live"},
    PlantedBug{Mutant::expand_without_leso, "expand_without_leso"},
    PlantedBug{Mutant::expand_unchecked, "expand_unchecked"},
    PlantedBug{Mutant::counted_before_sync, "counted_before_sync"},
    PlantedBug{Mutant::shrink_before_stored, "shrink_before_stored"},
    PlantedBug{Mutant::elr_not_cleared, "elr_not_cleared"},
    PlantedBug{Mutant::unclean_stays_in_elr, "unclean_stays_in_elr"},
    PlantedBug{Mutant::quick_reboot_keeps_lead, "quick_reboot_keeps_lead"},
    PlantedBug{Mutant::last_known_without_all, "last_known_without_all"},
    PlantedBug{Mutant::acks_of_any_epoch, "acks_of_any_epoch"},
    PlantedBug{Mutant::alter_lrs_without_cas, "alter_lrs_without_cas"},
    PlantedBug{Mutant::added_boot_unchecked, "added_boot_unchecked"},
    PlantedBug{Mutant::appends_unfenced, "appends_unfenced"},
    PlantedBug{Mutant::ack_of_any_session, "ack_of_any_session"},
    PlantedBug{Mutant::session_outlives_uid, "session_outlives_uid"},
};

// False when there is none of that name, or this build has none.
inline bool plant([[maybe_unused]] std::string_view name) {
#ifdef WEIR_MUTANTS
    for (const PlantedBug& bug : kPlantedBugs) {
        if (bug.name == name) {
            select_mutant(bug.mutant);
            return true;
        }
    }
#endif
    return false;
}

// What a program does with its `--mutant NAME|all`: `run_all` with each bug in turn, or `run`, with
// that one if there is a name. Gives the exit status.
template <typename RunAll, typename Run>
int run_with(std::string_view mutant, RunAll run_all, Run run) {
    if (mutant == "all") {
        return run_all();
    }
    if (!mutant.empty() && !plant(mutant)) {
        std::fprintf(stderr, "this build has no such mutant\n");
        return 2;
    }
    return run();
}

}  // namespace weir::replication::model
