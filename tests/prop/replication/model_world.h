// The world of the stateful model: replicas that run the real rules, their disks, and a network
// that loses, doubles and reorders (design, replication 7).
//
// One walk is one World: a seed decides its size, its mode, and every step. Owned by whoever runs
// the walk; one thread. Time stands still except for jumps, so that no choice is ruled out by a
// timer.
#pragma once

#include "core/base/prng.h"
#include "core/replication/replica_state.h"
#include "tests/prop/replication/model_oracle.h"
#include "tests/prop/replication/model_sc.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir::replication::model {

struct FromPeer {
    PeerMessage message;
    // Of an Append: what its batches hold.
    std::vector<std::uint32_t> values;
};
using FromSc = std::variant<std::shared_ptr<const LeaderIs>, Probe>;
struct ForSc {
    SpuId from = kNoSpu;
    ScMessage message;
};

struct Mail {
    // kNoSpu: the SC.
    SpuId to = kNoSpu;
    std::variant<FromPeer, FromSc, ForSc> content;
    // It is held back until so many deliveries have happened.
    std::uint64_t ready_at = 0;
};

class World {
public:
    explicit World(std::uint64_t seed);

    // Random steps until `steps_max` or a violation, then, for some seeds, a calm in which
    // everything has to come to rest.
    void walk(std::size_t steps_max);

    const Oracle& oracle() const { return oracle_; }
    // The record and every replica, in lines for a person.
    std::string describe() const;
    // How often each kind of thing happened, so that a walk that does nothing is seen.
    struct Counts {
        std::uint64_t steps = 0;
        std::uint64_t committed = 0;
        std::uint64_t elections = 0;
        std::uint64_t truncations = 0;
        std::uint64_t crashes = 0;
        std::uint64_t lossy_crashes = 0;
        std::uint64_t expansions = 0;
        std::uint64_t calms = 0;
    };
    const Counts& counts() const { return counts_; }

private:
    enum class CrashKind : std::uint8_t { orderly, process, power };

    // model_world.cc: the driver of a replica, and the network.
    void start(Node& node);
    void crash(Node& node, CrashKind kind);
    void perform(Node& node, Effects& effects, const FromPeer* input);
    void perform(Node& node, const Effect& effect, const FromPeer* input, Effects& effects);
    void write_batches(Node& node, const FromPeer& input, Effects& effects);
    void send(Mail mail);
    void tell_record(const Node& node);
    void tell_all();
    bool deliver_one();
    void deliver(Mail mail);
    void receive(Node& node, const FromPeer& mail);
    void receive(Node& node, const FromSc& mail);
    void receive(const ForSc& mail);
    void push(Node& node, SpuId follower);
    void sync(Node& node);
    void tick(Node& node);
    Moment moment() const { return {now_, now_ + Duration::from_s(1'000'000)}; }

    // model_walk.cc: what happens when.
    void step();
    void act(std::uint64_t choice);
    void act_on_replica(std::uint64_t choice);
    void act_on_sc();
    void probe(const Node& node);
    void fault();
    void produce(Node& node);
    void replace_disk(Node& node);
    void reconnect_all();
    void settle();
    bool is_settled() const;
    Node& any_node();
    Node& busy_node();
    Node& node_of(SpuId spu);

    Prng prng_;
    ReplicaOptions options_;
    Instant now_ = Instant::from_ns(1);
    std::vector<Node> nodes_;
    Oracle oracle_;
    Sc sc_;
    std::vector<Mail> network_;
    std::uint64_t deliveries_ = 0;
    bool is_calm_ = false;
    std::uint32_t last_value_ = 0;
    std::uint64_t lossy_crashes_left_ = 0;
    std::uint64_t disks_left_ = 0;
    std::uint64_t last_storage_ = 1;
    const Node* touched_ = nullptr;
    Counts counts_;
};

}  // namespace weir::replication::model
