// What an SPU that registers brings back, and what that does to a partition (replication.md 5.4).
//
// Pure; any executor. The SC applies on_register to every record that assigns the SPU, in the
// transaction that gives the SPU its new boot epoch, before anybody hears of that boot.
#pragma once

#include "core/model/partition_record.h"

#include <cstdint>

namespace weir::control {

// Whose registration it is, from the SC's view.
struct RegistrationFacts {
    Uid cluster;
    Uid storage;
    // Boot epoch in the marker of an orderly shutdown; kNoBoot without a marker.
    BootEpoch clean_boot = kNoBoot;
};

struct KnownSpu {
    Uid cluster;
    // None: the SPU has never registered.
    Uid storage;
    // Of the last registration.
    BootEpoch boot = kNoBoot;
    // A session of that boot is there.
    bool connected = false;
};

enum class Admission : std::uint8_t {
    accepted,
    // An SPU of another cluster.
    wrong_cluster,
    // Two processes with one id and two disks: the operator must make the SC forget one of them.
    // With the same disk the newer process wins.
    id_in_use,
};

Admission admit(const RegistrationFacts& facts, const KnownSpu& known);

// What the scan at start found for one replica.
enum class ReplicaHealth : std::uint8_t {
    healthy,
    // Damage below what was synced.
    damaged,
};

// What is known about a replica of an SPU that comes back.
enum class ReturnKind : std::uint8_t {
    // Has everything it had.
    complete,
    // May have lost the end of what it had.
    unproven,
    // Has lost something below what was synced.
    damaged,
    // Another disk: has nothing.
    lost,
};

ReturnKind classify_return(const RegistrationFacts& facts, const KnownSpu& known,
                           Durability durability, ReplicaHealth health);

// The old boot is fenced first (see on_fence), also when nobody noticed that it was away: an SPU
// that led does not lead after a restart, however short it was. Then:
// - complete: nothing more; in the ELR it stays there;
// - unproven: out of the ELR, into last_known;
// - damaged, lost: out of every set, with `fresh_uid`, so that nothing that was said or judged
//   about the old replica counts for it. A damaged one keeps its identity when no other member of
//   LRS or ELR is there: it may be the only copy. It is in last_known then, since what failed once
//   may be well after another start; while it is not, an operator has to decide.
// One version and at most one epoch more, however much it does. `fresh_uid` is not none.
PartitionRecord on_register(const PartitionRecord& record, SpuId spu, ReturnKind kind,
                            const Uid& fresh_uid);

// By new_partition, with the leader that it has elected, who has not said anything yet. Its SPUs
// may not have heard of it: who has nothing of it lacks nothing.
bool is_as_made(const PartitionRecord& record);

// A process that goes on has nothing of its replica any more: as on_register with `lost`, since its
// leader may count what it had before in this process. With `unproven` when no other member of LRS
// or ELR is there: then nobody leads, and nobody has more. Of a partition that is as it was made
// the SPU stays a member, whatever process it is, and nobody leads the epoch that was given out.
PartitionRecord on_missing(const PartitionRecord& record, SpuId spu, const Uid& fresh_uid);

// Nobody else has all that was committed, by this record. Without it, somebody has moved or deleted
// the replica since, and the record is older than that; or its disk was emptied.
bool is_last_copy(const PartitionRecord& record, SpuId spu);

// A running replica reports damage (5.13): as on_register with `damaged`.
PartitionRecord on_damage(const PartitionRecord& record, SpuId spu, const Uid& fresh_uid);

// Heartbeats in a row of a fenced SPU; a value of the session (5.17). A missed heartbeat or a
// new registration starts over with HeartbeatStreak().
struct HeartbeatStreak {
    std::uint32_t count = 0;
};

inline constexpr std::uint32_t kUnfenceHeartbeats = 2;

// One more heartbeat came in time.
HeartbeatStreak on_heartbeat(HeartbeatStreak streak);
bool may_unfence(const HeartbeatStreak& streak);

}  // namespace weir::control
