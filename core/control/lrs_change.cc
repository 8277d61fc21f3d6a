#include "core/control/lrs_change.h"

#include "core/base/mutant.h"
#include "core/control/live_sets.h"

#include <algorithm>
#include <utility>

namespace weir::control {

namespace {

bool is_eligible(const PartitionRecord& record, const AddedMember& added, const SpuStates& spus) {
    const bool same_boot =
        boot_of(spus, added.spu) == added.boot || mutant(Mutant::added_boot_unchecked);
    return assigned_uid(record, added.spu) == added.uid && is_unfenced(spus, added.spu) &&
           !is_draining(spus, added.spu) && same_boot;
}

// Whether the set is one, and each member that is new is described and may come.
bool set_is_eligible(const PartitionRecord& record, const AlterLrs& request,
                     const SpuStates& spus) {
    if (!is_ascending(request.lrs) || !contains(request.lrs, record.leader)) {
        return false;
    }
    const SpuSet come = difference(request.lrs, record.lrs);
    return std::all_of(come.begin(), come.end(), [&](SpuId spu) {
        const auto described =
            std::find_if(request.added.begin(), request.added.end(),
                         [spu](const AddedMember& added) { return added.spu == spu; });
        return described != request.added.end() && is_eligible(record, *described, spus);
    });
}

}  // namespace

AlterLrsResult apply_alter_lrs(const PartitionRecord& record, const AlterLrs& request,
                               const SpuStates& spus) {
    AlterLrsResult result;
    result.record = record;
    if (record.leader == kNoSpu || request.leader != record.leader ||
        request.boot != record.leader_boot || request.epoch != record.leader_epoch) {
        result.verdict = AlterLrsVerdict::not_leader;
        return result;
    }
    if (request.version != record.version && !mutant(Mutant::alter_lrs_without_cas)) {
        result.verdict = AlterLrsVerdict::stale;
        return result;
    }
    if (mutant(Mutant::change_taken_for_old)) {
        result.verdict = AlterLrsVerdict::stale;
        return result;
    }
    PartitionRecord& next = result.record;
    next.version = next_version(record.version);
    if (!set_is_eligible(record, request, spus)) {
        result.verdict = AlterLrsVerdict::ineligible;
        return result;
    }
    const SpuSet come = difference(request.lrs, record.lrs);
    const SpuSet gone = difference(record.lrs, request.lrs);
    for (const SpuId spu : come) {
        join_lrs(next, spu);
    }
    leave_lrs(next, gone);
    forget_outsiders_if_enough(next);
    if (next.phase == PartitionPhase::recovering && next.lrs.size() >= next.min_live) {
        next.phase = PartitionPhase::online;
    }
    result.verdict = AlterLrsVerdict::accepted;
    return result;
}

}  // namespace weir::control
