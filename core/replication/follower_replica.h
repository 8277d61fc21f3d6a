// A follower of one leader in one epoch (design, replication 5.8, 5.9, 5.12).
//
// Owned by the ReplicaState for as long as it follows that leader in that epoch; one executor, no
// IO, no clock. It attaches under a nonce, and acts only on what carries that nonce: an answer to
// an earlier attempt may speak of a log that it no longer has.
//
//   attaching --no answer yet--> attaching (same nonce: the answer may be under way)
//   attaching --AttachOk--> attached --gap, silence, lost connection--> attaching (next nonce)
//   attaching --Diverged: truncate, Reset: start empty--> attaching (next nonce)
//   attaching --Diverged below the own HW--> suspect
#pragma once

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/replication/messages.h"
#include "core/replication/step.h"

#include <cstdint>
#include <optional>

namespace weir::replication {

class FollowerReplica {
public:
    explicit FollowerReplica(Step step);

    // Attaches anew, now.
    void start_over(Step step) { attach_anew(step); }
    // The connection to the leader is gone: what was asked on it is void. Tries again in time.
    void disconnected(Step step);
    // Attaches again when there was no answer, or the leader is silent. Wanted about every 100 ms.
    void tick(Step step);

    void attached(const AttachOk& answer, Step step);
    // False when the replica must not go on: it would lose what is committed.
    [[nodiscard]] bool diverged(const Diverged& answer, Step step);
    void reset(const Reset& answer, Step step);
    void append(const Append& append, Step step);
    // The log has got longer, or more of it is durable.
    void log_moved(Step step);

    bool is_attached() const { return phase_ == Phase::attached; }
    std::uint64_t nonce() const { return nonce_; }

private:
    enum class Phase : std::uint8_t { attaching, attached };

    void take_nonce(Step& step);
    void attach_anew(Step& step);
    void send_attach(Step& step);
    void send_ack(Step& step);
    void enter_epoch(Offset counted, Step& step);
    void follow_leader(Step& step);
    bool fits(const Append& append, const Step& step) const;

    Phase phase_ = Phase::attaching;
    std::uint64_t nonce_ = 0;
    // When the nonce was taken.
    Instant asked_at_;
    Instant retry_at_;
    Duration retry_after_;
    // Longer after each silence on this connection: a thin link takes its time for one Append.
    Duration silence_max_;
    // The last word of the leader in this session.
    Instant heard_at_;
    // What is left to reach of the leader's epoch in this session, to have entered it.
    std::optional<Offset> leso_;
    // Of the newest Append of this session.
    std::optional<Offset> leader_hw_;
    Offset leader_log_start_;
    Offset eviction_asked_;
    Instant echo_;
    // The last that was sent in this session.
    std::optional<Offset> acked_;
};

}  // namespace weir::replication
