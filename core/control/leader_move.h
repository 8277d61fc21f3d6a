// Moving the lead of a partition from a leader that is there (replication.md 5.15).
//
// Pure; any executor. Unlike an election, a move never leaves the LRS and never makes things worse:
// when nobody can take over, the leader stays. It happens only while the partition is online, so
// that no election is running, and is one change of the record: one epoch, one version, and phase
// candidate_found until the new leader has answered.
#pragma once

#include "core/control/election.h"

#include <optional>

namespace weir::control {

// nullopt when the partition is not online, or `to` leads already, is not in the LRS, is fenced or
// draining.
std::optional<PartitionRecord> move_leader(const PartitionRecord& record, SpuId to,
                                           const SpuStates& spus);

// Who takes over when the leader has to go: the best of the LRS by the order of elect, without the
// leader and without `leaving`. kNoSpu when there is nobody.
SpuId successor(const ElectionInput& input, const SpuSet& leaving);

// To the first replica, when that is in the LRS and its log ends where the leader's does. nullopt
// when there is nothing to do or it has to wait. The caller keeps the time between two of them.
std::optional<PartitionRecord> move_to_preferred(const ElectionInput& input);

// One step of taking everything from an SPU that is draining: the lead first, then its place in the
// LRS.
enum class DrainState : std::uint8_t {
    // Neither leads nor is in the LRS.
    drained,
    // `record` is to be written.
    step,
    // An election or a promotion is running.
    unsettled,
    // It leads, and no other member of the LRS can.
    no_successor,
    // Fewer than min_live would remain: nothing could be committed.
    too_few_live,
};

struct DrainStep {
    DrainState state = DrainState::drained;
    PartitionRecord record;
};

// Of one partition; the caller goes over all of the SPU's, and again after each answer.
DrainStep drain_step(const ElectionInput& input, SpuId spu);

}  // namespace weir::control
