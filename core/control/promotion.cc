#include "core/control/promotion.h"

#include "core/base/mutant.h"
#include "core/control/live_sets.h"

#include <algorithm>

namespace weir::control {

namespace {

constexpr Duration kBackoffFirst = Duration::from_ms(100);
constexpr Duration kBackoffMax = Duration::from_s(5);
// 100 ms doubled this often is more than the maximum.
constexpr std::uint32_t kDoublingsMax = 6;
static_assert(kBackoffFirst * (std::int64_t{1} << kDoublingsMax) >= kBackoffMax);

bool is_current(const PartitionRecord& record, const CandidateId& candidate) {
    return record.leader != kNoSpu && candidate.spu == record.leader &&
           candidate.boot == record.leader_boot && candidate.epoch == record.leader_epoch;
}

PromotionStep nothing(const PartitionRecord& record, const ElectionRound& round) {
    PromotionStep step;
    step.record = record;
    step.round = round;
    return step;
}

}  // namespace

PromotionStep on_promoted(const PartitionRecord& record, const ElectionRound& round,
                          const CandidateId& candidate) {
    PromotionStep step = nothing(record, round);
    if (!is_current(record, candidate)) {
        return step;
    }
    step.round = ElectionRound();
    step.round.promoted_epoch = record.leader_epoch;
    const bool enough = record.lrs.size() >= record.min_live;
    const bool still_recovering = record.phase == PartitionPhase::recovering && !enough;
    if (!still_recovering && record.phase != PartitionPhase::online) {
        step.record.phase = PartitionPhase::online;
        step.record.version = next_version(record.version);
    }
    return step;
}

PromotionStep on_promotion_failed(const PartitionRecord& record, const ElectionRound& round,
                                  const CandidateId& candidate) {
    PromotionStep step = nothing(record, round);
    const bool leads_already =
        record.phase == PartitionPhase::online || round.promoted_epoch == record.leader_epoch;
    const bool is_late = !is_current(record, candidate) || leads_already;
    if (is_late && !(mutant(Mutant::late_failure_hits_leader) && record.leader != kNoSpu)) {
        return step;
    }
    insert(step.round.tried, record.leader);
    step.round.failed_promotion_count = round.failed_promotion_count + 1;
    step.elect_again = true;
    return step;
}

ElectionRound start_over(const ElectionRound& round) {
    ElectionRound next = round;
    next.tried.clear();
    return next;
}

Duration election_backoff(std::uint32_t failed_promotion_count) {
    if (failed_promotion_count == 0) {
        return Duration();
    }
    const std::uint32_t doublings = std::min(failed_promotion_count - 1, kDoublingsMax);
    return std::min(kBackoffFirst * (std::int64_t{1} << doublings), kBackoffMax);
}

}  // namespace weir::control
