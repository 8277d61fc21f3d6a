#include "core/control/record_check.h"

#include "core/base/assert.h"
#include "core/control/live_sets.h"

#include <algorithm>
#include <limits>

namespace weir::control {

namespace {

bool assignment_is_good(const PartitionRecord& record) {
    SpuSet seen;
    for (const auto* places : {&record.replicas, &record.adding}) {
        for (const AssignedReplica& replica : *places) {
            if (replica.spu == kNoSpu || replica.uid.is_none() || contains(seen, replica.spu)) {
                return false;
            }
            insert(seen, replica.spu);
        }
    }
    return !record.replicas.empty() &&
           std::all_of(record.removing.begin(), record.removing.end(), [&](SpuId spu) {
               return std::any_of(record.replicas.begin(), record.replicas.end(),
                                  [&](const AssignedReplica& one) { return one.spu == spu; });
           });
}

bool sets_are_ordered(const PartitionRecord& record) {
    return is_ascending(record.lrs) && is_ascending(record.elr) &&
           is_ascending(record.last_known) && is_ascending(record.removing);
}

bool members_are_assigned(const PartitionRecord& record) {
    const auto assigned = [&](SpuId spu) { return assigned_uid(record, spu).has_value(); };
    return std::all_of(record.lrs.begin(), record.lrs.end(), assigned) &&
           std::all_of(record.elr.begin(), record.elr.end(), assigned) &&
           std::all_of(record.last_known.begin(), record.last_known.end(), assigned);
}

bool sets_are_disjoint(const PartitionRecord& record) {
    const auto in = [](const SpuSet& set) {
        return [&set](SpuId spu) { return contains(set, spu); };
    };
    return std::none_of(record.lrs.begin(), record.lrs.end(), in(record.elr)) &&
           std::none_of(record.lrs.begin(), record.lrs.end(), in(record.last_known)) &&
           std::none_of(record.elr.begin(), record.elr.end(), in(record.last_known));
}

bool phase_fits(const PartitionRecord& record) {
    const bool led = record.leader != kNoSpu;
    switch (record.phase) {
        case PartitionPhase::online:
        case PartitionPhase::candidate_found: return led;
        case PartitionPhase::election:
        case PartitionPhase::offline: return !led;
        case PartitionPhase::recovering: return true;
    }
    return false;
}

bool counters_are_good(const PartitionRecord& record) {
    const bool led = record.leader != kNoSpu;
    return record.leader_epoch >= kNoEpoch && (!led || record.leader_epoch > kNoEpoch) &&
           next_epoch(record.leader_epoch) > record.leader_epoch &&
           next_version(record.version) > record.version;
}

}  // namespace

std::string_view to_string(RecordFault fault) {
    switch (fault) {
        case RecordFault::bad_assignment: return "bad-assignment";
        case RecordFault::unordered_set: return "unordered-set";
        case RecordFault::member_not_assigned: return "member-not-assigned";
        case RecordFault::sets_overlap: return "sets-overlap";
        case RecordFault::outsiders_kept: return "outsiders-kept";
        case RecordFault::leader_outside_lrs: return "leader-outside-lrs";
        case RecordFault::leader_boot_mismatch: return "leader-boot-mismatch";
        case RecordFault::phase_mismatch: return "phase-mismatch";
        case RecordFault::min_live_zero: return "min-live-zero";
        case RecordFault::bad_counter: return "bad-counter";
    }
    WEIR_ASSERT(false);
}

std::vector<RecordFault> check_record(const PartitionRecord& record) {
    std::vector<RecordFault> faults;
    const auto require = [&](bool good, RecordFault fault) {
        if (!good) {
            faults.push_back(fault);
        }
    };
    const bool led = record.leader != kNoSpu;
    const bool enough = record.lrs.size() >= record.min_live;
    require(assignment_is_good(record), RecordFault::bad_assignment);
    require(sets_are_ordered(record), RecordFault::unordered_set);
    require(members_are_assigned(record), RecordFault::member_not_assigned);
    require(sets_are_disjoint(record), RecordFault::sets_overlap);
    require(!enough || (record.elr.empty() && record.last_known.empty()),
            RecordFault::outsiders_kept);
    require(!led || contains(record.lrs, record.leader), RecordFault::leader_outside_lrs);
    require(led == (record.leader_boot != kNoBoot), RecordFault::leader_boot_mismatch);
    require(phase_fits(record), RecordFault::phase_mismatch);
    require(record.min_live > 0, RecordFault::min_live_zero);
    require(counters_are_good(record), RecordFault::bad_counter);
    return faults;
}

}  // namespace weir::control
