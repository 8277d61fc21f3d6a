// A partition's replicas that run the real rules, their disks, the SC and the messages between them
// (design, replication 7): the driver of the rules, for tests.
//
// What happens when is the matter of whoever derives from it: random in the stateful model
// (model_world.h), by a file of commands in the transcripts (tests/transcript). One thread.
#pragma once

#include "core/replication/replica_state.h"
#include "tests/prop/replication/model_oracle.h"
#include "tests/prop/replication/model_sc.h"

#include <cstddef>
#include <cstdint>
#include <memory>
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
    ScMessage message;
};

struct Mail {
    // kNoSpu: the SC.
    SpuId from = kNoSpu;
    SpuId to = kNoSpu;
    std::variant<FromPeer, FromSc, ForSc> content;
};

// Of a partition that nobody has led yet, on SPUs 1 to `replicas`.
PartitionRecord first_record(std::size_t replicas, std::uint32_t min_live, Durability durability);

// Nothing waits for time, and a few records fill the window.
ReplicaOptions hasty_options();

class Cluster {
public:
    // SPUs 1 to `spu_count` on empty disks, among them those of the record's replicas; none is
    // started.
    Cluster(const PartitionRecord& record, std::size_t spu_count, const ReplicaOptions& options);
    virtual ~Cluster() = default;

    Cluster& operator=(const Cluster&) = delete;

    const Oracle& oracle() const { return oracle_; }
    // The record and every replica, in lines for a person.
    std::string describe() const;

protected:
    // Another one in the same state, to go another way from here.
    Cluster(const Cluster& other);

    enum class CrashKind : std::uint8_t { orderly, process, power };

    // --- What is decided elsewhere

    // Takes a message on its way; what is deliver()ed comes from here.
    virtual void send(Mail mail) = 0;
    // Told of each effect before it is carried out. False: the process ends before that.
    virtual bool may_perform(Node& node, const Effect& effect) = 0;
    // The disk takes the batches of an Append.
    virtual bool may_write(const Node& node) = 0;
    // What the HW file of a replica that starts says, at most `limit`.
    virtual Offset stored_hw(const Node& node, Offset limit) = 0;
    // How many of the records that are not durable a loss of power leaves.
    virtual std::size_t kept_by_power_loss(const Node& node) = 0;

    // --- What happens

    // Registers; an SPU that holds a replica runs its rules from then on.
    void start(Node& node);
    // A registered SPU gets a replica that is new there; what it had of another one is void.
    void assign(Node& node, Uid uid);
    // The SC has taken the replica away, and tells the SPU.
    void remove(Node& node);
    // The replica finds that its log is damaged, and the SC hears of it at once: if the others were
    // lost before it does, the only copy would be damaged, and that is for an operator.
    void find_damage(Node& node);
    void crash(Node& node, CrashKind kind);
    void deliver(Mail mail);
    // A client's record, if the rules allow it. False when they do not.
    bool produce(Node& node, Isolation isolation);
    // As leader, what the follower is to get next, if anything.
    void push(Node& node, SpuId follower);
    void sync(Node& node);
    void tick(Node& node);
    void disconnect(Node& node, SpuId other);
    void probe(const Node& node);
    void tell_record(const Node& node);
    void tell_all();

    Node& node_of(SpuId spu);
    // The record has a place for the replica that the SPU has.
    bool is_assigned(const Node& node) const;
    // In a lease that does not end.
    Moment moment() const { return {now_, now_ + Duration::from_s(1'000'000)}; }

    // Shared with copies: the rules keep a reference.
    std::shared_ptr<const ReplicaOptions> options_;
    Instant now_ = Instant::from_ns(1);
    std::vector<Node> nodes_;
    Oracle oracle_;
    Sc sc_;
    // Whose state the last step has changed.
    const Node* touched_ = nullptr;

private:
    void run_rules(Node& node, Uid uid, RecoveredReplica recovered);
    void perform(Node& node, Effects& effects, const FromPeer* input);
    void perform(Node& node, const Effect& effect, const FromPeer* input, Effects& effects);
    void write_batches(Node& node, const FromPeer& input, Effects& effects);
    void receive(Node& node, const FromPeer& mail);
    void receive(Node& node, const FromSc& mail);
    void receive(SpuId from, const ForSc& mail);

    std::uint32_t last_value_ = 0;
};

}  // namespace weir::replication::model
