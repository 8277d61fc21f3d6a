// Fencing, registration, promotion, reassignment and moves of the lead: each keeps I12 to I15 of
// replication.md 8.

#include "core/control/fencing.h"
#include "core/control/leader_move.h"
#include "core/control/live_sets.h"
#include "core/control/promotion.h"
#include "core/control/reassignment.h"
#include "core/control/record_check.h"
#include "core/control/registration.h"
#include "tests/support/control_worlds.h"
#include "tests/support/property.h"

#include <fmt/core.h>

namespace weir::control {

namespace {

using test::holds;

std::string fail(const char* what, const PartitionRecord& before, const PartitionRecord& after) {
    return fmt::format("{}\n  before {}\n  after  {}", what, test::to_text(before),
                       test::to_text(after));
}

SpuId random_spu(Prng& prng) {
    return SpuId(static_cast<std::int32_t>(prng.between(1, 9)));
}

bool is_in_a_set(const PartitionRecord& record, SpuId spu) {
    return contains(record.lrs, spu) || contains(record.elr, spu) ||
           contains(record.last_known, spu);
}

std::string fence_keeps_the_record_good(std::uint64_t seed) {
    Prng prng(seed);
    const PartitionRecord record = test::random_record(prng);
    const SpuId spu = random_spu(prng);
    const PartitionRecord after = on_fence(record, spu);
    if (std::string broken = test::broken_by(record, after); !broken.empty()) {
        return broken;
    }
    if (contains(after.lrs, spu) || after.leader == spu) {
        return fail("I14", record, after);
    }
    const bool few = after.lrs.size() < after.min_live;
    if (contains(record.lrs, spu) && contains(after.elr, spu) != few) {
        return fail("its place", record, after);
    }
    return on_fence(after, spu) == after ? "" : fail("not idempotent", record, after);
}

// Nobody else has all that is committed.
bool may_be_only_copy(const PartitionRecord& record, SpuId spu) {
    return difference(record.lrs, {spu}).empty() && difference(record.elr, {spu}).empty();
}

std::string register_keeps_the_record_good(std::uint64_t seed) {
    Prng prng(seed);
    const PartitionRecord record = test::random_record(prng);
    const SpuId spu = random_spu(prng);
    const ReturnKind kind = static_cast<ReturnKind>(prng.below(4));
    const PartitionRecord after = on_register(record, spu, kind, test::uid_of(spu, 2));
    if (std::string broken = test::broken_by(record, after); !broken.empty()) {
        return broken;
    }
    if (contains(after.lrs, spu) || after.leader == spu) {
        return fail("I14: the old boot", record, after);
    }
    switch (kind) {
        case ReturnKind::complete: return after == on_fence(record, spu) ? "" : "complete";
        case ReturnKind::unproven:
            return contains(after.elr, spu) ? fail("I14: unproven in ELR", record, after) : "";
        case ReturnKind::damaged:
            if (may_be_only_copy(record, spu)) {
                const bool is_kept = contains(after.last_known, spu) == is_in_a_set(record, spu) &&
                                     assigned_uid(after, spu) == assigned_uid(record, spu);
                return is_kept ? "" : fail("an only copy lost its place", record, after);
            }
            [[fallthrough]];
        case ReturnKind::lost:
            if (assigned_uid(record, spu).has_value() &&
                assigned_uid(after, spu) != test::uid_of(spu, 2)) {
                return fail("kept its identity", record, after);
            }
            return is_in_a_set(after, spu) ? fail("kept in a set", record, after) : "";
    }
    return "";
}

std::string registering_twice_gains_nothing(std::uint64_t seed) {
    Prng prng(seed);
    const PartitionRecord record = test::random_record(prng);
    const SpuId spu = random_spu(prng);
    const ReturnKind first_kind = static_cast<ReturnKind>(prng.below(4));
    const ReturnKind second_kind = static_cast<ReturnKind>(prng.below(4));
    const PartitionRecord first = on_register(record, spu, first_kind, test::uid_of(spu, 2));
    const PartitionRecord second = on_register(first, spu, second_kind, test::uid_of(spu, 3));
    const auto eligible = [](const PartitionRecord& of) {
        SpuSet all = of.lrs;
        for (const SpuId member : of.elr) {
            insert(all, member);
        }
        return all;
    };
    const bool gained = !difference(eligible(first), eligible(record)).empty() ||
                        !difference(eligible(second), eligible(first)).empty();
    return gained ? fail("gained a member", record, second) : "";
}

std::string late_answers_change_nothing(std::uint64_t seed) {
    Prng prng(seed);
    const PartitionRecord record = test::random_record(prng);
    CandidateId candidate;
    candidate.spu = prng.chance(1, 2) ? record.leader : random_spu(prng);
    candidate.boot = BootEpoch(record.leader_boot.value() - prng.below(2));
    candidate.epoch =
        LeaderEpoch(record.leader_epoch.value() - static_cast<std::int32_t>(prng.below(2)));
    ElectionRound round;
    round.failed_promotion_count = static_cast<std::uint32_t>(prng.below(4));
    const bool current = record.leader != kNoSpu && candidate.spu == record.leader &&
                         candidate.boot == record.leader_boot &&
                         candidate.epoch == record.leader_epoch;
    const PromotionStep failed = on_promotion_failed(record, round, candidate);
    const PromotionStep promoted = on_promoted(record, round, candidate);
    if (std::string broken = test::broken_by(record, promoted.record); !broken.empty()) {
        return broken;
    }
    if (failed.record != record) {
        return fail("a failure changed the record", record, failed.record);
    }
    const bool leads_already = record.phase == PartitionPhase::online;
    if ((!current || leads_already) && (failed.elect_again || failed.round != round)) {
        return fail("a late failure counts", record, failed.record);
    }
    if (!current && (promoted.record != record || promoted.round != round)) {
        return fail("a late promotion counts", record, promoted.record);
    }
    if (current) {
        const PromotionStep after = on_promotion_failed(promoted.record, promoted.round, candidate);
        const PromotionStep again = on_promoted(promoted.record, promoted.round, candidate);
        if (after.elect_again || again.record != promoted.record) {
            return fail("it leads already", record, promoted.record);
        }
    }
    return "";
}

std::string completion_keeps_the_record_good(std::uint64_t seed) {
    Prng prng(seed);
    const PartitionRecord record = test::random_record(prng);
    const auto after = complete_reassignment(record);
    if (after.has_value() != (reassignment_state(record) == ReassignmentState::ready)) {
        return "state and completion differ " + test::to_text(record);
    }
    if (!after.has_value()) {
        return "";
    }
    if (std::string broken = test::broken_by(record, *after); !broken.empty()) {
        return broken;
    }
    const bool few = after->lrs.size() < after->min_live;
    const bool same_epoch = after->leader_epoch == record.leader_epoch;
    if (few || same_epoch || !after->adding.empty() || !after->removing.empty()) {
        return fail("completion", record, *after);
    }
    for (const SpuId spu : record.removing) {
        if (assigned_uid(*after, spu).has_value() || is_in_a_set(*after, spu)) {
            return fail("a removed one is left", record, *after);
        }
    }
    return "";
}

std::string moves_stay_in_the_lrs(std::uint64_t seed) {
    Prng prng(seed);
    const ElectionInput input = test::random_election(prng);
    const SpuId to = random_spu(prng);
    for (const auto& moved :
         {move_leader(input.record, to, input.spus), move_to_preferred(input)}) {
        if (!moved.has_value()) {
            continue;
        }
        if (std::string broken = test::broken_by(input.record, *moved); !broken.empty()) {
            return broken;
        }
        const bool may_lead =
            is_unfenced(input.spus, moved->leader) && !is_draining(input.spus, moved->leader);
        if (moved->lrs != input.record.lrs || !may_lead ||
            input.record.phase != PartitionPhase::online) {
            return fail("move", input.record, *moved);
        }
    }
    const SpuId draining = random_spu(prng);
    const DrainStep drained = drain_step(input, draining);
    if ((drained.state == DrainState::step) == (drained.record == input.record)) {
        return fail("drain", input.record, drained.record);
    }
    return test::broken_by(input.record, drained.record);
}

}  // namespace

RC_GTEST_PROP(RecordChange, fence_keeps_the_record_good, (std::uint64_t seed)) {
    holds(fence_keeps_the_record_good, seed);
}
RC_GTEST_PROP(RecordChange, register_keeps_the_record_good, (std::uint64_t seed)) {
    holds(register_keeps_the_record_good, seed);
}
RC_GTEST_PROP(RecordChange, registering_twice_gains_nothing, (std::uint64_t seed)) {
    holds(registering_twice_gains_nothing, seed);
}
RC_GTEST_PROP(RecordChange, late_answers_change_nothing, (std::uint64_t seed)) {
    holds(late_answers_change_nothing, seed);
}
RC_GTEST_PROP(RecordChange, completion_keeps_the_record_good, (std::uint64_t seed)) {
    holds(completion_keeps_the_record_good, seed);
}
RC_GTEST_PROP(RecordChange, moves_stay_in_the_lrs, (std::uint64_t seed)) {
    holds(moves_stay_in_the_lrs, seed);
}
// Otherwise the property of completion could hold for want of cases.
TEST(RecordChange, RandomRecordsCanBeComplete) {
    int ready = 0;
    for (std::uint64_t seed = 0; seed < 1000; ++seed) {
        Prng prng(seed);
        ready += reassignment_state(test::random_record(prng)) == ReassignmentState::ready ? 1 : 0;
    }
    EXPECT_GE(ready, 10);
}

#ifdef WEIR_MUTANTS
TEST(RecordChange, FindsThePlantedBugs) {
    test::expect_found({
        {Mutant::unclean_stays_in_elr, register_keeps_the_record_good},
        {Mutant::quick_reboot_keeps_lead, register_keeps_the_record_good},
        {Mutant::late_failure_hits_leader, late_answers_change_nothing},
    });
}
#endif

}  // namespace weir::control
