// The world of the stateful model: a cluster, and a network that loses, doubles and reorders
// (design, replication 7).
//
// One walk is one World: a seed decides its size, its mode, and every step. Owned by whoever runs
// the walk; one thread. Time stands still except for jumps, so that no choice is ruled out by a
// timer.
#pragma once

#include "core/base/prng.h"
#include "tests/prop/replication/model_cluster.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::replication::model {

class World final : public Cluster {
public:
    static World of_seed(std::uint64_t seed);

    // Random steps until `steps_max` or a violation, then, for some seeds, a calm in which
    // everything has to come to rest.
    void walk(std::size_t steps_max);

    // How often each kind of thing happened, so that a walk that does nothing is seen.
    struct Counts {
        std::uint64_t steps = 0;
        std::uint64_t committed = 0;
        std::uint64_t elections = 0;
        std::uint64_t truncations = 0;
        std::uint64_t crashes = 0;
        std::uint64_t lossy_crashes = 0;
        std::uint64_t reassignments = 0;
        std::uint64_t damages = 0;
        std::uint64_t calms = 0;
    };
    const Counts& counts() const { return counts_; }

private:
    // A message is held back until so many deliveries have happened.
    struct Held {
        Mail mail;
        std::uint64_t ready_at = 0;
    };

    // `prng` has made the record.
    World(const PartitionRecord& record, std::size_t spu_count, const Prng& prng);

    void send(Mail mail) override;
    bool may_perform(Node& node, const Effect& effect) override;
    bool may_write(const Node& node) override;
    Offset stored_hw(const Node& node, Offset limit) override;
    std::size_t kept_by_power_loss(const Node& node) override;
    bool deliver_one();
    // The process of the node ends.
    void end(Node& node, CrashKind kind);

    // model_walk.cc: what happens when.
    void step();
    void act(std::uint64_t choice);
    void act_on_replica(std::uint64_t choice);
    void act_on_sc();
    void fault();
    void produce_some(Node& node);
    void lose_replica(Node& node, bool with_disk);
    void reassign();
    void reconnect_all();
    void settle();
    bool is_settled() const;
    Node& any_node();
    Node& busy_node();

    Prng prng_;
    std::vector<Held> network_;
    std::uint64_t deliveries_ = 0;
    bool is_calm_ = false;
    std::uint64_t lossy_crashes_left_ = 0;
    std::uint64_t disks_left_ = 0;
    std::uint64_t reassignments_left_ = 0;
    std::uint64_t last_storage_ = 1;
    Counts counts_;
};

}  // namespace weir::replication::model
