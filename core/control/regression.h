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
    // The highest leader epoch that the replica accepted, and the version of that epoch's record.
    LeaderEpoch fence_epoch = kNoEpoch;
    RecordVersion fence_version;
};

// What the SC's record says of a partition.
struct KnownRecord {
    LeaderEpoch epoch = kNoEpoch;
    RecordVersion version;
    // One replica is assigned, and no other is to come.
    bool is_of_only_copy = false;
};

// What the SC remembers. Of an SPU that registers with this process of the SC for the first time it
// is what the process found when it started: what it has counted since then, it has told others.
struct MetadataView {
    ScEpoch sc_epoch;
    BootEpoch boot_counter = kNoBoot;
    std::map<PartitionRef, KnownRecord> records;
    // Topics that were deleted.
    std::set<Uid> tombstones;
};

enum class RegressionSign : std::uint8_t {
    // The SPU was given a boot epoch that the SC has not counted to.
    boot_above_counter,
    // The SPU has worked for a later term of the SC.
    term_above_last,
    // The replica accepted a leader epoch above the record's, or a newer version of the record of
    // this epoch, in which other replicas may be live. An epoch that only its log has is a sign for
    // an only copy: no checksum covers it, and of several replicas one with such an epoch is found
    // damaged when it gets its record (5.13).
    replica_above_record,
    // A partition of which the SC knows neither the record nor the deletion of its topic.
    unknown_partition,
};

struct Regression {
    RegressionSign sign = RegressionSign::boot_above_counter;
    // Not of boot_above_counter and term_above_last, which concern every partition.
    PartitionRef of;
    friend bool operator==(const Regression&, const Regression&) = default;
};

// What an SPU remembers.
struct SpuMemory {
    // That it ran with before.
    BootEpoch last_boot = kNoBoot;
    // The highest that it has worked for.
    ScEpoch sc_epoch;
};

// The epoch that a record gets for `next` while SPUs are silent that may have memories of an SC
// that these metadata have lost. One of them may lead `next` already, and two logs of one epoch
// could not be told apart. So the first epoch after `found`, with which this process of the SC
// found the record, is far above it, by a number from 2^10 to 2^17 that is as random as `draw`: a
// history that was lost has either fewer changes of leader, or a leap of its own to another place.
// One leap is enough: when `next` is as far from `found`, or near the last epoch that there is, it
// is `next`.
LeaderEpoch leap_over_lost(LeaderEpoch found, LeaderEpoch next, std::uint64_t draw);

// In the order of the registration; empty when nothing is wrong.
std::vector<Regression> find_regressions(const MetadataView& view, const SpuMemory& memory,
                                         const std::vector<RegisteredReplica>& replicas);

// What an operator's `adopt` makes of one partition. `known` is the record that is there, or one
// with the topic's settings and no replicas. Every reported replica is assigned, with the uid that
// it has; the epoch is above all that anybody reported. Nobody leads and nobody is known to be
// complete, so the reported ones are last_known, and an election by the record's policy follows:
// it is unclean by definition and says what may be lost. One that was recovering still is. Reports
// about damage count as no report. Without any usable report all members that the record had are
// last_known; one that never had any stays as it is. Others may have been given higher epochs and
// be silent, or unknown to the metadata: the epoch leaps over theirs (leap_over_lost) by `draw`.
PartitionRecord adopt(const PartitionRecord& known, const std::vector<RegisteredReplica>& reported,
                      std::uint64_t draw);

}  // namespace weir::control
