// What the replicas of this SPU have to say to those of other SPUs, sorted by connection.
//
// There is one connection for each direction of following: a follower dials the SPU that leads
// (leader_link.h), and the leader answers on that connection (follower_session.h). The hub knows
// which of them are there, and which are wanted. What is said while there is no connection is lost,
// as the rules expect; of what a follower says at first (Attach) the newest is kept for the
// connection that is being made.
//
// Owner: the Context. Never waits; one shard.
#pragma once

#include "core/base/intrusive_list.h"
#include "core/task/cancel.h"
#include "core/task/sync.h"
#include "core/wire/replication.h"

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace weir::spu {

class Replica;

// A follower of a replica that this SPU leads. Linked while there may be something to push to it.
struct FollowerNews : public ListNode {
    FollowerNews(Replica& replica_in, SpuId follower_in)
        : replica(replica_in), follower(follower_in) {}
    Replica& replica;
    SpuId follower;
    // What it has acknowledged; -1 while it is not attached.
    Offset acked{-1};
};

// What is to be sent on one connection, in order. Whoever sends waits on `changed`.
struct PeerOutbox {
    explicit PeerOutbox(Executor& executor) : changed(executor) {}
    void put(wire::internal::PartitionMessage message);

    std::vector<wire::internal::PartitionMessage> messages;
    Notifier changed;
};

// To the SPU that leads what is followed here.
struct LeaderOutbox : public PeerOutbox {
    LeaderOutbox(Executor& executor, SpuId leader_in) : PeerOutbox(executor), leader(leader_in) {}
    SpuId leader;
    // Replicas here that follow one there. `changed` tells.
    std::size_t replica_count = 0;
    bool connected = false;
    // Wait for the connection.
    std::map<wire::internal::PartitionRef, wire::internal::PartitionMessage> attaches;
};

// To an SPU that follows what is led here. Lives as long as its connection.
struct FollowerOutbox : public PeerOutbox {
    FollowerOutbox(Executor& executor, CancelToken token) : PeerOutbox(executor), end(token) {}
    // The connection is of no further use.
    CancelSource end;
    IntrusiveList<FollowerNews> news;
};

class PeerHub {
public:
    explicit PeerHub(Executor& executor) : executor_(executor), leaders_changed_(executor) {}

    // Attach and Ack go to the SPU as leader, all others to it as follower. Not for Appends.
    void send(SpuId to, wire::internal::PartitionMessage message);
    // There may be something to push.
    void has_news(FollowerNews& news);

    // One replica more, or one less, follows a replica of `leader`.
    void follow(SpuId leader);
    void unfollow(SpuId leader);
    // All that were ever followed; an entry stays. Notified when there is a new one.
    const std::map<SpuId, std::unique_ptr<LeaderOutbox>>& leaders() const { return leaders_; }
    Notifier& leaders_changed() { return leaders_changed_; }

    // A connection of this follower. False when another one has taken its place before it closes.
    void open_session(SpuId follower, FollowerOutbox& outbox);
    [[nodiscard]] bool close_session(SpuId follower, FollowerOutbox& outbox);

private:
    Executor& executor_;
    std::map<SpuId, std::unique_ptr<LeaderOutbox>> leaders_;
    std::map<SpuId, FollowerOutbox*> followers_;
    Notifier leaders_changed_;
};

}  // namespace weir::spu
