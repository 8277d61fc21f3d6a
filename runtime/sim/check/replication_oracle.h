// I1-I31: whether the replicas of every partition, and what the SC stores about them, are as the
// rules of replication say (docs/internals/replication.md).
//
// Fed with the facts that replicas tell their probe, and with every transaction of the metadata
// store. It keeps a copy of each log, batch by batch, and C: what was committed first at each
// offset. One per run, outside the simulated machines; reports to the Oracle. A fact costs what has
// changed since the one before; starts, elections and joins cost the length of the log.
//
// A partition over its budget (FaultBudget) is not judged. Neither is what a recovery outside of
// LRS and ELR loses, once that recovery is justified (I23, I24).
//
// What it implements: replication_oracle.cc the facts, replication_records.cc the store's side,
// replication_bounds.cc B1 to B8, statistics.cc what is compared with statistics.
#pragma once

#include "core/base/fifo.h"
#include "core/env/facts.h"
#include "core/model/partition_record.h"
#include "core/sc/records.h"
#include "runtime/sim/check/ghost_log.h"
#include "runtime/sim/check/oracle.h"
#include "runtime/sim/check/statistics.h"

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::sim {

class ReplicationOracle {
public:
    // `lease`: for how long an SPU may go on serving once somebody else leads.
    // `commit`: in which a record is committed when nothing is wrong; zero: not checked.
    ReplicationOracle(World& world, Oracle& oracle, Duration lease, Duration commit)
        : world_(world), oracle_(oracle), lease_(lease), commit_limit_(commit) {}

    // --- From the probes of the SPUs ----------------------------------------------------------
    void follow(HostId spu) { spu_hosts_.insert(spu); }
    void tell(HostId host, const Fact& fact);
    void log_moved(HostId host, const LogPosition& position);

    // --- From the store of the SC -------------------------------------------------------------
    // All objects of that kind, as an SC finds them when it starts.
    void found(sc::RecordKind kind, const std::vector<sc::StoreItem>& items);
    void stored(const sc::Mutation& mutation);
    // What it stored last may be gone.
    void store_restored();

    // --- From the faults ----------------------------------------------------------------------
    // Whether the disk of that machine may be lost: everything committed is elsewhere as well, and
    // no other copy is lost.
    bool may_lose_disk(HostId host) const;
    // Stored bytes of the copy in `dir` were damaged: what it let others count on may be gone.
    void copy_damaged(HostId host, std::string_view dir);
    void disk_lost(HostId host);
    // The machine is about to boot; `base` is where the newest segment begins that it has of the
    // log in `dir`.
    void segment_found(HostId host, std::string_view dir, Offset base);

    // --- Bounds (replication_bounds.cc) -------------------------------------------------------
    // Now and then: no fault has begun or ended since then. Machines may be gone; nothing else is
    // wrong.
    void look(std::int64_t calm_since_ns);
    // A fault is at work.
    void no_calm() { calm_since_ns_ = INT64_MAX / 2; }

    // Of the first partition of the first topic of the run; kNoSpu: nobody.
    SpuId leader_of_first() const;
    // I30: empty when every partition is as it should be once nothing happens any more.
    std::string not_converged() const;
    // What is true of a partition now; nothing: it is not stored, or not judged.
    std::optional<RealPartition> real_partition(const std::string& name) const;

private:
    struct Replica {
        std::uint32_t incarnation = 0;
        std::uint64_t uid = 0;
        SpuId spu = kNoSpu;
        BootEpoch boot = kNoBoot;
        ReplicaRole role = ReplicaRole::none;
        LeaderEpoch epoch = kNoEpoch;
        LeaderEpoch fence = kNoEpoch;
        LeaderEpoch entered = kNoEpoch;
        std::int64_t log_start = 0;
        std::int64_t hw = -1;  // nothing told in this life yet
        std::int64_t leo = 0;
        // The highest position that others may count on.
        std::int64_t acked = 0;
        std::uint32_t committed_count = 0;
        std::set<SpuId> maximal;
        GhostLog log;
        bool open = false;
        // Its disk was lost, and it has not come back to the LRS since.
        bool lost = false;
        bool damaged = false;
        // A power loss has come upon damage above the newest checkpoint, which cannot be told from
        // a write that was torn: it lacks what it had synced, and nobody knows, until it is back in
        // the LRS.
        bool is_short = false;
        // Of a damaged one, when its machine booted: below are closed segments.
        std::int64_t active_base = 0;
    };
    using Leader = std::pair<SpuId, BootEpoch>;
    struct AckedBatch {
        std::int32_t first_sequence = 0;
        std::int64_t base = 0;
    };
    // Of a leader for another LRS.
    struct Request {
        std::uint64_t content = 0;
        std::set<SpuId> lrs;
        std::int64_t asked_ns = 0;
    };
    struct Partition {
        std::string name;  // of the store; empty: not stored (any more)
        PartitionId number;
        std::optional<PartitionRecord> record;
        GhostLog committed;
        // Nothing of it is promised any more. A backup of the metadata may bring it back, with what
        // is left where its deletion has not come, and `committed` is then what leaders have said
        // since: what a replica has committed before, and how far, says nothing.
        bool was_deleted = false;
        // Uids of replicas that lost their place once.
        std::set<std::uint64_t> freed;
        std::map<HostId, Replica> replicas;
        std::map<LeaderEpoch, Leader> leaders;
        // What each epoch has written, by base.
        std::map<std::int32_t, std::vector<GhostBatch>> stamped;
        // Of each producer and its epoch, by the first sequence.
        std::map<std::pair<std::int64_t, std::int16_t>, std::vector<AckedBatch>> acked;
        std::map<Leader, std::int64_t> deposed_ns;
        using Asked = std::map<std::tuple<SpuId, BootEpoch, LeaderEpoch, RecordVersion>, Request>;
        Asked asked;
        // Before the metadata were restored. A leader that has not heard of it says it again.
        Asked asked_before;
        // Processes that ended without closing the log since all replicas were in the LRS: nobody
        // else knows what that has cost.
        std::set<HostId> tail_losses;
        // Led by somebody who may lack what was committed: what is lost is known once it leads.
        bool is_recovering = false;
        // Recoveries that have given up what was committed from `at` on: what is there of an epoch
        // before `by` is of the branch that ended.
        struct Loss {
            std::int64_t at = 0;
            LeaderEpoch by = kNoEpoch;
        };
        std::vector<Loss> losses;
        // The newest that the SC has ever stored. An operator replaces an older one by what the
        // SPUs have.
        LeaderEpoch newest_epoch = kNoEpoch;
        RecordVersion newest_version;
        // The record is from a backup, older than that, and nobody has touched it, or the SC has
        // said so: nothing is to follow from it.
        bool is_old = false;
        // Has been old, and the SC has gone on without those that could have told it. What it
        // decides may cost what was committed, and an operator may choose the other branch later:
        // of the replicas nothing can be said any more.
        bool is_blind = false;
        // Since then, up to where the last one that began to lead knew the log to be committed.
        std::int64_t led_from = INT64_MAX;
        // What its leader has written and not committed: since when, and up to where.
        Fifo<std::pair<std::int64_t, std::int64_t>> waiting;
        LeaderEpoch waiting_epoch = kNoEpoch;
    };

    // What a replica takes for committed, without the branch that a recovery has ended.
    static std::int64_t hw_of(const Partition& partition, const Replica& replica,
                              const ReplicaMoved& fact);

    // replication_oracle.cc
    void take(HostId host, const LogOpened& fact);
    void take(HostId host, const LogClosed& fact);
    void take(HostId host, const BatchWritten& fact);
    void take(HostId host, const CutBegun& fact);
    void take(HostId host, const LogCut& fact);
    void take(HostId host, const ReplicaMoved& fact);
    void take(HostId host, const PositionAcked& fact);
    void take(HostId host, const LrsAsked& fact);
    void take(HostId host, const ClientServed& fact);
    void take(HostId host, const ReplicaDropped& fact);
    void take(HostId host, const TermObeyed& fact);
    void take(HostId host, const SilentGivenUp& fact);
    void check_order(const Partition& partition, const Replica& replica, const ReplicaMoved& fact);
    void check_leader(Partition& partition, HostId host, Replica& replica, const ReplicaMoved& fact,
                      bool fresh);
    void check_commit(Partition& partition, HostId host, Replica& replica, const ReplicaMoved& fact,
                      std::int64_t hw);
    void check_attached(Partition& partition, Replica& replica, std::int64_t from);
    void lead_after_loss(Partition& partition, Replica& replica, std::int64_t hw);
    Replica* find(HostId host, std::string_view dir, Partition** partition);

    // replication_producers.cc
    void take(HostId host, const BatchAcked& fact);
    void check_sequence(const Partition& partition, const Replica& replica,
                        const GhostBatch& batch);
    // Up to where its records were deleted on some replica.
    static std::int64_t deleted_end(const Partition& partition);

    // replication_records.cc
    void take_partition(const std::string& name, const std::optional<Bytes>& bytes);
    void take_spu(const std::string& name, const std::optional<Bytes>& bytes);
    void take_cluster(const std::optional<Bytes>& bytes);
    static void note_age(Partition& partition, const std::optional<PartitionRecord>& before,
                         const sc::StoredPartition& stored);
    static void note_freed(Partition& partition, const PartitionRecord& before,
                           const PartitionRecord& after);
    void check_members(Partition& partition, const std::optional<PartitionRecord>& before,
                       const PartitionRecord& after);
    bool is_adopted(const PartitionRecord& record) const;
    static bool has_any_of(const Partition& partition, SpuId spu);
    bool has_failed_disk(const Partition& partition, const SpuSet& spus) const;
    void check_change(const Partition& partition, const PartitionRecord& before,
                      const PartitionRecord& after);
    void check_record(const Partition& partition, const PartitionRecord& record);
    void check_unclean(Partition& partition, const PartitionRecord& before,
                       const PartitionRecord& after);
    // That it has entered, by its records and by what it has stored.
    static LeaderEpoch newest_epoch(const Replica& replica);
    void check_entered(const Partition& partition, const Replica& leader, const ReplicaMoved& fact);
    bool joins_before(const Partition& partition, const PartitionRecord& before,
                      const PartitionRecord& after) const;
    void check_best_known(const Partition& partition, const PartitionRecord& before, SpuId winner);
    void check_superset(const Partition& partition);
    std::string not_converged(const Partition& partition) const;

    // replication_bounds.cc
    void check_detected(const Partition& partition);
    void check_led(const Partition& partition);
    void check_rejoined(const Partition& partition);
    void check_answered(const Partition& partition);
    void check_commit_time(Partition& partition, const Replica& replica, const ReplicaMoved& fact);

    bool is_running(HostId host, const Replica& replica) const;
    // It may be elected: in LRS or ELR, in the process that the SC knows.
    bool is_eligible(const Partition& partition, HostId host, const Replica& replica) const;
    // Its log lacks what was committed; where.
    std::optional<std::int64_t> lacks(const Partition& partition, const Replica& replica) const;
    std::optional<TopicIndex> topic_of(const Partition& partition) const;
    bool is_promised(const Partition& partition) const;
    bool is_judged(const Partition& partition) const;
    void report(const Partition& partition, Invariant invariant, std::string text);

    World& world_;
    Oracle& oracle_;
    Duration lease_;
    Duration commit_limit_;
    std::int64_t calm_since_ns_ = INT64_MAX / 2;
    std::set<HostId> spu_hosts_;
    std::map<PartitionIdentity, Partition> partitions_;
    // What the folders of logs on each machine belong to.
    std::map<HostId, std::map<std::string, PartitionIdentity, std::less<>>> dirs_;
    std::map<std::string, PartitionIdentity> names_;
    std::map<std::string, sc::SpuRecord> spus_;
    std::optional<sc::ClusterRecord> cluster_;
    // The last that each process of an SPU works for. After a restore two SPUs may have one boot.
    std::map<std::pair<HostId, BootEpoch>, ScEpoch> terms_;
    bool is_restored_ = false;
};

}  // namespace weir::sim
