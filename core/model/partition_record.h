// What the SC keeps durably about who holds, leads and may lead one partition.
//
// A value; no owner, any executor. One record per partition, written only by compare-and-set on its
// version; core/control has the functions that change it. Offsets are not in it: they are derived
// from the logs.
//
// Sets of SPUs are ascending and without duplicates. LRS, ELR and last_known are disjoint subsets
// of the replicas. When |LRS| >= min_live, ELR and last_known are empty.
#pragma once

#include "core/base/ids.h"
#include "core/model/durability.h"
#include "core/model/uid.h"

#include <cstdint>
#include <vector>

namespace weir {

inline constexpr SpuId kNoSpu = SpuId(-1);
inline constexpr BootEpoch kNoBoot = BootEpoch(0);
// No leader was elected yet, or: no batch with an epoch.
inline constexpr LeaderEpoch kNoEpoch = LeaderEpoch(-1);

using SpuSet = std::vector<SpuId>;

// One place of an assignment. The uid is fresh at every assignment: a replica that was taken away
// and given back is another one.
struct AssignedReplica {
    SpuId spu = kNoSpu;
    Uid uid;
    friend bool operator==(const AssignedReplica&, const AssignedReplica&) = default;
};

// From whom a partition may be led again when nobody who is known to be complete is there.
enum class UncleanPolicy : std::uint8_t {
    never,         // nobody: it waits for a member of LRS or ELR
    balanced,      // from last_known, once all of those have told what they have
    availability,  // from any replica, after a time of grace; what may be lost is reported
};

// The least that an acknowledged record is worth, whatever its producer asked for.
enum class AckFloor : std::uint8_t {
    none,       // what the producer asked for
    committed,  // below the high watermark, also when the producer would have taken less
};

enum class PartitionPhase : std::uint8_t {
    online,
    election,         // a candidate is being looked for
    candidate_found,  // elected, and has not answered yet
    offline,          // nobody can lead
    recovering,       // led by one that may lack records, until |LRS| >= min_live
};

struct PartitionRecord {
    Uid topic_uid;
    PartitionId partition;

    // Preferred leader first.
    std::vector<AssignedReplica> replicas;
    // Of a reassignment under way: who comes (not in `replicas`), and who goes (in `replicas`).
    std::vector<AssignedReplica> adding;
    SpuSet removing;

    // kNoSpu and kNoBoot when nobody leads.
    SpuId leader = kNoSpu;
    BootEpoch leader_boot = kNoBoot;
    // One more with every change of the leader, to nobody and to the same included.
    LeaderEpoch leader_epoch = kNoEpoch;
    // One more with every change of the record, and with every refused addition to the LRS.
    RecordVersion version;

    // Live replica set: every record below the high watermark is on each of them.
    SpuSet lrs;
    // Left the LRS when it was smaller than min_live, and are complete since nothing was committed
    // without them.
    SpuSet elr;
    // Were in LRS or ELR and came back without proof that they are complete.
    SpuSet last_known;

    // Settings of the topic, as of the last change of the record.
    std::uint32_t min_live = 1;
    Durability durability = Durability::fsync;
    UncleanPolicy unclean_policy = UncleanPolicy::balanced;
    AckFloor ack_floor = AckFloor::none;
    // Committed reads see all that was acknowledged as committed before they were asked for: the
    // leader answers only while all live replicas follow it (replication.md 5.11).
    bool strict_reads = false;
    // A leader whose lease has ended goes on as long as all live replicas follow it.
    bool ride_through = false;

    // Records below it are deleted, on every replica as soon as it knows them to be committed. An
    // operator has said so. Only an unclean election moves it back, to where the new leader's log
    // ends: other records come to have the offsets behind.
    Offset delete_before;

    PartitionPhase phase = PartitionPhase::election;

    friend bool operator==(const PartitionRecord&, const PartitionRecord&) = default;
};

// One replica is assigned, and no other is to come: nobody else can know anything.
inline bool is_of_only_copy(const PartitionRecord& record) {
    return record.replicas.size() + record.adding.size() == 1;
}

}  // namespace weir
