// A cluster of five SPUs and one partition under a random history of everything that changes its
// record. After each change: I12, I13, I15; I14 in the form that no member of the LRS is fenced or
// has another boot than when it entered; and I3, that every member of LRS and ELR is complete.
//
// Completeness is a flag for each SPU: when the leader commits, all who are not in its LRS lose it;
// a restart that loses data takes it; who enters the LRS at its leader's request has caught up; and
// after an election outside of LRS and ELR only the winner has it. Messages are instant here: races
// between the record and what SPUs know of it are for the model of the whole protocol.

#include "core/control/election.h"
#include "core/control/fencing.h"
#include "core/control/leader_move.h"
#include "core/control/live_sets.h"
#include "core/control/promotion.h"
#include "core/control/reassignment.h"
#include "core/control/registration.h"
#include "tests/support/control_worlds.h"
#include "tests/support/property.h"

#include <fmt/core.h>

#include <iterator>
#include <map>
#include <set>

namespace weir::control {

namespace {

using test::holds;

std::string fail(const char* what, const PartitionRecord& before, const PartitionRecord& after) {
    return fmt::format("{}\n  before {}\n  after  {}", what, test::to_text(before),
                       test::to_text(after));
}

class History {
public:
    enum class Action : std::uint8_t {
        fence,
        unfence,
        drain_flag,
        reboot,
        elect,
        promote,
        alter_lrs,
        commit,
        reassign,
        complete,
        drain,
    };

    explicit History(Prng& prng) : prng_(prng), record_(test::online_record({1, 2, 3})) {
        record_.unclean_policy = static_cast<UncleanPolicy>(prng.below(3));
        record_.min_live = static_cast<std::uint32_t>(1 + prng.below(3));
        spus_ = test::unfenced({1, 2, 3, 4, 5});
        complete_ = {SpuId(1), SpuId(2), SpuId(3)};
        note_members();
    }

    std::string step() {
        const PartitionRecord before = record_;
        act();
        if (std::string broken = test::broken_by(before, record_); !broken.empty()) {
            return fmt::format("action {}: {}", static_cast<int>(action_), broken);
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
        for (const auto* set : {&record_.lrs, &record_.elr}) {
            for (const SpuId spu : *set) {
                if (!complete_.contains(spu)) {
                    return fail("I3: a member that is not complete", before, record_);
                }
            }
        }
        changes_[action_] += record_ == before && action_ != Action::commit ? 0 : 1;
        return "";
    }

    // How often each action changed the record; each commit counts.
    const std::map<Action, int>& changes() const { return changes_; }

private:
    void act() {
        // What is needed to get ahead comes more often than what throws back.
        static constexpr Action kActions[] = {
            Action::fence,     Action::reboot,    Action::unfence,  Action::unfence,
            Action::elect,     Action::elect,     Action::promote,  Action::promote,
            Action::alter_lrs, Action::alter_lrs, Action::commit,   Action::commit,
            Action::reassign,  Action::complete,  Action::complete, Action::drain,
            Action::drain_flag};
        action_ = kActions[prng_.below(std::size(kActions))];
        const SpuId spu(static_cast<std::int32_t>(prng_.between(1, 5)));
        switch (action_) {
            case Action::fence:
                spus_[spu].fenced = true;
                record_ = on_fence(record_, spu);
                break;
            case Action::unfence: spus_[spu].fenced = false; break;
            case Action::drain_flag: spus_[spu].draining = prng_.chance(1, 4); break;
            case Action::reboot: reboot(spu); break;
            case Action::elect: run_election(); break;
            case Action::promote:
                record_ = on_promoted(record_, ElectionRound(), candidate()).record;
                break;
            case Action::alter_lrs: alter_lrs(); break;
            case Action::commit: commit(); break;
            case Action::reassign: reassign(); break;
            case Action::complete:
                record_ = complete_reassignment(record_).value_or(record_);
                break;
            case Action::drain: record_ = drain_step(input(), spu).record; break;
        }
    }

    void reboot(SpuId spu) {
        const ReturnKind kind = static_cast<ReturnKind>(prng_.below(4));
        spus_[spu].boot = BootEpoch(next_boot_);
        spus_[spu].fenced = true;
        record_ = on_register(record_, spu, kind, test::uid_of(spu, next_boot_));
        if (kind != ReturnKind::complete) {
            complete_.erase(spu);
        }
        ++next_boot_;
    }

    void run_election() {
        const ElectionDecision decision = elect(input());
        record_ = decision.record;
        if (decision.loss.has_value()) {
            complete_ = {record_.leader};
        }
    }

    void alter_lrs() {
        AlterLrs request = test::random_alter(prng_, record_, spus_);
        for (AddedMember& added : request.added) {
            added.uid = assigned_uid(record_, added.spu).value_or(Uid());
        }
        const AlterLrsResult result = apply_alter_lrs(record_, request, spus_);
        for (const SpuId spu : difference(result.record.lrs, record_.lrs)) {
            complete_.insert(spu);
        }
        record_ = result.record;
    }

    void commit() {
        if (record_.leader != kNoSpu && record_.lrs.size() >= record_.min_live) {
            complete_ = {record_.lrs.begin(), record_.lrs.end()};
        }
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
    std::uint64_t next_boot_ = 200;
    Action action_ = Action::fence;
    std::set<SpuId> complete_;
    std::map<SpuId, BootEpoch> members_;
    std::map<Action, int> changes_;
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

RC_GTEST_PROP(RecordHistory, keeps_the_invariants, (std::uint64_t seed)) {
    holds(histories_keep_the_invariants, seed);
}

// Otherwise the property could hold for want of cases.
TEST(RecordHistory, RandomHistoriesChangeEverything) {
    std::map<History::Action, int> changes;
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Prng prng(seed);
        History history(prng);
        for (int step = 0; step < 100; ++step) {
            ASSERT_EQ(history.step(), "");
        }
        for (const auto& [action, count] : history.changes()) {
            changes[action] += count;
        }
    }
    using enum History::Action;
    for (const auto action :
         {fence, reboot, elect, promote, alter_lrs, reassign, complete, drain}) {
        EXPECT_GE(changes[action], 20) << "action " << static_cast<int>(action);
    }
    EXPECT_GE(changes[commit], 200);
}

#ifdef WEIR_MUTANTS
TEST(RecordHistory, FindsThePlantedBugs) {
    test::expect_found({
        {Mutant::elect_any_replica, histories_keep_the_invariants},
        {Mutant::elect_fenced, histories_keep_the_invariants},
        {Mutant::elr_not_cleared, histories_keep_the_invariants},
        {Mutant::unclean_stays_in_elr, histories_keep_the_invariants},
        {Mutant::quick_reboot_keeps_lead, histories_keep_the_invariants},
    });
}
#endif

}  // namespace weir::control
