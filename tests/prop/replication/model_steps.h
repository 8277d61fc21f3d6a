// A cluster whose every next step is chosen by the caller, from all that are possible (the same
// cluster as in the random walks, without chance).
//
// A copy goes its own way. One thread. It starts at rest: SPU 1 leads, all others follow and are
// live, nothing is on the way. Messages between two ends come in the order in which they were sent,
// unless a counted step says otherwise.
//
// What keeps the number of states finite: a message that is equal to the last one that waits on its
// way is not queued again, and a record that the SC tells takes the place of an older one that
// waits there last (the receiver could as well have heard that one before the newer was written).
// A leader sends an Append without records only when it tells something new; what was asked is
// asked again only when neither question nor answer is on the way.
#pragma once

#include "tests/prop/replication/model_cluster.h"
#include "tests/prop/replication/model_fingerprint.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace weir::replication::model {

enum class StepKind : std::uint8_t {
    // Free: what a cluster does by itself, at any time and in any order.
    deliver,       // the oldest message from one to another
    deliver_late,  // one that was held or copied
    push,          // a leader sends what a follower lacks
    sync,          // a disk has synced
    tick,          // a leader proposes, or who waits for an answer that can't come asks again
    elect,         // the SC chooses a leader, when there is none
    unfence,       // the SC has heard of a process that it took for gone
    // Counted: what clients and operators do, and what goes wrong.
    produce,
    kill,        // a process ends
    stop,        // it ends in order
    power_loss,  // its machine loses what is not synced, or a part of that
    start,       // a process starts, with any older HW in its file
    fence,       // the SC takes an SPU for gone
    lose,        // the oldest message on a way is lost
    hold,        // it comes later, at any time
    copy,        // it comes a second time, at any time
    disconnect,  // one end finds the connection to another gone
    probe,
    move,        // an operator moves the leader
    give_up,     // the SC waits for its candidate no longer
    restart_sc,  // what it had not stored is gone
    lag,         // much time passes: who is not in sync has not been for long
    replace,     // a disk is replaced by an empty one
    damage,      // a log is found damaged
    part,        // an SPU is cut off: what is sent to it and by it waits
    join,        // it is not any more
    block,       // what is sent from one to another waits
    open,        // it goes on
    count
};

constexpr std::uint32_t bit(StepKind kind) {
    return std::uint32_t{1} << static_cast<unsigned>(kind);
}

// The number of the way of messages from one to another; 0 is the SC.
inline constexpr unsigned kWayBase = 8;
constexpr unsigned way(std::uint8_t from, std::uint8_t to) {
    return from * kWayBase + to;
}

inline constexpr std::uint8_t kNoCut = std::numeric_limits<std::uint8_t>::max();

struct Step {
    StepKind kind = StepKind::deliver;
    // SPUs; 0 is the SC.
    std::uint8_t from = 0;
    std::uint8_t to = 0;
    std::uint8_t choice = 0;
    // The process ends after so many effects of the step; kNoCut: it goes on.
    std::uint8_t cut = kNoCut;
};

// It may find nothing to do.
constexpr bool may_be_idle(const Step& step) {
    return step.kind == StepKind::tick || step.kind == StepKind::elect;
}

class StepWorld final : public Cluster {
public:
    struct Size {
        std::size_t replicas = 3;
        std::uint32_t min_live = 2;
        Durability durability = Durability::fsync;
    };
    explicit StepWorld(const Size& size);
    StepWorld(const StepWorld& other) = default;

    // All steps that are possible now, of the free kinds and of those in `counted` (bits).
    void list_steps(std::uint32_t counted, std::vector<Step>& steps) const;
    // One of them; the oracle has checked the state behind it.
    void apply(const Step& step);
    // A run: free steps until none changes anything, in one order: messages first, then what
    // replicas do, then the SC. Where the cut of the step before was not reached, it may be here.
    // `told`, if not null, gets the steps in words.
    void come_to_rest(std::vector<std::string>* told);
    // Effects of the last step, or of the run that it began.
    std::uint8_t effect_count() const { return effects_; }
    // For a person, in the state before it.
    std::string describe(const Step& step) const;
    Fingerprint hash() const;

private:
    void send(Mail mail) override;
    bool may_perform(Node& node, const Effect& effect) override;
    bool may_write(const Node&) override { return true; }
    Offset stored_hw(const Node& node, Offset limit) override;
    std::size_t kept_by_power_loss(const Node& node) override;

    void list_node(const Node& node, std::uint32_t counted, std::vector<Step>& steps) const;
    void list_crashes(const Node& node, std::uint32_t counted, std::vector<Step>& steps) const;
    void list_leader(const Node& node, std::vector<Step>& steps) const;
    void list_ways(std::uint32_t counted, std::vector<Step>& steps) const;
    void list_blocks(std::uint32_t counted, std::vector<Step>& steps) const;
    // The first free step that changes something, if there is one.
    bool go_on(std::vector<std::string>* told);
    bool is_blocked(std::uint8_t from, std::uint8_t to) const;
    void set_blocked(std::uint8_t from, std::uint8_t to, bool is_blocked);
    void isolate(std::uint8_t spu, bool is_isolated);
    // True when it changed something.
    bool act_and_check(const Step& step);
    void act(const Step& step);
    void act_on_sc(const Step& step);
    void replace_disk(Node& node);
    bool is_quiet(SpuId one, SpuId other) const;
    bool is_worth_a_tick(const Node& node) const;
    bool has_news(const Node& leader, const Node& follower) const;
    bool is_spare(const Node& node) const;
    const Node& at(std::uint8_t spu) const { return nodes_[spu - 1U]; }
    Node& at(std::uint8_t spu) { return nodes_[spu - 1U]; }

    // Of all ways, in order of sending.
    std::vector<Mail> network_;
    std::vector<Mail> late_;
    // Bits of ways.
    std::uint64_t blocked_ = 0;
    std::uint32_t lossy_left_ = 0;
    std::uint32_t disks_left_ = 1;
    std::uint64_t last_storage_ = 1;
    // Of the step under way.
    std::uint8_t choice_ = 0;
    std::uint8_t cut_ = kNoCut;
    std::uint8_t effects_ = 0;
    // In the run under way, of each SPU.
    std::array<std::uint8_t, kWayBase> ticks_ = {};
};

}  // namespace weir::replication::model
