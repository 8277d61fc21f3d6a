#include "core/replication/leader_replica.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"

#include <algorithm>
#include <utility>

namespace weir::replication {

namespace {

bool contains(const SpuSet& set, SpuId spu) {
    return std::binary_search(set.begin(), set.end(), spu);
}

const AssignedReplica* assigned(const PartitionRecord& record, SpuId spu) {
    for (const auto* replicas : {&record.replicas, &record.adding}) {
        for (const AssignedReplica& replica : *replicas) {
            if (replica.spu == spu) {
                return &replica;
            }
        }
    }
    return nullptr;
}

void answer(SpuId to, PeerMessage message, Step& step) {
    step.effects.push_back(ToPeer{to, std::move(message)});
}

}  // namespace

LeaderReplica::LeaderReplica(Step step, Instant hw_holds_until)
    : leso_(step.log.leo), hw_holds_until_(hw_holds_until) {
    take_record(step);
}

void LeaderReplica::record_changed(Step step) {
    if (proposal_ && proposal_->version < step.record.version) {
        // Accepted or not, it can't be any more. Who was refused has to be in sync anew, so that
        // one whom the SC does not want can't keep the others out.
        for (const AddedMember& member : proposal_->added) {
            FollowerProgress* follower = find(member.spu);
            if (follower != nullptr && !contains(step.record.lrs, member.spu)) {
                follower->hold_again(step.at.now);
            }
        }
        proposal_.reset();
    }
    take_record(step);
    advance_hw(step);
}

// Follows the assignment: who is new gets time to attach, who is gone is forgotten.
void LeaderReplica::take_record(Step& step) {
    WEIR_ASSERT(step.record.leader == step.self.spu);
    std::vector<FollowerProgress> followers;
    for (const auto* replicas : {&step.record.replicas, &step.record.adding}) {
        for (const AssignedReplica& replica : *replicas) {
            if (replica.spu == step.self.spu) {
                continue;
            }
            FollowerProgress* known = find(replica.spu);
            // With another uid it is another replica: nothing that was heard counts for it.
            const bool stays = known != nullptr && (known->uid() == replica.uid ||
                                                    mutant(Mutant::session_outlives_uid));
            followers.push_back(stays ? std::move(*known) : FollowerProgress(replica, step.at.now));
        }
    }
    std::sort(followers.begin(), followers.end(),
              [](const auto& a, const auto& b) { return a.spu() < b.spu(); });
    followers_ = std::move(followers);
    compute_maximal(step.record);
}

void LeaderReplica::compute_maximal(const PartitionRecord& record) {
    maximal_ = record.lrs;
    if (!proposal_) {
        return;
    }
    if (mutant(Mutant::shrink_before_stored)) {
        maximal_ = proposal_->lrs;
        return;
    }
    SpuSet both;
    std::set_union(record.lrs.begin(), record.lrs.end(), proposal_->lrs.begin(),
                   proposal_->lrs.end(), std::back_inserter(both));
    maximal_ = std::move(both);
}

void LeaderReplica::attach(const Attach& attach, Step step) {
    FollowerProgress* follower = find(attach.from);
    const AssignedReplica* replica = assigned(step.record, attach.from);
    if (follower == nullptr || replica == nullptr || replica->uid != attach.uid ||
        !in_lease(step) || !follower->is_new(attach) || !is_lineage(attach.tail, attach.leo) ||
        attach.acked > attach.leo) {
        return;
    }
    const LeaderEpoch epoch = step.record.leader_epoch;
    if (last_epoch(attach.tail) > epoch) {
        step.effects.push_back(Alarm{AlarmKind::metadata_regression, attach.leo});
        return;
    }
    follower->detach(step.log.leo, step.at.now);
    const Comparison found =
        compare_logs(step.log.lineage, step.log.extent(), attach.tail, attach.leo);
    if (std::holds_alternative<OutOfReach>(found) && contains(maximal_, attach.from)) {
        // It would lose what it is counted for. Nothing that the rules do leads here.
        step.effects.push_back(Alarm{AlarmKind::lrs_member_out_of_reach, attach.leo});
        return;
    }
    // From here on the nonce is answered, once.
    follower->begin(attach);
    if (const auto* diverged = std::get_if<DivergedAt>(&found)) {
        answer(attach.from, Diverged{epoch, attach.nonce, *diverged}, step);
    } else if (std::holds_alternative<OutOfReach>(found)) {
        const Offset start = step.log.log_start;
        answer(attach.from,
               Reset{epoch, attach.nonce, start, epoch_before(step.log.lineage, start)}, step);
    } else {
        follower->attach(attach, step.log.leo, step.at.now);
        answer(attach.from, AttachOk{epoch, attach.nonce, leso_}, step);
    }
}

void LeaderReplica::acknowledge(const Ack& ack, Step step) {
    FollowerProgress* follower = find(ack.from);
    if (follower == nullptr || !follower->is_current(ack) || ack.acked > step.log.leo) {
        return;
    }
    follower->acknowledge(ack, step.log.leo, step.at.now);
    if (mutant(Mutant::hw_moves_by_tick)) {
        return;
    }
    advance_hw(step);
}

void LeaderReplica::detach(SpuId spu, Step step) {
    if (FollowerProgress* follower = find(spu)) {
        follower->detach(step.log.leo, step.at.now);
    }
}

void LeaderReplica::before_append(Step step) {
    for (FollowerProgress& follower : followers_) {
        follower.before_append(step.log.leo, step.at.now);
    }
}

void LeaderReplica::advance_hw(Step& step) {
    if (step.at.now < hw_holds_until_) {
        return;
    }
    acked_.clear();
    for (const FollowerProgress& follower : followers_) {
        if (follower.has_acked()) {
            acked_.push_back({follower.spu(), follower.acked()});
        }
    }
    HwInput input;
    input.hw = step.log.hw;
    input.leso = leso_;
    input.self = step.self.spu;
    input.own = counted_position(step.log, step.record.durability);
    input.acked = acked_;
    input.maximal_lrs = maximal_;
    input.committed_lrs = step.record.lrs;
    input.min_live = step.record.min_live;
    const Offset hw = compute_hw(input);
    WEIR_ASSERT(hw >= step.log.hw);
    WEIR_ASSERT(hw <= step.log.leo);
    if (hw != step.log.hw) {
        step.log.hw = hw;
        step.effects.push_back(HwAdvanced{hw});
    }
}

void LeaderReplica::tick(Step step) {
    advance_hw(step);
    if (step.at.now >= step.at.lease_end) {
        // The SC does not hear us, or has another leader.
        return;
    }
    if (proposal_) {
        if (step.at.now - proposed_at_ >= step.options.alter_retry) {
            proposed_at_ = step.at.now;
            step.effects.push_back(ToSc{*proposal_});
        }
        if (!mutant(Mutant::proposal_replaced)) {
            return;
        }
        proposal_.reset();
    }
    // One change at a time: an addition that the SC refuses must not hold up a removal.
    if (!propose_shrink(step)) {
        propose_expansion(step);
    }
}

bool LeaderReplica::propose_shrink(Step& step) {
    SpuSet lrs = step.record.lrs;
    std::erase_if(lrs, [&](SpuId spu) {
        const FollowerProgress* follower = find(spu);
        return follower != nullptr &&
               step.at.now - follower->caught_up_at(step.log.leo, step.at.now) >
                   step.options.lag_max;
    });
    if (lrs == step.record.lrs) {
        return false;
    }
    propose(std::move(lrs), {}, step);
    return true;
}

void LeaderReplica::propose_expansion(Step& step) {
    const FollowerProgress* chosen = nullptr;
    for (const FollowerProgress& follower : followers_) {
        if (!contains(step.record.lrs, follower.spu()) && may_join(follower, step) &&
            (chosen == nullptr || follower.held_since() < chosen->held_since())) {
            chosen = &follower;
        }
    }
    if (chosen == nullptr) {
        return;
    }
    const AssignedReplica* replica = assigned(step.record, chosen->spu());
    WEIR_ASSERT(replica != nullptr);
    SpuSet lrs = step.record.lrs;
    lrs.insert(std::upper_bound(lrs.begin(), lrs.end(), chosen->spu()), chosen->spu());
    propose(std::move(lrs), {{chosen->spu(), replica->uid, chosen->boot()}}, step);
}

// LESO: the leader's HW may still lag what was committed before its epoch, but its log has all of
// that, so who has everything up to LESO has it too.
bool LeaderReplica::may_join(const FollowerProgress& follower, const Step& step) const {
    const int holds = mutant(Mutant::joins_late) ? 60 : 1;
    if (!follower.has_acked() ||
        !follower.is_steady(step.log.leo, step.at.now, step.options.expand_hold * holds)) {
        return false;
    }
    if (mutant(Mutant::expand_unchecked)) {
        return true;
    }
    if (mutant(Mutant::expand_without_leso)) {
        return follower.acked() >= step.log.hw;
    }
    return follower.acked() >= std::max(step.log.hw, leso_);
}

void LeaderReplica::propose(SpuSet lrs, std::vector<AddedMember> added, Step& step) {
    WEIR_ASSERT(!proposal_);
    WEIR_ASSERT(contains(lrs, step.self.spu));
    AlterLrs request;
    request.boot = step.self.boot;
    request.epoch = step.record.leader_epoch;
    request.version = step.record.version;
    request.lrs = std::move(lrs);
    request.added = std::move(added);
    proposal_ = request;
    proposed_at_ = step.at.now;
    compute_maximal(step.record);
    // In front of the message: from here on the HW waits for who is to be added.
    advance_hw(step);
    step.effects.push_back(ToSc{std::move(request)});
}

std::optional<Push> LeaderReplica::next_push(SpuId spu, const ReplicaLog& log,
                                             const View& view) const {
    const FollowerProgress* follower = find(spu);
    return follower == nullptr ? std::nullopt : follower->next_push(log, view.at.now, view.options);
}

void LeaderReplica::pushed(SpuId spu, const Push& push, std::span<const BatchMark> batches,
                           std::size_t bytes, Step step) {
    FollowerProgress* follower = find(spu);
    if (follower == nullptr || !follower->is_session(push.nonce)) {
        return;
    }
    const Offset end = batches.empty() ? push.base : batches.back().end;
    WEIR_ASSERT(batches.empty() || batches.front().base == push.base);
    WEIR_ASSERT(end <= step.log.leo);
    follower->pushed(end, bytes, step.at.now);
    Append append;
    append.epoch = step.record.leader_epoch;
    append.nonce = push.nonce;
    append.base = push.base;
    append.preceding_epoch = epoch_before(step.log.lineage, push.base);
    append.hw = step.log.hw;
    append.log_start = step.log.log_start;
    append.sent_at = step.at.now;
    append.batches.assign(batches.begin(), batches.end());
    answer(spu, std::move(append), step);
}

// The lease of the SC; without it (ride_through) the word of every member that it still follows
// here, which means that nobody else was elected. Nobody can be in place of the only copy, unless
// the SC has lost the record by which it was moved. Below min_live the next leader may come from
// the ELR, whom this leader does not hear.
bool LeaderReplica::in_lease(const View& view) const {
    if (view.at.now < view.at.lease_end) {
        return true;
    }
    return !view.at.in_doubt && (view.record.ride_through || is_of_only_copy(view.record)) &&
           view.record.lrs.size() >= view.record.min_live && is_followed_by_all(view);
}

bool LeaderReplica::is_followed_by_all(const View& view) const {
    return std::all_of(maximal_.begin(), maximal_.end(), [&](SpuId spu) {
        const FollowerProgress* follower = find(spu);
        return spu == view.self.spu ||
               (follower != nullptr &&
                follower->followed_since(view.at.now, view.options.read_lease));
    });
}

Permission LeaderReplica::may_produce(Isolation isolation, const View& view) const {
    if (!in_lease(view)) {
        return Permission::not_leader;
    }
    if (isolation == Isolation::read_committed && view.record.lrs.size() < view.record.min_live) {
        return Permission::not_enough_replicas;
    }
    return Permission::granted;
}

Permission LeaderReplica::may_read(Isolation isolation, const View& view) const {
    if (!in_lease(view)) {
        return Permission::not_leader;
    }
    const bool is_strict = isolation == Isolation::read_committed && view.record.strict_reads &&
                           !mutant(Mutant::strict_reads_ignored) &&
                           view.record.lrs.size() >= view.record.min_live;
    return is_strict && !is_followed_by_all(view) ? Permission::not_leader : Permission::granted;
}

FollowerProgress* LeaderReplica::find(SpuId spu) {
    const auto found = std::find_if(followers_.begin(), followers_.end(),
                                    [spu](const auto& follower) { return follower.spu() == spu; });
    return found == followers_.end() ? nullptr : &*found;
}

const FollowerProgress* LeaderReplica::find(SpuId spu) const {
    return const_cast<LeaderReplica*>(this)->find(spu);
}

}  // namespace weir::replication
