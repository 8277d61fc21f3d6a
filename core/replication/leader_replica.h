// The leader of one partition in one epoch (design, replication 5.6-5.11).
//
// Owned by the ReplicaState for as long as the epoch lasts; one executor, no IO, no clock. Every
// call gets the shared part of the replica as a Step. Messages have passed the check of their
// epoch before they come here, except where a function says otherwise.
//
// Two sets of members matter. The committed LRS is that of the record: min_live is judged by it.
// The maximal LRS is that and the proposed one together: the HW waits for all of it. So neither a
// shrink counts before it is stored, nor can the SC elect somebody for whom the HW did not wait.
#pragma once

#include "core/base/time.h"
#include "core/replication/follower_progress.h"
#include "core/replication/high_watermark.h"
#include "core/replication/messages.h"
#include "core/replication/step.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace weir::replication {

enum class Isolation : std::uint8_t { read_uncommitted, read_committed };

enum class Permission : std::uint8_t {
    granted,
    // Not a leader, or not for sure any more: the client has to look for another.
    not_leader,
    // Fewer than min_live replicas: nothing could be committed now.
    not_enough_replicas,
};

class LeaderReplica {
public:
    // Leads the epoch of `step.record`. With strict reads, a predecessor may serve committed reads
    // until `hw_holds_until`: no HW moves before that.
    LeaderReplica(Step step, Instant hw_holds_until);

    // Where the log ended when the epoch began.
    Offset leso() const { return leso_; }

    // `step.record` is newer, and of the same epoch. Decides a proposal of an older version.
    void record_changed(Step step);

    // Of the leader's epoch.
    void attach(const Attach& attach, Step step);
    void acknowledge(const Ack& ack, Step step);
    // The connection to a follower is gone.
    void detach(SpuId spu, Step step);

    // To call before the log grows, and after.
    void before_append(Step step);
    void log_moved(Step step) { advance_hw(step); }

    // Proposes changes of the LRS, repeats the one in flight. Wanted about every 100 ms.
    void tick(Step step);

    // What to send to a follower now; nothing when it is not attached, its window is full or there
    // is no news. The driver reads the batches and gives their marks to `pushed`, which makes the
    // Append to send with them.
    std::optional<Push> next_push(SpuId spu, const ReplicaLog& log, const View& view) const;
    // Nothing for a push of a session that has ended.
    void pushed(SpuId spu, const Push& push, std::span<const BatchMark> batches, std::size_t bytes,
                Step step);

    // Appending for a producer that wants this kind of acknowledgement.
    Permission may_produce(Isolation isolation, const View& view) const;
    Permission may_read(Isolation isolation, const View& view) const;
    // False while the HW may lag that of the epoch before: then nobody is told where the committed
    // part ends.
    bool knows_committed_end(const ReplicaLog& log) const { return log.hw >= leso_; }

    // Ascending; what the HW waits for.
    const SpuSet& maximal_lrs() const { return maximal_; }
    const std::optional<AlterLrs>& proposal() const { return proposal_; }

private:
    FollowerProgress* find(SpuId spu);
    const FollowerProgress* find(SpuId spu) const;
    void take_record(Step& step);
    void compute_maximal(const PartitionRecord& record);
    void advance_hw(Step& step);
    void propose(SpuSet lrs, std::vector<AddedMember> added, Step& step);
    bool propose_shrink(Step& step);
    void propose_expansion(Step& step);
    bool may_join(const FollowerProgress& follower, const Step& step) const;
    bool in_lease(const View& view) const;
    bool is_followed_by_all(const View& view) const;

    Offset leso_;
    Instant hw_holds_until_;
    // All assigned replicas but this one, ascending by SPU.
    std::vector<FollowerProgress> followers_;
    SpuSet maximal_;
    std::optional<AlterLrs> proposal_;
    Instant proposed_at_;
    // Scratch of advance_hw.
    std::vector<AckedPosition> acked_;
};

}  // namespace weir::replication
