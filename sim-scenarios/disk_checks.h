// What the disks of SPUs hold against what clients were promised: which damage a run may do to
// them, what a log may have lost then, and whether recovery finds all the rest.
//
// Owned by the runner; all that it is given outlives it. It knows a log by its folder and its
// records, never from the servers. A disk is looked at around each power loss, before a start of a
// damaged machine, and at the end.
#pragma once

#include "runtime/sim/check/log_inspection.h"
#include "runtime/sim/check/oracle.h"
#include "sim-scenarios/cluster.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace weir::sim {

class DiskChecks {
public:
    struct Truth {
        Oracle& oracle;
        ReplicationOracle& replication;
        RunState& run;
    };
    DiskChecks(const Scenario& scenario, Cluster& cluster, Truth truth)
        : scenario_(scenario),
          cluster_(cluster),
          oracle_(truth.oracle),
          replication_(truth.replication),
          run_(truth.run) {}
    DiskChecks(const DiskChecks&) = delete;
    DiskChecks& operator=(const DiskChecks&) = delete;

    // Before the first machine boots.
    void begin(const log::LogConfig& log_config) { log_config_ = log_config; }

    void before_power_loss(Machine& machine);
    void after_power_loss(Machine& machine);
    void before_boot(Machine& machine);
    // Accounts for damage to a file of a machine, or with an empty path to all of its disk; false:
    // must not be.
    bool charge(Machine& machine, std::string_view path);
    // Whether damage to stored bytes of this machine was charged to the budget.
    bool over_budget(const Machine& machine) const;

    // A16: a log that starts where a client was told starts where a segment does.
    void check_log_start(PartitionRef ref, std::int64_t log_start);

    // By topic and partition.
    using FoundLogs = std::map<std::pair<TopicIndex, std::uint32_t>, bool>;
    // Recovers the logs on a copy of the disk and compares them with what was promised. `when` is
    // for the text of violations.
    FoundLogs inspect(SpuMachine& spu, const char* when);
    // From here on no copy is repaired any more.
    void all_stopped() { stopped_ = true; }
    // A1 of topics that a restored SC does not know: their logs are still there.
    void check_unlisted(const FoundLogs& found);
    // A1, A11 of partitions with several replicas, when nobody reads them back: what was promised
    // is on the disk of one of them, as durability fsync says. After all SPUs have ended.
    void check_copies();

private:
    struct Disk {
        // Of a power loss under way: where each log would end if everything unsynced were lost.
        std::map<Uid, std::map<std::uint32_t, std::int64_t>> synced_end;
        bool damaged = false;
        bool power_lost = false;  // just now
        // It ran when the power went, and for long enough to have recovered.
        bool syncing = false;
        std::int64_t boot_ns = 0;
    };

    // Topics that come and go have one replica.
    std::uint32_t replication_factor(TopicIndex topic) const;
    // One SPU has it all the time: what is on its disk is what there is.
    bool stays_alone(TopicIndex topic) const;
    bool charge_disk(SpuMachine& spu);
    // What a log may have lost after what happened to its machine.
    Oracle::Allowance allowance(const SpuMachine& spu, PartitionRef ref, Uid uid) const;
    bool sync_in_time() const;
    // A damaged copy of several, which the others will repair.
    bool may_be_damaged(const SpuMachine& spu, PartitionRef ref) {
        return !stopped_ && oracle_.budget().copy_damaged(ref.topic, ref.partition, spu.id);
    }
    void accept_what_is_left(const SpuMachine& spu, PartitionRef ref, const InspectedLog& log);
    void check_inspected(SpuMachine& spu, const InspectedLog& log, const char* when,
                         FoundLogs& found);
    std::optional<TopicIndex> topic_of(const InspectedLog& log);
    Disk& disk_of(const SpuMachine& spu) { return disks_[spu.id]; }

    const Scenario& scenario_;
    Cluster& cluster_;
    Oracle& oracle_;
    ReplicationOracle& replication_;
    RunState& run_;
    log::LogConfig log_config_;
    std::map<SpuId, Disk> disks_;
    // Which topic the files of a uid belong to, as far as records have shown.
    std::map<Uid, TopicIndex> topic_of_uid_;
    bool stopped_ = false;
};

}  // namespace weir::sim
