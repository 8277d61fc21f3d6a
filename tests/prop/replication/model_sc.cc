#include "tests/prop/replication/model_sc.h"

#include "core/control/fencing.h"
#include "core/control/leader_move.h"
#include "core/control/live_sets.h"
#include "core/control/lrs_change.h"
#include "core/control/reassignment.h"

#include <algorithm>
#include <utility>

namespace weir::replication::model {

Sc::Sc(PartitionRecord record, Oracle& oracle) : record_(std::move(record)), oracle_(oracle) {}

void Sc::write(const PartitionRecord& next) {
    if (next == record_) {
        return;
    }
    const PartitionRecord before = std::exchange(record_, next);
    oracle_.record_written(before, record_, spus_);
}

void Sc::create() {
    PartitionRecord next = record_;
    for (const AssignedReplica& replica : next.replicas) {
        control::insert(next.lrs, replica.spu);
        spus_[replica.spu].fenced = false;
    }
    next.version = control::next_version(next.version);
    write(next);
}

void Sc::report(const control::ReplicaReport& report, LeaderEpoch since) {
    std::erase_if(reports_, [&](const Report& known) { return known.said.spu == report.spu; });
    reports_.push_back({report, since});
}

// Among members of LRS and ELR an old report decides nothing but the order. A member of last_known
// may have followed since it registered, and hold by now what a leader committed that was already
// deposed: only what it said after it stopped counts for it. (A walk without this lost records:
// a member was passed over for another that had lost its tail.)
std::vector<control::ReplicaReport> Sc::usable_reports() const {
    const bool is_unclean = record_.lrs.empty() && record_.elr.empty();
    std::vector<control::ReplicaReport> usable;
    for (const Report& report : reports_) {
        if (!is_unclean || report.since >= record_.leader_epoch) {
            usable.push_back(report.said);
        }
    }
    return usable;
}

Sc::Admitted Sc::register_spu(const Registration& from) {
    control::RegistrationFacts facts;
    facts.storage = from.storage;
    facts.clean_boot = from.clean_boot;
    control::KnownSpu known;
    known.storage = from.known_storage;
    known.boot = control::boot_of(spus_, from.spu);
    const control::ReturnKind kind =
        control::classify_return(facts, known, record_.durability, control::ReplicaHealth::healthy);
    const BootEpoch boot(++last_boot_);
    spus_[from.spu] = control::SpuState{boot, true, false};
    write(control::on_register(record_, from.spu, kind, Uid{1, ++last_uid_}));
    const std::optional<Uid> uid = control::assigned_uid(record_, from.spu);
    if (!uid.has_value()) {
        return {boot, uid};
    }
    report({from.spu, boot, from.replica, from.last_epoch, from.leo, true}, record_.leader_epoch);
    return {boot, uid};
}

void Sc::fence(SpuId spu) {
    spus_[spu].fenced = true;
    write(control::on_fence(record_, spu));
}

void Sc::unfence(SpuId spu) {
    spus_[spu].fenced = false;
}

void Sc::run_election() {
    control::ElectionInput input;
    input.record = record_;
    input.spus = spus_;
    input.reports = usable_reports();
    input.tried = round_.tried;
    const control::ElectionDecision decision = control::elect(input);
    if (decision.pool == control::ElectionPool::none) {
        round_ = control::start_over(round_);
    }
    write(decision.record);
}

void Sc::elect() {
    if (record_.leader == kNoSpu) {
        run_election();
    }
}

void Sc::give_up_candidate() {
    const auto step = control::on_promotion_failed(
        record_, round_, {record_.leader, record_.leader_boot, record_.leader_epoch});
    round_ = step.round;
    if (step.elect_again) {
        run_election();
    }
}

void Sc::move_leader(SpuId to) {
    if (const auto moved = control::move_leader(record_, to, spus_)) {
        write(*moved);
    }
}

Result<void> Sc::reassign(const std::vector<SpuId>& target) {
    control::ReassignmentRequest request;
    request.target = target;
    for (std::size_t i = 0; i < target.size(); ++i) {
        request.fresh_uids.push_back(Uid{1, ++last_uid_});
    }
    WEIR_TRY(const PartitionRecord next, control::begin_reassignment(record_, request, spus_));
    write(next);
    return Result<void>();
}

void Sc::settle() {
    if (control::reassignment_state(record_) == control::ReassignmentState::leader_leaves) {
        const auto stays = [&](SpuId spu) { return !control::contains(record_.removing, spu); };
        const auto next = std::find_if(record_.lrs.begin(), record_.lrs.end(), stays);
        if (next != record_.lrs.end()) {
            move_leader(*next);
        }
    } else if (const auto done = control::complete_reassignment(record_)) {
        write(*done);
    }
}

// What was not stored is gone.
void Sc::restart() {
    epoch_ = ScEpoch(epoch_.value() + 1);
    reports_.clear();
    round_ = control::ElectionRound();
}

void Sc::take(SpuId from, const ProbeAnswer& message) {
    const std::optional<Uid> uid = control::assigned_uid(record_, from);
    if (!uid.has_value() || control::boot_of(spus_, from) != message.boot) {
        return;
    }
    report({from, message.boot, *uid, message.last_epoch, message.leo, message.is_healthy},
           LeaderEpoch(message.epoch.value() - 1));
    if (!message.is_healthy) {
        write(control::on_damage(record_, from, Uid{1, ++last_uid_}));
    }
}

void Sc::take(SpuId from, const Promoted& message) {
    const auto step = control::on_promoted(record_, round_, {from, message.boot, message.epoch});
    round_ = step.round;
    write(step.record);
}

void Sc::take(SpuId from, const PromoteFailed& message) {
    const auto step =
        control::on_promotion_failed(record_, round_, {from, message.boot, message.epoch});
    round_ = step.round;
    if (step.elect_again) {
        run_election();
    }
}

void Sc::take(SpuId from, const AlterLrs& message) {
    write(control::apply_alter_lrs(record_, {message, from}, spus_).record);
}

}  // namespace weir::replication::model
