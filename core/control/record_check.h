// Whether a partition's record is one that the rules can have produced (replication.md 8, I13).
//
// Pure; any executor. The record comes from a store, so a violation is a value for the caller to
// report and not an assertion: elections refuse such a record (E9).
#pragma once

#include "core/model/partition_record.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::control {

enum class RecordFault : std::uint8_t {
    // No replica, one SPU twice, one that is removed but not there or added but there already, or
    // a replica without an identity.
    bad_assignment,
    // A set that is not ascending and without duplicates.
    unordered_set,
    // A member of LRS, ELR or last_known that is not assigned.
    member_not_assigned,
    // One SPU in two of the sets.
    sets_overlap,
    // min_live members in the LRS, and ELR or last_known not empty.
    outsiders_kept,
    leader_outside_lrs,
    // A leader without a boot or a boot without a leader.
    leader_boot_mismatch,
    // A phase with a leader and no leader, or the reverse. `recovering` outlives its leader.
    phase_mismatch,
    min_live_zero,
    // A leader without an epoch, an epoch below "none", or the last number there is.
    bad_counter,
};

// Stable lower-case name, for alarms and tests.
std::string_view to_string(RecordFault fault);

// Each fault once, in the order of the enumeration; empty for a good record.
std::vector<RecordFault> check_record(const PartitionRecord& record);

}  // namespace weir::control
