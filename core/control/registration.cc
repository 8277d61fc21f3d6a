#include "core/control/registration.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/control/fencing.h"
#include "core/control/live_sets.h"

#include <algorithm>

namespace weir::control {

namespace {

// Members of LRS and ELR, other than `spu`.
bool another_is_eligible(const PartitionRecord& record, SpuId spu) {
    const auto is_other = [spu](SpuId member) { return member != spu; };
    return std::any_of(record.lrs.begin(), record.lrs.end(), is_other) ||
           std::any_of(record.elr.begin(), record.elr.end(), is_other);
}

void move_to_last_known(PartitionRecord& record, SpuId spu) {
    if (contains(record.elr, spu)) {
        erase(record.elr, spu);
        insert(record.last_known, spu);
    }
}

}  // namespace

Admission admit(const RegistrationFacts& facts, const KnownSpu& known) {
    if (facts.cluster != known.cluster) {
        return Admission::wrong_cluster;
    }
    const bool same_storage = known.storage.is_none() || facts.storage == known.storage;
    return !same_storage && known.connected ? Admission::id_in_use : Admission::accepted;
}

ReturnKind classify_return(const RegistrationFacts& facts, const KnownSpu& known,
                           Durability durability, ReplicaHealth health) {
    if (facts.storage != known.storage) {
        return ReturnKind::lost;
    }
    if (health == ReplicaHealth::damaged) {
        return ReturnKind::damaged;
    }
    // A marker of an older boot says nothing about what the last one did.
    const bool orderly = facts.clean_boot != kNoBoot && facts.clean_boot == known.boot;
    return orderly || durability == Durability::fsync ? ReturnKind::complete : ReturnKind::unproven;
}

PartitionRecord on_register(const PartitionRecord& record, SpuId spu, ReturnKind kind,
                            const Uid& fresh_uid) {
    WEIR_ASSERT(!fresh_uid.is_none());
    PartitionRecord next = mutant(Mutant::quick_reboot_keeps_lead) ? record : on_fence(record, spu);
    if (!assigned_uid(record, spu).has_value()) {
        return next;
    }
    switch (kind) {
        case ReturnKind::complete: break;
        case ReturnKind::unproven:
            if (!mutant(Mutant::unclean_stays_in_elr)) {
                move_to_last_known(next, spu);
            }
            break;
        case ReturnKind::damaged:
        case ReturnKind::lost: {
            if (kind == ReturnKind::lost && mutant(Mutant::empty_disk_stays_in_elr)) {
                break;
            }
            const bool may_be_only_copy =
                kind == ReturnKind::damaged && !another_is_eligible(next, spu);
            if (!may_be_only_copy || mutant(Mutant::only_copy_in_no_set)) {
                drop_member(next, spu);
            }
            if (may_be_only_copy) {
                move_to_last_known(next, spu);
            } else {
                set_assigned_uid(next, spu, fresh_uid);
            }
            break;
        }
    }
    next.version = next == record ? record.version : next_version(record.version);
    return next;
}

bool is_last_copy(const PartitionRecord& record, SpuId spu) {
    const bool is_member =
        contains(record.lrs, spu) || contains(record.elr, spu) || contains(record.last_known, spu);
    return is_member && record.leader_epoch != kNoEpoch && !is_as_made(record) &&
           !another_is_eligible(record, spu);
}

bool is_as_made(const PartitionRecord& record) {
    return record.phase == PartitionPhase::candidate_found && record.version <= RecordVersion(2);
}

PartitionRecord on_missing(const PartitionRecord& record, SpuId spu, const Uid& fresh_uid) {
    if (is_as_made(record)) {
        PartitionRecord next = record;
        lose_leader(next);
        next.version = next_version(record.version);
        return next;
    }
    const ReturnKind kind =
        another_is_eligible(record, spu) ? ReturnKind::lost : ReturnKind::unproven;
    return on_register(record, spu, kind, fresh_uid);
}

PartitionRecord on_damage(const PartitionRecord& record, SpuId spu, const Uid& fresh_uid) {
    return on_register(record, spu, ReturnKind::damaged, fresh_uid);
}

HeartbeatStreak on_heartbeat(HeartbeatStreak streak) {
    streak.count = std::min(streak.count + 1, kUnfenceHeartbeats);
    return streak;
}

bool may_unfence(const HeartbeatStreak& streak) {
    return streak.count >= kUnfenceHeartbeats;
}

}  // namespace weir::control
