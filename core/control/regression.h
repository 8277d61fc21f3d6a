// Finding out that the SC's metadata are older than the cluster (replication.md 5.14).
//
// Pure; any executor. A metadata store that was restored from a backup, or lost a write, must not
// make the SC delete data or elect by an old record. What an SPU has kept proves it: numbers that
// only an SC gives out, higher than the SC remembers. The SC then stops deleting, and stops
// electing for the partitions concerned, until an operator adopts what the SPUs report.
#pragma once

#include "core/control/election.h"

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

namespace weir::control {

// A partition of one incarnation of a topic.
struct PartitionRef {
    Uid topic_uid;
    PartitionId partition;
    friend auto operator<=>(const PartitionRef&, const PartitionRef&) = default;
};

// One replica directory, as a registration describes it.
struct RegisteredReplica {
    PartitionRef of;
    ReplicaReport report;
    // The highest leader epoch that the replica accepted.
    LeaderEpoch fence_epoch = kNoEpoch;
};

// What the SC remembers.
struct MetadataView {
    BootEpoch boot_counter = kNoBoot;
    std::map<PartitionRef, LeaderEpoch> leader_epochs;
    // Topics that were deleted.
    std::set<Uid> tombstones;
};

enum class RegressionSign : std::uint8_t {
    // The SPU was given a boot epoch that the SC has not counted to.
    boot_above_counter,
    // The replica accepted or wrote under a leader epoch above the record's.
    epoch_above_record,
    // A partition of which the SC knows neither the record nor the deletion of its topic.
    unknown_partition,
};

struct Regression {
    RegressionSign sign = RegressionSign::boot_above_counter;
    // Not of boot_above_counter, which concerns every partition.
    PartitionRef of;
    friend bool operator==(const Regression&, const Regression&) = default;
};

// `last_boot`: the boot epoch that the SPU ran with before. In the order of the registration;
// empty when nothing is wrong.
std::vector<Regression> find_regressions(const MetadataView& view, BootEpoch last_boot,
                                         const std::vector<RegisteredReplica>& replicas);

// What an operator's `adopt` makes of one partition. `known` is the record that is there, or one
// with the topic's settings and no replicas. Every reported replica is assigned, with the uid that
// it has; the epoch is above all that anybody reported. Nobody leads and nobody is known to be
// complete, so the reported ones are last_known, and an election by the record's policy follows:
// it is unclean by definition and says what may be lost. One that was recovering still is. Reports
// about damage count as no report. Without any usable report the record stays as it is.
PartitionRecord adopt(const PartitionRecord& known, const std::vector<RegisteredReplica>& reported);

}  // namespace weir::control
