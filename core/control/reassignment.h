// Giving a partition other replicas (replication.md 5.15).
//
// Pure; any executor. It begins with one change of the record (the new replicas come, the old ones
// stay), goes on while the new ones catch up and enter the LRS as any follower does, and ends with
// one change that drops the old ones. What was removed is deleted only after that write, by a
// tombstone with its uid.
#pragma once

#include "core/base/result.h"
#include "core/control/spu_state.h"
#include "core/model/partition_record.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::control {

struct ReassignmentRequest {
    // The SPUs that shall hold the partition, preferred leader first.
    std::vector<SpuId> target;
    // One for each of `target`; those of SPUs that hold the partition already are not used.
    std::vector<Uid> fresh_uids;
};

// The replicas that stay are ordered as in the target, and those that come follow them when the
// reassignment is complete: who is preferred does not change to a replica before it is there. A
// target with only another order takes effect at once.
//
// Errors, with a text for a person: invalid_argument for an empty target, an SPU that is named
// twice, unknown or (when it is new) draining, fewer replicas than min_live, or nothing to change;
// already_exists when a reassignment is under way.
Result<PartitionRecord> begin_reassignment(const PartitionRecord& record,
                                           const ReassignmentRequest& request,
                                           const SpuStates& spus);

enum class ReassignmentState : std::uint8_t {
    // None is under way.
    none,
    // The partition is not online: an election comes first.
    unsettled,
    // Not all that come are in the LRS.
    catching_up,
    // Without those that go, the LRS would be smaller than min_live.
    too_few_live,
    // The leader is one of those that go: the lead moves first (leader_move.h).
    leader_leaves,
    ready,
};

ReassignmentState reassignment_state(const PartitionRecord& record);

// One change: the replicas that go leave everything. Always one more epoch, so that none of them
// can go on acknowledging for it; the leader stays and answers a promotion again. nullopt unless
// the state is ready.
std::optional<PartitionRecord> complete_reassignment(const PartitionRecord& record);

// Those that were to come leave everything, those that were to go stay. Errors: not_found when none
// is under way; unavailable while one of them leads, or when no other member of LRS and ELR would
// be left.
Result<PartitionRecord> cancel_reassignment(const PartitionRecord& record);

}  // namespace weir::control
