// What a leader knows of one of its followers: its session, how far it is, what is on the way.
//
// Owned by the LeaderReplica; no IO. The bytes are the driver's.
#pragma once

#include "core/base/ids.h"
#include "core/base/time.h"
#include "core/replication/messages.h"
#include "core/replication/step.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace weir::replication {

// What to send a follower next: whole batches from `base` on, `bytes_max` in all, but one if there
// is one, however large it is. 0: no batch; the Append tells HW and log start.
struct Push {
    std::uint64_t nonce = 0;
    Offset base;
    std::size_t bytes_max = 0;
};

class FollowerProgress {
public:
    // Nothing is known of it; it gets time from `now` on before it counts as lagging.
    FollowerProgress(const AssignedReplica& replica, Instant now)
        : spu_(replica.spu), uid_(replica.uid), caught_up_at_(now) {}

    SpuId spu() const { return spu_; }
    const Uid& uid() const { return uid_; }
    bool is_attached() const { return session_.has_value(); }
    // What it has is known with its first Ack: that it has entered the epoch is stored by then, if
    // it has what the leader began with. With the Attach it need not be.
    bool has_acked() const { return session_ && session_->has_acked; }
    // Of the attached session.
    Offset acked() const { return session_->acked; }
    BootEpoch boot() const { return session_->boot; }

    // True when it is newer than what was last seen of this follower; older ones are late copies.
    bool is_new(const Attach& attach) const;
    // Remembers that it came; not attached.
    void begin(const Attach& attach);
    void attach(const Attach& attach, Offset leo, Instant now);
    void detach(Offset leo, Instant now);

    // True when it is of the attached session.
    bool is_current(const Ack& ack) const;
    void acknowledge(const Ack& ack, Offset leo, Instant now);
    // The leader's log grows, and `leo` is where it ended before.
    void before_append(Offset leo, Instant now);

    // The last time at which it had everything that the leader had then.
    Instant caught_up_at(Offset leo, Instant now) const;
    // The session has been in sync for `hold`: it had everything as of then.
    bool is_steady(Offset leo, Instant now, Duration hold) const;
    // The SC did not want it: `is_steady` counts from now.
    void hold_again(Instant now);
    Instant held_since() const { return session_->held_since; }
    bool is_session(std::uint64_t nonce) const { return session_ && session_->nonce == nonce; }
    // It followed when it sent its last Ack, and that was within `lease` before `now`: counted from
    // when the leader sent the Append that it answers, since the Ack was sent after that.
    bool followed_since(Instant now, Duration lease) const {
        return session_ && session_->has_echo && now - session_->echo < lease;
    }

    std::optional<Push> next_push(const ReplicaLog& log, Instant now,
                                  const ReplicaOptions& options) const;
    // The driver has sent batches up to `end` with `bytes`; `end` is the base when there were none.
    void pushed(Offset end, std::size_t bytes, Instant now);

private:
    struct InFlight {
        Offset end;
        std::size_t bytes = 0;
    };
    struct Session {
        BootEpoch boot;
        std::uint64_t nonce = 0;
        Offset acked;
        bool has_acked = false;
        Offset cursor;
        Instant held_since;
        // Nothing was acknowledged yet without.
        bool has_echo = false;
        Instant echo;
        Instant pushed_at;
        std::size_t bytes_in_flight = 0;
        std::vector<InFlight> in_flight;
    };

    void note_position(Offset acked, Offset leo, Instant now);

    SpuId spu_;
    Uid uid_;
    std::optional<Session> session_;
    // Newest Attach that was seen.
    BootEpoch boot_seen_;
    std::uint64_t nonce_seen_ = 0;
    Instant caught_up_at_;
    // The leader's LEO at a time: who acknowledges it was caught up then.
    Offset mark_leo_;
    Instant mark_at_;
};

}  // namespace weir::replication
