// One replica of a partition: what it is (leader, follower, neither), and which messages it obeys
// (design, replication 5.3 and 5.6).
//
// Owned by its driver; one executor, no IO, no clock: inputs come with the time, and each call
// appends to `effects` what the driver has to do, in order (effects.h). Inputs are messages of
// the SC and of other replicas, reports about the log, lost connections, and ticks. Messages are
// data from the network: what is late, doubled or of somebody else is ignored.
//
// An epoch is accepted once, from the SC, and stored before anything is done in it. A message of
// another replica counts only in exactly that epoch: of a lower one it is late, and for a higher
// one the SC has to be heard first.
#pragma once

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/replication/effects.h"
#include "core/replication/follower_replica.h"
#include "core/replication/leader_replica.h"
#include "core/replication/messages.h"
#include "core/replication/step.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

namespace weir::replication {

// What a replica finds on its disk when its process starts.
struct RecoveredReplica {
    // With the epoch that it had entered, whether it still reaches so far or not.
    ReplicaLog log;
    // The highest epoch that was accepted; kNoEpoch on a new disk.
    LeaderEpoch fence_epoch = kNoEpoch;
    // The version of that epoch's record that was stored with it.
    RecordVersion fence_version;
    // Of this partition in this process, before the replica was looked at anew; 0 at the start.
    std::uint64_t last_nonce = 0;
};

class ReplicaState {
public:
    // `options` must outlive it. `now` is when the process started, or later.
    ReplicaState(const ReplicaIdentity& self, const ReplicaOptions& options,
                 RecoveredReplica recovered, Instant now);

    // From the SC.
    void step(const LeaderIs& message, Moment at, Effects& effects);
    void step(const Probe& message, Effects& effects);
    // From another replica.
    void step(const PeerMessage& message, Moment at, Effects& effects);

    // About the log. A leader's driver may append only when `may_produce` says so, in the same
    // turn, and with the epoch of `record`; a follower's only for WriteBatches.
    void appended(std::span<const BatchMark> batches, Moment at, Effects& effects);
    // Everything below `durable` survives a loss of power.
    void synced(Offset durable, Moment at, Effects& effects);
    void evicted(Offset log_start);
    // Damage was found: the replica does nothing more in this process.
    void damaged(Effects& effects);

    // The connection to that SPU is gone.
    void disconnected(SpuId spu, Moment at, Effects& effects);
    // About every 100 ms.
    void tick(Moment at, Effects& effects);

    // As a leader: what to send to a follower now, and that it was read (LeaderReplica::next_push).
    std::optional<Push> next_push(SpuId spu, Moment at) const;
    void pushed(SpuId spu, const Push& push, std::span<const BatchMark> batches, std::size_t bytes,
                Moment at, Effects& effects);

    // What a producer waits for that asked for `asked`: never less than the record's ack_floor.
    Isolation acknowledged_at(Isolation asked) const;
    // `isolation` as acknowledged_at() says.
    Permission may_produce(Isolation isolation, Moment at) const;
    Permission may_read(Isolation isolation, Moment at) const;
    // Only records below this may be deleted (5.18): what is not known to be committed stays.
    Offset retention_limit() const { return log_.hw; }

    const ReplicaIdentity& self() const { return self_; }
    const ReplicaLog& log() const { return log_; }
    const PartitionRecord& record() const { return record_; }
    LeaderEpoch fence_epoch() const { return fence_epoch_; }
    // Null when it does not lead, or does not follow. Valid until the next call.
    const LeaderReplica* leader() const { return std::get_if<LeaderReplica>(&role_); }
    const FollowerReplica* follower() const { return std::get_if<FollowerReplica>(&role_); }
    std::uint64_t last_nonce() const { return history_.last_nonce; }
    // What it tells the SC of itself, in answer to a probe for `epoch` or unasked.
    ProbeAnswer probe_answer(LeaderEpoch epoch) const;
    // It can't be trusted to have what it should: it keeps still until it is replaced.
    bool is_suspect() const { return is_suspect_; }

private:
    // Probed for this epoch by the SC of this term, and not told anything newer since.
    struct ProbeFence {
        ScEpoch sc_epoch;
        LeaderEpoch epoch;
    };

    View view(Moment at) const { return {self_, options_, record_, at}; }
    Step make_step(Moment at, Effects& effects) { return {view(at), log_, history_, effects}; }
    bool is_this_partition(const PartitionRecord& record) const;
    bool is_assigned() const;
    bool is_news(const PartitionRecord& record) const;
    bool is_current(LeaderEpoch epoch) const { return epoch == record_.leader_epoch; }
    void lift_fence(Step step);
    bool is_chosen(const PartitionRecord& record) const;
    bool enter_epoch(LeaderEpoch epoch);
    // Tells the SC what became of the election of this replica, if it was elected.
    void answer_election(Effects& effects) const;
    void take_role(Step step);
    void lead(Step step);
    void leave_role(Effects& effects);

    void take(const Attach& message, Step step);
    void take(const Ack& message, Step step);
    void take(const AttachOk& message, Step step);
    void take(const Diverged& message, Step step);
    void take(const Reset& message, Step step);
    void take(const Append& message, Step step);

    ReplicaIdentity self_;
    const ReplicaOptions& options_;
    ReplicaLog log_;
    LeaderEpoch fence_epoch_;
    RecordVersion fence_version_;
    ScEpoch sc_epoch_;
    // The newest that was accepted; version 0 before the first.
    PartitionRecord record_;
    std::optional<ProbeFence> fence_;
    FollowerHistory history_;
    bool is_suspect_ = false;
    std::variant<std::monostate, FollowerReplica, LeaderReplica> role_;
};

}  // namespace weir::replication
