// Fencing, registration, promotion, reassignment and moves of the lead: each keeps I12 to I15 of
// replication.md 8, alone and in long random histories.

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

#include <iostream>
#include <map>
#include <set>
#include <utility>

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
        case ReturnKind::lost:
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

// A cluster of five SPUs and one partition under a random history of everything that changes its
// record. After each change: I12, I13, I15, and I14 in the form that no member of the LRS is fenced
// or has another boot than when it entered.
class History {
public:
    explicit History(Prng& prng) : prng_(prng), record_(test::online_record({1, 2, 3})) {
        record_.unclean_policy = static_cast<UncleanPolicy>(prng.below(3));
        record_.min_live = static_cast<std::uint32_t>(1 + prng.below(3));
        spus_ = test::unfenced({1, 2, 3, 4, 5});
        next_boot_ = 200;
        note_members();
    }

    std::string step() {
        const PartitionRecord before = record_;
        act();
        if (std::string broken = test::broken_by(before, record_); !broken.empty()) {
            return fmt::format("action {}: {}", action_, broken);
        }
        for (const auto& [spu, boot] : members_) {
            if (contains(record_.lrs, spu) && contains(before.lrs, spu) &&
                boot != boot_of(spus_, spu)) {
                return fail("I14: a member of another boot", before, record_);
            }
        }
        note_members();
        for (const SpuId spu : record_.lrs) {
            if (!is_unfenced(spus_, spu)) {
                return fail("I14: a fenced member", before, record_);
            }
        }
        changes_[action_] += record_ == before ? 0 : 1;
        return "";
    }

    const std::map<std::uint64_t, int>& changes() const { return changes_; }

private:
    void act() {
        action_ = prng_.below(16);
        const SpuId spu(static_cast<std::int32_t>(prng_.between(1, 5)));
        switch (action_) {
            case 0:
                spus_[spu].fenced = true;
                record_ = on_fence(record_, spu);
                break;
            case 1: reboot(spu); break;
            case 2:
            case 3: spus_[spu].fenced = false; break;
            case 4: spus_[spu].draining = prng_.chance(1, 4); break;
            case 5: record_ = elect(input()).record; break;
            case 6:
            case 7: record_ = on_promoted(record_, ElectionRound(), candidate()).record; break;
            case 8:
            case 12:
            case 13: grow_lrs(); break;
            case 9: reassign(); break;
            case 10:
            case 14:
            case 15: record_ = complete_reassignment(record_).value_or(record_); break;
            default: record_ = drain_step(input(), spu).record; break;
        }
    }

    void reboot(SpuId spu) {
        const ReturnKind kind = static_cast<ReturnKind>(prng_.below(4));
        spus_[spu].boot = BootEpoch(next_boot_);
        spus_[spu].fenced = true;
        record_ = on_register(record_, spu, kind, test::uid_of(spu, next_boot_));
        ++next_boot_;
    }

    void grow_lrs() {
        AlterLrs request = test::random_alter(prng_, record_, spus_);
        for (AddedMember& added : request.added) {
            added.uid = assigned_uid(record_, added.spu).value_or(Uid());
        }
        record_ = apply_alter_lrs(record_, request, spus_).record;
    }

    void reassign() {
        ReassignmentRequest request;
        for (std::int32_t id = 1; id <= 5; ++id) {
            if (prng_.chance(3, 5)) {
                request.target.emplace_back(id);
                request.fresh_uids.push_back(test::uid_of(SpuId(id), next_boot_++));
            }
        }
        const auto begun = begin_reassignment(record_, request, spus_);
        if (begun.has_value()) {
            record_ = *begun;
        } else if (prng_.chance(1, 4)) {
            record_ = cancel_reassignment(record_).value_or(record_);
        }
    }

    CandidateId candidate() const {
        CandidateId id;
        id.spu = record_.leader;
        id.boot = record_.leader_boot;
        id.epoch = record_.leader_epoch;
        return id;
    }

    ElectionInput input() {
        ElectionInput all;
        all.record = record_;
        all.spus = spus_;
        all.grace_is_over = prng_.chance(1, 2);
        for (const auto& [spu, state] : spus_) {
            ReplicaReport one;
            one.spu = spu;
            one.boot = state.boot;
            one.uid = assigned_uid(record_, spu).value_or(Uid());
            one.last_epoch = LeaderEpoch(static_cast<std::int32_t>(prng_.below(3)));
            one.leo = Offset(prng_.between(0, 5));
            all.reports.push_back(one);
        }
        return all;
    }

    void note_members() {
        members_.clear();
        for (const SpuId spu : record_.lrs) {
            members_[spu] = boot_of(spus_, spu);
        }
    }

    Prng& prng_;
    PartitionRecord record_;
    SpuStates spus_;
    std::uint64_t next_boot_;
    std::uint64_t action_ = 0;
    std::map<SpuId, BootEpoch> members_;
    std::map<std::uint64_t, int> changes_;
};

std::string histories_keep_the_invariants(std::uint64_t seed) {
    Prng prng(seed);
    History history(prng);
    for (int step = 0; step < 100; ++step) {
        if (std::string broken = history.step(); !broken.empty()) {
            return fmt::format("step {}: {}", step, broken);
        }
    }
    return "";
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
RC_GTEST_PROP(RecordChange, histories_keep_the_invariants, (std::uint64_t seed)) {
    holds(histories_keep_the_invariants, seed);
}

// Otherwise the properties above could hold for want of cases.
TEST(RecordChange, RandomHistoriesChangeEverything) {
    std::map<std::uint64_t, int> changes;
    int ready = 0;
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        Prng prng(seed);
        ready += reassignment_state(test::random_record(prng)) == ReassignmentState::ready ? 1 : 0;
        History history(prng);
        for (int step = 0; step < 100; ++step) {
            ASSERT_EQ(history.step(), "");
        }
        for (const auto& [action, count] : history.changes()) {
            changes[action] += count;
        }
    }
    changes[10] += changes[14] + changes[15];
    for (const std::uint64_t action : {0U, 1U, 5U, 6U, 7U, 8U, 9U, 10U, 11U}) {
        EXPECT_GE(changes[action], 20) << "action " << action;
    }
    EXPECT_GE(ready, 2);
}

#ifdef WEIR_MUTANTS
TEST(RecordChange, FindsThePlantedBugs) {
    const std::pair<Mutant, test::Property> planted[] = {
        {Mutant::unclean_stays_in_elr, register_keeps_the_record_good},
        {Mutant::quick_reboot_keeps_lead, register_keeps_the_record_good},
        {Mutant::quick_reboot_keeps_lead, histories_keep_the_invariants},
        {Mutant::late_failure_hits_leader, late_answers_change_nothing},
        {Mutant::elr_not_cleared, histories_keep_the_invariants},
        {Mutant::elect_fenced, histories_keep_the_invariants},
    };
    for (const auto& [mutant, property] : planted) {
        const std::uint64_t seeds = test::seeds_to_find(mutant, property, 1000);
        EXPECT_GT(seeds, 0U) << "mutant " << static_cast<int>(mutant);
        std::cout << "mutant " << static_cast<int>(mutant) << " after " << seeds << " seeds\n";
    }
}
#endif

}  // namespace weir::control
