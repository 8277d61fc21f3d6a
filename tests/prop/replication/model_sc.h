// The SC of the stateful model: one partition, atomic, with the decisions of core/control.
//
// Owned by the World. Every change of the record goes through `write`, which hands the old and the
// new one to the oracle.
#pragma once

#include "core/base/result.h"
#include "core/control/election.h"
#include "core/control/promotion.h"
#include "core/control/registration.h"
#include "core/control/spu_state.h"
#include "core/model/partition_record.h"
#include "core/replication/messages.h"
#include "tests/prop/replication/model_oracle.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::replication::model {

class Sc {
public:
    Sc(PartitionRecord record, Oracle& oracle);
    // As `other`, whose changes another oracle hears of.
    Sc(const Sc& other, Oracle& oracle)
        : record_(other.record_),
          spus_(other.spus_),
          reports_(other.reports_),
          round_(other.round_),
          epoch_(other.epoch_),
          last_boot_(other.last_boot_),
          last_uid_(other.last_uid_),
          oracle_(oracle) {}

    struct Report {
        control::ReplicaReport said;
        // It will not follow a leader of an epoch below this any more.
        LeaderEpoch since;
    };

    const PartitionRecord& record() const { return record_; }
    const control::SpuStates& spus() const { return spus_; }
    ScEpoch epoch() const { return epoch_; }
    const std::vector<Report>& reports() const { return reports_; }
    const control::ElectionRound& round() const { return round_; }

    // The topic is there from now on: everybody is alike, with nothing.
    void create();

    struct Admitted {
        BootEpoch boot;
        // Of its replica, if it has one.
        std::optional<Uid> uid;
    };
    struct Registration {
        SpuId spu = kNoSpu;
        BootEpoch clean_boot = kNoBoot;
        Uid storage;
        Uid known_storage;
        // What is on the disk, and of which replica.
        Uid replica;
        LeaderEpoch last_epoch = kNoEpoch;
        Offset leo;
    };
    Admitted register_spu(const Registration& from);
    void fence(SpuId spu);
    void unfence(SpuId spu);
    // Chooses a leader when there is none.
    void elect();
    // The candidate did not answer in time.
    void give_up_candidate();
    void move_leader(SpuId to);
    // Begins a reassignment; the Error of core/control otherwise.
    Result<void> reassign(const std::vector<SpuId>& target);
    // Takes the next step of a reassignment, if one can be taken.
    void settle();
    void restart();

    void take(SpuId from, const ProbeAnswer& message);
    void take(SpuId from, const Promoted& message);
    void take(SpuId from, const PromoteFailed& message);
    void take(SpuId from, const AlterLrs& message);

private:
    void write(const PartitionRecord& next);
    void report(const control::ReplicaReport& report, LeaderEpoch since);
    std::vector<control::ReplicaReport> usable_reports() const;
    void run_election();

    PartitionRecord record_;
    control::SpuStates spus_;
    std::vector<Report> reports_;
    control::ElectionRound round_;
    ScEpoch epoch_{1};
    std::uint64_t last_boot_ = 0;
    std::uint64_t last_uid_ = 1'000;
    Oracle& oracle_;
};

}  // namespace weir::replication::model
