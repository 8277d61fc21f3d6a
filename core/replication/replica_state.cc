#include "core/replication/replica_state.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::replication {

namespace {

// Clocks run at rates that differ by 1 % at most (design, 5.1).
Duration with_clock_error(Duration duration) {
    return duration + duration / 100;
}

// Attempts to attach of one process.
constexpr unsigned kNonceBits = 32;

}  // namespace

ReplicaState::ReplicaState(const ReplicaIdentity& self, const ReplicaOptions& options,
                           RecoveredReplica recovered, Instant now)
    : self_(self),
      options_(options),
      log_(std::move(recovered.log)),
      fence_epoch_(recovered.fence_epoch),
      fence_version_(recovered.fence_version) {
    WEIR_ASSERT(log_.log_start <= log_.hw);
    WEIR_ASSERT(log_.hw <= log_.leo);
    WEIR_ASSERT(log_.durable <= log_.leo);
    log_.entered.found(log_.leo);
    // No nonce of an earlier process comes again: an answer to it may still be on the way, in the
    // same epoch.
    history_.last_nonce =
        std::max<std::uint64_t>(self_.boot.value() << kNonceBits, recovered.last_nonce);
    history_.followed_at = now;
}

bool ReplicaState::is_this_partition(const PartitionRecord& record) const {
    return record.topic_uid == self_.topic_uid && record.partition == self_.partition;
}

bool ReplicaState::is_assigned() const {
    const auto is_self = [this](const AssignedReplica& replica) {
        return replica.spu == self_.spu && replica.uid == self_.uid;
    };
    return std::any_of(record_.replicas.begin(), record_.replicas.end(), is_self) ||
           std::any_of(record_.adding.begin(), record_.adding.end(), is_self);
}

bool ReplicaState::is_news(const PartitionRecord& record) const {
    // What is as new as the fence is news to a process that has just started.
    return std::tie(record.leader_epoch, record.version) >=
               std::tie(fence_epoch_, fence_version_) &&
           std::tie(record.leader_epoch, record.version) >
               std::tie(record_.leader_epoch, record_.version);
}

void ReplicaState::step(const LeaderIs& message, Moment at, Effects& effects) {
    if (message.boot != self_.boot || message.sc_epoch < sc_epoch_ ||
        !is_this_partition(message.record)) {
        return;
    }
    sc_epoch_ = message.sc_epoch;
    if (!is_news(message.record)) {
        // The SC has not heard the answer, or is another one since.
        if (message.record == record_ && record_.phase != PartitionPhase::online) {
            answer_election(effects);
        }
        // The SC that probed may be gone: its successor's word that nothing has changed will do.
        if (fence_ && message.sc_epoch > fence_->sc_epoch && message.record == record_) {
            lift_fence(make_step(at, effects));
        }
        return;
    }
    // A leader counts by the live sets: an SC whose record is older than that has to find out, also
    // from a process that comes after this one.
    const bool others_are_live =
        message.record.lrs != record_.lrs || message.record.elr != record_.elr;
    if (message.record.leader_epoch > fence_epoch_) {
        if (!is_suspect_ && is_chosen(message.record)) {
            enter_epoch(message.record.leader_epoch);
        }
        effects.push_back(
            PersistState{message.record.leader_epoch, message.record.version, log_.entered});
    } else if (others_are_live) {
        effects.push_back(NoteVersion{message.record.leader_epoch, message.record.version});
    }
    std::tie(fence_epoch_, fence_version_) =
        std::tie(message.record.leader_epoch, message.record.version);
    if (message.record.leader_epoch != record_.leader_epoch) {
        leave_role(effects);
    }
    record_ = message.record;
    take_role(make_step(at, effects));
    // A record of an epoch before the one that was current at the probe is news here, and old
    // there: what the probe was told must stay true.
    if (fence_ && record_.leader_epoch.value() >= fence_->epoch.value() - 1) {
        lift_fence(make_step(at, effects));
    }
}

// What came meanwhile was not heard: a follower starts over.
void ReplicaState::lift_fence(Step step) {
    if (!fence_) {
        return;
    }
    fence_.reset();
    if (auto* follower = std::get_if<FollowerReplica>(&role_)) {
        follower->start_over(step);
    } else if (auto* leader = std::get_if<LeaderReplica>(&role_)) {
        leader->log_moved(step);
    }
}

bool ReplicaState::is_chosen(const PartitionRecord& record) const {
    return record.leader == self_.spu && record.leader_boot == self_.boot &&
           std::find(record.lrs.begin(), record.lrs.end(), self_.spu) != record.lrs.end();
}

// As its leader, who begins where its log ends.
bool ReplicaState::enter_epoch(LeaderEpoch epoch) {
    return !mutant(Mutant::epoch_not_entered) && log_.entered.enter({epoch, log_.leo});
}

void ReplicaState::answer_election(Effects& effects) const {
    if (leader() != nullptr) {
        effects.push_back(ToSc{Promoted{self_.boot, record_.leader_epoch, log_.leo}});
    } else if (is_suspect_ && is_chosen(record_)) {
        effects.push_back(ToSc{PromoteFailed{self_.boot, record_.leader_epoch}});
    }
}

void ReplicaState::take_role(Step step) {
    if (is_suspect_) {
        WEIR_ASSERT(std::holds_alternative<std::monostate>(role_));
        answer_election(step.effects);
    } else if (!is_assigned()) {
        leave_role(step.effects);
    } else if (is_chosen(record_)) {
        lead(step);
    } else if (record_.leader != kNoSpu && record_.leader != self_.spu && !follower()) {
        role_.emplace<FollowerReplica>(step);
    }
}

void ReplicaState::lead(Step step) {
    if (auto* leader = std::get_if<LeaderReplica>(&role_)) {
        leader->record_changed(step);
        return;
    }
    // With strict reads the leader before may still answer on the strength of our last Ack.
    const Instant hw_holds_until =
        record_.strict_reads ? history_.followed_at + with_clock_error(options_.read_lease)
                             : Instant();
    auto& leader = role_.emplace<LeaderReplica>(step, hw_holds_until);
    // Not yet when the fence was stored without that, by a process that failed then.
    if (enter_epoch(record_.leader_epoch)) {
        step.effects.push_back(PersistState{fence_epoch_, fence_version_, log_.entered});
    }
    answer_election(step.effects);
    leader.log_moved(step);
}

void ReplicaState::leave_role(Effects& effects) {
    if (leader() != nullptr) {
        effects.push_back(StopLeading{record_.leader_epoch});
    }
    role_.emplace<std::monostate>();
}

void ReplicaState::step(const Probe& message, Effects& effects) {
    if (message.boot != self_.boot || message.sc_epoch < sc_epoch_ ||
        message.epoch <= fence_epoch_) {
        return;
    }
    sc_epoch_ = message.sc_epoch;
    // A late copy of an earlier probe does not weaken this one.
    fence_ = ProbeFence{message.sc_epoch,
                        fence_ ? std::max(fence_->epoch, message.epoch) : message.epoch};
    effects.push_back(ToSc{probe_answer(message.epoch)});
}

ProbeAnswer ReplicaState::probe_answer(LeaderEpoch epoch) const {
    ProbeAnswer answer;
    answer.boot = self_.boot;
    answer.epoch = epoch;
    answer.last_epoch = newest_epoch(log_.lineage, log_.entered);
    answer.leo = log_.leo;
    answer.hw = log_.hw;
    answer.log_start = log_.log_start;
    answer.is_healthy = !is_suspect_;
    return answer;
}

void ReplicaState::step(const PeerMessage& message, Moment at, Effects& effects) {
    if (fence_) {
        return;
    }
    std::visit([&](const auto& one) { take(one, make_step(at, effects)); }, message);
}

void ReplicaState::take(const Attach& message, Step step) {
    auto* leader = std::get_if<LeaderReplica>(&role_);
    if (leader != nullptr && (is_current(message.epoch) || mutant(Mutant::acks_of_any_epoch))) {
        leader->attach(message, step);
    }
}

void ReplicaState::take(const Ack& message, Step step) {
    auto* leader = std::get_if<LeaderReplica>(&role_);
    if (leader != nullptr && (is_current(message.epoch) || mutant(Mutant::acks_of_any_epoch))) {
        leader->acknowledge(message, step);
    }
}

void ReplicaState::take(const AttachOk& message, Step step) {
    auto* follower = std::get_if<FollowerReplica>(&role_);
    if (follower != nullptr && is_current(message.epoch)) {
        follower->attached(message, step);
    }
}

void ReplicaState::take(const Diverged& message, Step step) {
    auto* follower = std::get_if<FollowerReplica>(&role_);
    if (follower != nullptr && is_current(message.epoch) && !follower->diverged(message, step)) {
        is_suspect_ = true;
        leave_role(step.effects);
    }
}

void ReplicaState::take(const Reset& message, Step step) {
    auto* follower = std::get_if<FollowerReplica>(&role_);
    if (follower != nullptr && is_current(message.epoch)) {
        follower->reset(message, step);
    }
}

void ReplicaState::take(const Append& message, Step step) {
    auto* follower = std::get_if<FollowerReplica>(&role_);
    if (follower != nullptr && (is_current(message.epoch) || mutant(Mutant::appends_unfenced))) {
        follower->append(message, step);
    }
}

void ReplicaState::appended(std::span<const BatchMark> batches, Moment at, Effects& effects) {
    Step step = make_step(at, effects);
    auto* leader = std::get_if<LeaderReplica>(&role_);
    if (leader != nullptr) {
        leader->before_append(step);
    }
    append(log_, batches);
    if (leader != nullptr) {
        WEIR_ASSERT(log_.last_epoch() == record_.leader_epoch);
    }
    if (leader != nullptr && !fence_) {
        leader->log_moved(step);
    } else if (auto* follower = std::get_if<FollowerReplica>(&role_); follower && !fence_) {
        follower->log_moved(step);
    }
}

void ReplicaState::synced(Offset durable, Moment at, Effects& effects) {
    WEIR_ASSERT(durable <= log_.leo);
    log_.durable = std::max(log_.durable, durable);
    if (fence_) {
        return;
    }
    if (auto* leader = std::get_if<LeaderReplica>(&role_)) {
        leader->log_moved(make_step(at, effects));
    } else if (auto* follower = std::get_if<FollowerReplica>(&role_)) {
        follower->log_moved(make_step(at, effects));
    }
}

void ReplicaState::evicted(Offset log_start) {
    evict(log_, log_start);
}

void ReplicaState::damaged(Effects& effects) {
    is_suspect_ = true;
    leave_role(effects);
}

void ReplicaState::disconnected(SpuId spu, Moment at, Effects& effects) {
    if (auto* leader = std::get_if<LeaderReplica>(&role_)) {
        leader->detach(spu, make_step(at, effects));
    } else if (auto* follower = std::get_if<FollowerReplica>(&role_);
               follower != nullptr && spu == record_.leader) {
        follower->disconnected(make_step(at, effects));
        if (mutant(Mutant::promotes_itself)) {
            record_.leader = self_.spu;
            lead(make_step(at, effects));
        }
    }
}

void ReplicaState::tick(Moment at, Effects& effects) {
    if (fence_) {
        return;
    }
    if (auto* leader = std::get_if<LeaderReplica>(&role_)) {
        leader->tick(make_step(at, effects));
    } else if (auto* follower = std::get_if<FollowerReplica>(&role_)) {
        follower->tick(make_step(at, effects));
    }
}

std::optional<Push> ReplicaState::next_push(SpuId spu, Moment at) const {
    const LeaderReplica* leader = this->leader();
    return leader == nullptr || fence_ ? std::nullopt : leader->next_push(spu, log_, view(at));
}

void ReplicaState::pushed(SpuId spu, const Push& push, std::span<const BatchMark> batches,
                          std::size_t bytes, Moment at, Effects& effects) {
    if (auto* leader = std::get_if<LeaderReplica>(&role_)) {
        leader->pushed(spu, push, batches, bytes, make_step(at, effects));
    }
}

Permission ReplicaState::may_produce(Isolation isolation, Moment at) const {
    const LeaderReplica* leader = this->leader();
    return leader == nullptr || fence_ ? Permission::not_leader
                                       : leader->may_produce(isolation, view(at));
}

Isolation ReplicaState::acknowledged_at(Isolation asked) const {
    return record_.ack_floor == AckFloor::committed ? Isolation::read_committed : asked;
}

Permission ReplicaState::may_read(Isolation isolation, Moment at) const {
    const LeaderReplica* leader = this->leader();
    return leader == nullptr ? Permission::not_leader : leader->may_read(isolation, view(at));
}

}  // namespace weir::replication
