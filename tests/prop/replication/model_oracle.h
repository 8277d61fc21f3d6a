// What the stateful model knows that no replica knows, and the invariants that it checks by that
// (design, replication 8).
//
// Owned by the World, which tells it every event. The first violation is kept; the walk ends there.
#pragma once

#include "core/control/spu_state.h"
#include "core/model/durability.h"
#include "core/model/partition_record.h"
#include "core/replication/replica_state.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::replication::model {

// A record; one batch has one. Two of them are the same only if both are equal.
struct Rec {
    LeaderEpoch epoch = kNoEpoch;
    std::uint32_t value = 0;
    friend bool operator==(const Rec&, const Rec&) = default;
};

// What a crash leaves, and what it does not.
struct Disk {
    std::vector<Rec> log;
    // Of `log`, what a loss of power can't take.
    std::size_t durable = 0;
    LeaderEpoch fence_epoch = kNoEpoch;
    RecordVersion fence_version;
    EnteredEpoch entered;
    BootEpoch clean_boot = kNoBoot;
    Uid storage;
    // Of the replica that the log belongs to; none before the first.
    Uid replica;
};

// What a unique_ptr is, and copied with what it points to.
struct ReplicaSlot : std::unique_ptr<ReplicaState> {
    using std::unique_ptr<ReplicaState>::operator=;
    ReplicaSlot() = default;
    ReplicaSlot(const ReplicaSlot& other)
        : unique_ptr(other == nullptr ? nullptr : std::make_unique<ReplicaState>(*other)) {}
    ReplicaSlot& operator=(const ReplicaSlot&) = delete;
};

struct Node {
    SpuId spu = kNoSpu;
    Disk disk;
    BootEpoch boot = kNoBoot;
    // Null while the process is down.
    ReplicaSlot state;
    // At the end of the last process; what it found at its start may be older.
    Offset hw_seen;
    // Of the last replica that was taken away.
    std::uint64_t last_nonce = 0;
    // What the SC knows of its disk.
    Uid known_storage;
};

struct Violation {
    std::string invariant;
    std::string text;
};

class Oracle {
public:
    using Stampers = std::map<LeaderEpoch, std::pair<SpuId, BootEpoch>>;
    using Stamped = std::map<std::pair<LeaderEpoch, Offset>, std::uint32_t>;

    explicit Oracle(const std::vector<Node>& nodes) : nodes_(nodes) {}
    // As `other`, of nodes that are like its own.
    Oracle(const Oracle& other, const std::vector<Node>& nodes)
        : nodes_(nodes),
          committed_(other.committed_),
          stampers_(other.stampers_),
          stamped_(other.stamped_),
          eligible_changed_(other.eligible_changed_),
          violation_(other.violation_) {}

    bool is_violated() const { return !violation_.invariant.empty(); }
    const Violation& violation() const { return violation_; }
    std::size_t committed_count() const { return committed_.size(); }
    // C: what was committed first at each offset.
    const std::vector<Rec>& committed() const { return committed_; }
    // Who stamps an epoch, and what was stamped.
    const Stampers& stampers() const { return stampers_; }
    const Stamped& stamped() const { return stamped_; }
    void fail(std::string invariant, std::string text);

    void record_written(const PartitionRecord& before, const PartitionRecord& after,
                        const control::SpuStates& spus);
    // A leader took a record from a client.
    void produced(const Node& node, Offset at);
    void hw_advanced(const Node& node, Offset hw);
    void fence_stored(const Node& node, LeaderEpoch epoch);
    // It says something, in the epoch that it knows.
    void spoke(const Node& node);
    void acked(const Node& node, Offset acked);
    void truncated(const Node& node, Offset to, const PartitionRecord& record,
                   const control::SpuStates& spus);
    void alarm(const Node& node, const Alarm& alarm);
    // After every step: `touched` did something, or null.
    void check(const Node* touched, const PartitionRecord& record, const control::SpuStates& spus);

private:
    bool is_complete(const Node& node) const;
    void check_eligible(const PartitionRecord& record, const control::SpuStates& spus);
    void check_superset(const Node& node, const PartitionRecord& record);
    void check_log(const Node& node);
    void check_prefix(const Node& node);
    const Node& node_of(SpuId spu) const;

    const std::vector<Node>& nodes_;
    std::vector<Rec> committed_;
    Stampers stampers_;
    Stamped stamped_;
    bool eligible_changed_ = false;
    Violation violation_;
};

}  // namespace weir::replication::model
