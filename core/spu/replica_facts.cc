// What a listening probe is told of a replica. Nothing here changes anything.

#include "core/base/prng.h"
#include "core/spu/replica.h"

namespace weir::spu {

namespace {

std::uint64_t content_of(const replication::AlterLrs& request) {
    std::uint64_t content = mix64(request.lrs.size());
    for (const SpuId spu : request.lrs) {
        content = mix64(content ^ static_cast<std::uint32_t>(spu.value()));
    }
    for (const replication::AddedMember& added : request.added) {
        content = mix64(content ^ static_cast<std::uint32_t>(added.spu.value()));
        content = mix64(content ^ added.boot.value());
        content = mix64(content ^ added.uid.low);
    }
    return content;
}

ReplicaRole role_of(const replication::ReplicaState& state) {
    if (state.leader() != nullptr) {
        return ReplicaRole::leader;
    }
    if (state.follower() == nullptr) {
        return ReplicaRole::none;
    }
    return state.follower()->is_attached() ? ReplicaRole::attached : ReplicaRole::attaching;
}

}  // namespace

PartitionIdentity Replica::identity() const {
    return {topic_uid().high, topic_uid().low, PartitionId(key().partition)};
}

// Between two steps, when all that they want done is; of a leader also before: what it counts as
// committed is so at once, and it may lead no longer when the rest is done. What a replica that
// gave up has in memory counts for nothing: part of it was never done.
void Replica::tell_state() const {
    if (!context_.env.probe.listens() || !state_.has_value() || log_ == nullptr || gave_up_ ||
        deleted_ || closed_ || (!effects_.empty() && state_->leader() == nullptr)) {
        return;
    }
    const PartitionRecord& record = state_->record();
    const replication::ReplicaLog& log = state_->log();
    ReplicaMoved moved;
    moved.dir = dir_;
    moved.partition = identity();
    moved.replica_uid_low = state_->self().uid.low;
    moved.spu = context_.config.id;
    moved.boot = state_->self().boot;
    moved.role = role_of(*state_);
    moved.epoch = record.leader_epoch;
    moved.fence_epoch = effects_.empty() ? state_->fence_epoch() : state_file_.fence_epoch();
    // A leader stores it before anybody hears of what it commits.
    const bool leads = state_->leader() != nullptr;
    moved.entered_epoch = (leads ? log.entered : state_file_.entered()).epoch;
    moved.log_start = log.log_start;
    moved.durable = log.durable;
    moved.hw = log.hw;
    moved.leo = log.leo;
    moved.acks_durable = record.durability == Durability::fsync;
    moved.min_live = record.min_live;
    moved.committed_lrs = record.lrs;
    if (leads) {
        moved.maximal_lrs = state_->leader()->maximal_lrs();
    }
    context_.env.probe.tell(moved);
}

void Replica::tell_message(const replication::PeerMessage& message) const {
    if (!context_.env.probe.listens()) {
        return;
    }
    if (const auto* ack = std::get_if<replication::Ack>(&message)) {
        context_.env.probe.tell(PositionAcked{dir_, ack->acked});
    } else if (const auto* attach = std::get_if<replication::Attach>(&message)) {
        context_.env.probe.tell(PositionAcked{dir_, attach->acked});
    }
}

void Replica::tell_message(const replication::ScMessage& message) const {
    const auto* request = std::get_if<replication::AlterLrs>(&message);
    if (request != nullptr && context_.env.probe.listens()) {
        context_.env.probe.tell(LrsAsked{identity(), context_.config.id, request->boot,
                                         request->epoch, request->version, request->lrs,
                                         content_of(*request)});
    }
}

void Replica::note_served() const {
    if (context_.env.probe.listens() && state_.has_value()) {
        context_.env.probe.tell(ClientServed{identity(), context_.config.id, state_->self().boot});
    }
}

void Replica::tell_dropped() const {
    if (context_.env.probe.listens()) {
        context_.env.probe.tell(
            ReplicaDropped{identity(), context_.config.id, state_file_.replica_uid().low});
    }
}

}  // namespace weir::spu
