// The members of the rules that they show to nobody, for a fingerprint of their state.
//
// An explicit instantiation may name what is private ([temp.spec]); a friend of it hands the
// pointer out. Nothing else in the tests may look behind the interface of the rules.
#pragma once

#include "core/replication/replica_state.h"

namespace weir::replication::model {

template <typename Name, auto kMember>
struct Opened {
    friend constexpr auto member(Name) { return kMember; }
};

struct StateFenceVersion {
    friend constexpr auto member(StateFenceVersion);
};
struct StateScEpoch {
    friend constexpr auto member(StateScEpoch);
};
struct StateFence {
    friend constexpr auto member(StateFence);
};
struct StateHistory {
    friend constexpr auto member(StateHistory);
};

struct LeaderHwHoldsUntil {
    friend constexpr auto member(LeaderHwHoldsUntil);
};
struct LeaderFollowers {
    friend constexpr auto member(LeaderFollowers);
};
struct LeaderProposedAt {
    friend constexpr auto member(LeaderProposedAt);
};

struct FollowerAskedAt {
    friend constexpr auto member(FollowerAskedAt);
};
struct FollowerRetryAt {
    friend constexpr auto member(FollowerRetryAt);
};
struct FollowerRetryAfter {
    friend constexpr auto member(FollowerRetryAfter);
};
struct FollowerSilenceMax {
    friend constexpr auto member(FollowerSilenceMax);
};
struct FollowerHeardAt {
    friend constexpr auto member(FollowerHeardAt);
};
struct FollowerLeso {
    friend constexpr auto member(FollowerLeso);
};
struct FollowerLeaderHw {
    friend constexpr auto member(FollowerLeaderHw);
};
struct FollowerLeaderLogStart {
    friend constexpr auto member(FollowerLeaderLogStart);
};
struct FollowerEvictionAsked {
    friend constexpr auto member(FollowerEvictionAsked);
};
struct FollowerEcho {
    friend constexpr auto member(FollowerEcho);
};
struct FollowerAcked {
    friend constexpr auto member(FollowerAcked);
};

struct ProgressSession {
    friend constexpr auto member(ProgressSession);
};
struct ProgressBootSeen {
    friend constexpr auto member(ProgressBootSeen);
};
struct ProgressNonceSeen {
    friend constexpr auto member(ProgressNonceSeen);
};
struct ProgressCaughtUpAt {
    friend constexpr auto member(ProgressCaughtUpAt);
};
struct ProgressMarkLeo {
    friend constexpr auto member(ProgressMarkLeo);
};
struct ProgressMarkAt {
    friend constexpr auto member(ProgressMarkAt);
};

template struct Opened<StateFenceVersion, &ReplicaState::fence_version_>;
template struct Opened<StateScEpoch, &ReplicaState::sc_epoch_>;
template struct Opened<StateFence, &ReplicaState::fence_>;
template struct Opened<StateHistory, &ReplicaState::history_>;
template struct Opened<LeaderHwHoldsUntil, &LeaderReplica::hw_holds_until_>;
template struct Opened<LeaderFollowers, &LeaderReplica::followers_>;
template struct Opened<LeaderProposedAt, &LeaderReplica::proposed_at_>;
template struct Opened<FollowerAskedAt, &FollowerReplica::asked_at_>;
template struct Opened<FollowerRetryAt, &FollowerReplica::retry_at_>;
template struct Opened<FollowerRetryAfter, &FollowerReplica::retry_after_>;
template struct Opened<FollowerSilenceMax, &FollowerReplica::silence_max_>;
template struct Opened<FollowerHeardAt, &FollowerReplica::heard_at_>;
template struct Opened<FollowerLeso, &FollowerReplica::leso_>;
template struct Opened<FollowerLeaderHw, &FollowerReplica::leader_hw_>;
template struct Opened<FollowerLeaderLogStart, &FollowerReplica::leader_log_start_>;
template struct Opened<FollowerEvictionAsked, &FollowerReplica::eviction_asked_>;
template struct Opened<FollowerEcho, &FollowerReplica::echo_>;
template struct Opened<FollowerAcked, &FollowerReplica::acked_>;
template struct Opened<ProgressSession, &FollowerProgress::session_>;
template struct Opened<ProgressBootSeen, &FollowerProgress::boot_seen_>;
template struct Opened<ProgressNonceSeen, &FollowerProgress::nonce_seen_>;
template struct Opened<ProgressCaughtUpAt, &FollowerProgress::caught_up_at_>;
template struct Opened<ProgressMarkLeo, &FollowerProgress::mark_leo_>;
template struct Opened<ProgressMarkAt, &FollowerProgress::mark_at_>;

}  // namespace weir::replication::model
