// How members move between the three sets of a partition's record (replication.md 5.2 and 5.5).
//
// Pure functions on a record that the caller is changing; any executor. None of them touches the
// version, the epoch or the phase: one change of a record is often several of these moves, and the
// function that makes the change counts it once.
#pragma once

#include "core/model/partition_record.h"

#include <optional>

namespace weir::control {

bool contains(const SpuSet& set, SpuId spu);
void insert(SpuSet& set, SpuId spu);
void erase(SpuSet& set, SpuId spu);
// Members of `from` that are not in `minus`.
SpuSet difference(const SpuSet& from, const SpuSet& minus);
bool is_ascending(const SpuSet& set);

// `adding` included: such a replica may be in the LRS before the reassignment is complete.
std::optional<Uid> assigned_uid(const PartitionRecord& record, SpuId spu);
// Gives the replica on `spu`, which is assigned, another identity.
void set_assigned_uid(PartitionRecord& record, SpuId spu, const Uid& uid);

// All of `gone` leave the LRS at once. When fewer than min_live remain, they become eligible:
// nothing can be committed from now on without a change of the record, so they stay complete.
//
//   min_live 2, LRS {1,2,3}: gone {1} -> LRS {2,3}, ELR {};  gone {1,2} -> LRS {3}, ELR {1,2}.
//
// Those of `gone` that are not in the LRS stay where they are.
void leave_lrs(PartitionRecord& record, const SpuSet& gone);
// `spu` leaves ELR and last_known for the LRS.
void join_lrs(PartitionRecord& record, SpuId spu);
// Empties ELR and last_known when the LRS has min_live members: from then on records are committed
// that their members need not have.
void forget_outsiders_if_enough(PartitionRecord& record);
// Out of all three sets.
void drop_member(PartitionRecord& record, SpuId spu);

// Nobody leads, which is one more epoch, and somebody is to be elected. The version stays.
void lose_leader(PartitionRecord& record);

// The next number; stays at the highest, which check_record reports.
LeaderEpoch next_epoch(LeaderEpoch epoch);
RecordVersion next_version(RecordVersion version);

}  // namespace weir::control
