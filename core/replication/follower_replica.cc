#include "core/replication/follower_replica.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/replication/lineage.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace weir::replication {

namespace {

// Entries of the lineage in an Attach: more changes of the leader than between two restarts of a
// follower in a bad week, and an older point of divergence costs a second round.
constexpr std::size_t kAttachTailMax = 32;

void to_leader(PeerMessage message, Step& step) {
    step.effects.push_back(ToPeer{step.record.leader, std::move(message)});
}

void persist_state(Step& step) {
    step.effects.push_back(
        PersistState{step.record.leader_epoch, step.record.version, step.log.entered});
}

}  // namespace

FollowerReplica::FollowerReplica(Step step)
    : retry_after_(step.options.attach_retry_min), silence_max_(step.options.peer_silence_min) {
    WEIR_ASSERT(step.record.leader != step.self.spu);
    if (mutant(Mutant::truncate_to_hw) && step.log.hw < step.log.leo) {
        truncate(step.log, step.log.hw);
        step.effects.push_back(TruncateLog{step.log.leo});
    }
    attach_anew(step);
}

void FollowerReplica::take_nonce(Step& step) {
    phase_ = Phase::attaching;
    nonce_ = ++step.history.last_nonce;
    asked_at_ = step.at.now;
    leso_.reset();
    leader_hw_.reset();
    acked_.reset();
}

void FollowerReplica::attach_anew(Step& step) {
    take_nonce(step);
    send_attach(step);
}

// Also a second time with the same nonce. The log does not get longer meanwhile, and the leader
// answers a nonce once.
void FollowerReplica::send_attach(Step& step) {
    retry_at_ = step.at.now + retry_after_;
    Attach attach;
    attach.from = step.self.spu;
    attach.boot = step.self.boot;
    attach.uid = step.self.uid;
    attach.epoch = step.record.leader_epoch;
    attach.nonce = nonce_;
    attach.leo = step.log.leo;
    attach.acked = counted_position(step.log, step.record.durability);
    attach.tail = tail_of(step.log.lineage, kAttachTailMax);
    WEIR_ASSERT(attach.acked <= attach.leo);
    to_leader(std::move(attach), step);
    if (mutant(Mutant::attach_not_repeated)) {
        retry_at_ = step.at.now + Duration::from_s(1'000'000);
    }
}

// A new nonce also when none is attached: an answer that the leader gave before it lost the
// connection speaks of a session that it has forgotten.
void FollowerReplica::disconnected(Step step) {
    take_nonce(step);
    retry_at_ = step.at.now + retry_after_;
    silence_max_ = step.options.peer_silence_min;
}

// A new nonce voids the answer that is under way, and has the leader send everything once more: on
// a link on which that takes longer than the wait, impatience would never get an answer.
void FollowerReplica::tick(Step step) {
    if (phase_ == Phase::attached) {
        // The leader may have dropped the session without a broken connection here.
        if (step.at.now - heard_at_ > silence_max_) {
            silence_max_ = std::min(silence_max_ * 2, step.options.peer_silence_max);
            attach_anew(step);
        }
    } else if (step.at.now >= retry_at_) {
        retry_after_ = std::min(retry_after_ * 2, step.options.attach_retry_max);
        if (step.at.now - asked_at_ > step.options.peer_silence_max) {
            attach_anew(step);
        } else {
            send_attach(step);
        }
    }
}

void FollowerReplica::attached(const AttachOk& answer, Step step) {
    if (phase_ != Phase::attaching || answer.nonce != nonce_) {
        return;
    }
    phase_ = Phase::attached;
    retry_after_ = step.options.attach_retry_min;
    heard_at_ = step.at.now;
    leso_ = answer.leso;
    send_ack(step);
}

bool FollowerReplica::diverged(const Diverged& answer, Step step) {
    if (phase_ != Phase::attaching || answer.nonce != nonce_) {
        return true;
    }
    const Offset to = truncation_point(step.log.lineage, step.log.extent(), answer.at);
    if (to >= step.log.leo) {
        // Not an answer to this log. The leader is wrong; try again later.
        return true;
    }
    if (to < step.log.hw && step.record.phase != PartitionPhase::recovering) {
        step.effects.push_back(Alarm{AlarmKind::truncation_below_hw, to});
        return false;
    }
    const EnteredEpoch entered = step.log.entered;
    truncate(step.log, to);
    if (step.log.entered != entered) {
        persist_state(step);
    }
    step.effects.push_back(TruncateLog{step.log.leo});
    attach_anew(step);
    return true;
}

void FollowerReplica::reset(const Reset& answer, Step step) {
    if (phase_ != Phase::attaching || answer.nonce != nonce_ || answer.log_start < Offset(0)) {
        return;
    }
    const EnteredEpoch entered = step.log.entered;
    replication::reset(step.log, answer.log_start, answer.preceding_epoch);
    if (step.log.entered != entered) {
        persist_state(step);
    }
    step.effects.push_back(ResetLog{answer.log_start});
    attach_anew(step);
}

// The batches go on where this log ends, in offsets and in epochs. After AttachOk that is what
// keeps the log a prefix of the leader's.
bool FollowerReplica::fits(const Append& append, const Step& step) const {
    if (append.base != step.log.leo && !mutant(Mutant::replica_base_unchecked)) {
        return false;
    }
    LeaderEpoch epoch = step.log.last_epoch();
    // A leader that has started anew may not know who wrote the record before its log start. That
    // one was committed, and this log has the leader's epochs up to there (compare_logs).
    const bool leader_knows = append.preceding_epoch != kNoEpoch || append.base != append.log_start;
    if (leader_knows && append.preceding_epoch != epoch && !step.log.lineage.empty()) {
        return false;  // not known without a record
    }
    Offset end = append.base;
    for (const BatchMark& batch : append.batches) {
        if (batch.base != end || batch.end <= end || batch.epoch < epoch ||
            batch.epoch > append.epoch) {
            return false;
        }
        end = batch.end;
        epoch = batch.epoch;
    }
    return true;
}

void FollowerReplica::append(const Append& append, Step step) {
    const bool is_current = phase_ == Phase::attached && append.nonce == nonce_;
    if (!is_current && !mutant(Mutant::appends_unfenced)) {
        return;
    }
    heard_at_ = step.at.now;
    if (append.base < step.log.leo) {
        return;  // has it
    }
    if (!fits(append, step)) {
        // Something between is missing. The leader starts over from where this log ends.
        attach_anew(step);
        return;
    }
    leader_hw_ = append.hw;
    leader_log_start_ = append.log_start;
    echo_ = std::max(echo_, append.sent_at);
    if (!append.batches.empty()) {
        step.effects.push_back(WriteBatches{});
        return;
    }
    follow_leader(step);
    acked_.reset();  // an answer in any case: the leader asks who follows
    send_ack(step);
}

void FollowerReplica::log_moved(Step step) {
    follow_leader(step);
    if (phase_ == Phase::attached) {
        send_ack(step);
    }
}

// The HW may go down, to what a new leader knows so far; nothing is ever truncated by it. What the
// leader has deleted may go here as well, as far as it is known to be committed.
void FollowerReplica::follow_leader(Step& step) {
    if (!leader_hw_) {
        return;
    }
    step.log.hw = std::max(step.log.log_start, std::min(*leader_hw_, step.log.leo));
    if (mutant(Mutant::follower_hw_unbounded)) {
        step.log.hw = std::max(step.log.hw, *leader_hw_);
    }
    if (mutant(Mutant::follower_commits_all)) {
        step.log.hw = step.log.leo;
    }
    const Offset evictable = std::min(leader_log_start_, step.log.hw);
    if (evictable > std::max(step.log.log_start, eviction_asked_)) {
        eviction_asked_ = evictable;
        step.effects.push_back(EvictBelow{evictable});
    }
}

// In front of the Ack that lets the leader commit in its epoch.
void FollowerReplica::enter_epoch(Offset counted, Step& step) {
    if (!leso_ || counted < *leso_ || mutant(Mutant::epoch_not_entered)) {
        return;
    }
    if (step.log.entered.enter({step.record.leader_epoch, *leso_})) {
        persist_state(step);
    }
    leso_.reset();
}

void FollowerReplica::send_ack(Step& step) {
    const Offset counted = counted_position(step.log, step.record.durability);
    if (acked_ && *acked_ >= counted) {
        return;
    }
    acked_ = counted;
    enter_epoch(counted, step);
    step.history.followed_at = step.at.now;
    Ack ack;
    ack.from = step.self.spu;
    ack.boot = step.self.boot;
    ack.epoch = step.record.leader_epoch;
    ack.nonce = nonce_;
    ack.acked = counted;
    ack.echo = echo_;
    to_leader(std::move(ack), step);
}

}  // namespace weir::replication
