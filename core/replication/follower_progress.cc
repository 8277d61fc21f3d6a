#include "core/replication/follower_progress.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"

#include <algorithm>

namespace weir::replication {

bool FollowerProgress::is_new(const Attach& attach) const {
    if (attach.boot != boot_seen_) {
        return attach.boot > boot_seen_;
    }
    return attach.nonce > nonce_seen_;
}

void FollowerProgress::begin(const Attach& attach) {
    WEIR_ASSERT(!session_);
    WEIR_ASSERT(is_new(attach));
    boot_seen_ = attach.boot;
    nonce_seen_ = attach.nonce;
}

void FollowerProgress::attach(const Attach& attach, Offset leo, Instant now) {
    WEIR_ASSERT(!session_);
    Session session;
    session.boot = attach.boot;
    session.nonce = attach.nonce;
    session.acked = attach.acked;
    session.cursor = attach.leo;
    session.held_since = now;
    session_ = std::move(session);
    mark_leo_ = leo;
    mark_at_ = now;
    note_position(session_->acked, leo, now);
}

void FollowerProgress::detach(Offset leo, Instant now) {
    caught_up_at_ = caught_up_at(leo, now);
    session_.reset();
}

bool FollowerProgress::is_current(const Ack& ack) const {
    if (mutant(Mutant::ack_of_any_session)) {
        return session_.has_value();
    }
    return session_ && session_->boot == ack.boot && session_->nonce == ack.nonce;
}

void FollowerProgress::acknowledge(const Ack& ack, Offset leo, Instant now) {
    WEIR_ASSERT(session_);
    session_->has_acked = true;
    if (ack.echo > session_->echo) {
        session_->echo = ack.echo;
        session_->has_echo = true;
    }
    if (ack.acked <= session_->acked) {
        return;
    }
    session_->acked = ack.acked;
    auto& in_flight = session_->in_flight;
    auto first_open = in_flight.begin();
    while (first_open != in_flight.end() && first_open->end <= ack.acked) {
        session_->bytes_in_flight -= first_open->bytes;
        ++first_open;
    }
    in_flight.erase(in_flight.begin(), first_open);
    note_position(ack.acked, leo, now);
}

void FollowerProgress::note_position(Offset acked, Offset leo, Instant now) {
    if (acked >= leo) {
        caught_up_at_ = now;
    } else if (acked >= mark_leo_) {
        caught_up_at_ = std::max(caught_up_at_, mark_at_);
    } else {
        return;
    }
    mark_leo_ = leo;
    mark_at_ = now;
}

void FollowerProgress::before_append(Offset leo, Instant now) {
    if (session_ && session_->acked >= leo) {
        caught_up_at_ = now;
        mark_leo_ = leo;
        mark_at_ = now;
    }
}

Instant FollowerProgress::caught_up_at(Offset leo, Instant now) const {
    return session_ && session_->acked >= leo ? now : caught_up_at_;
}

bool FollowerProgress::is_steady(Offset leo, Instant now, Duration hold) const {
    return session_ && now - session_->held_since >= hold && now - caught_up_at(leo, now) <= hold;
}

void FollowerProgress::hold_again(Instant now) {
    if (session_) {
        session_->held_since = now;
    }
}

std::optional<Push> FollowerProgress::next_push(const ReplicaLog& log, Instant now,
                                                const ReplicaOptions& options) const {
    if (!session_) {
        return std::nullopt;
    }
    Push push;
    push.nonce = session_->nonce;
    push.base = session_->cursor;
    if (session_->cursor < log.leo && session_->bytes_in_flight < options.window_bytes) {
        // May exceed the window by the one batch that is always sent.
        push.bytes_max =
            std::min(options.chunk_bytes, options.window_bytes - session_->bytes_in_flight);
        return push;
    }
    if (now - session_->pushed_at >= options.keepalive) {
        return push;
    }
    return std::nullopt;
}

void FollowerProgress::pushed(Offset end, std::size_t bytes, Instant now) {
    WEIR_ASSERT(session_);
    WEIR_ASSERT(end >= session_->cursor);
    session_->pushed_at = now;
    if (end == session_->cursor) {
        return;
    }
    session_->cursor = end;
    if (end <= session_->acked) {
        // It has these from an earlier session, and has said so in this one: nothing that comes
        // from it would take them out of the window.
        return;
    }
    session_->bytes_in_flight += bytes;
    session_->in_flight.push_back({end, bytes});
}

}  // namespace weir::replication
