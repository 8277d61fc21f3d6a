#include "core/control/leader_move.h"

#include "core/base/assert.h"
#include "core/control/fencing.h"
#include "core/control/live_sets.h"

namespace weir::control {

std::optional<PartitionRecord> move_leader(const PartitionRecord& record, SpuId to,
                                           const SpuStates& spus) {
    const bool may_lead = contains(record.lrs, to) && is_unfenced(spus, to) &&
                          !is_draining(spus, to) && to != record.leader;
    if (record.phase != PartitionPhase::online || !may_lead) {
        return std::nullopt;
    }
    PartitionRecord next = record;
    next.leader = to;
    next.leader_boot = boot_of(spus, to);
    next.leader_epoch = next_epoch(record.leader_epoch);
    next.version = next_version(record.version);
    next.phase = PartitionPhase::candidate_found;
    return next;
}

SpuId successor(const ElectionInput& input, const SpuSet& leaving) {
    SpuSet pool = difference(input.record.lrs, leaving);
    erase(pool, input.record.leader);
    return best_candidate(input, pool);
}

std::optional<PartitionRecord> move_to_preferred(const ElectionInput& input) {
    const PartitionRecord& record = input.record;
    if (record.replicas.empty()) {
        return std::nullopt;
    }
    const SpuId preferred = record.replicas.front().spu;
    if (contains(record.removing, preferred)) {
        return std::nullopt;
    }
    const std::optional<LogEnd> end = log_end(input, preferred);
    if (!end.has_value() || end != log_end(input, record.leader) ||
        best_candidate(input, {preferred}) != preferred) {
        return std::nullopt;
    }
    return move_leader(record, preferred, input.spus);
}

DrainStep drain_step(const ElectionInput& input, SpuId spu) {
    WEIR_ASSERT(spu != kNoSpu);
    const PartitionRecord& record = input.record;
    DrainStep result;
    result.record = record;
    if (record.leader != spu && !contains(record.lrs, spu)) {
        return result;
    }
    if (record.phase != PartitionPhase::online) {
        result.state = DrainState::unsettled;
        return result;
    }
    if (record.leader != spu) {
        if (record.lrs.size() <= record.min_live) {
            result.state = DrainState::too_few_live;
            return result;
        }
        result.state = DrainState::step;
        result.record = on_fence(record, spu);
        return result;
    }
    const auto moved = move_leader(record, successor(input, record.removing), input.spus);
    result.state = moved.has_value() ? DrainState::step : DrainState::no_successor;
    result.record = moved.value_or(record);
    return result;
}

}  // namespace weir::control
