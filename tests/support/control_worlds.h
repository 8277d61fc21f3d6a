// Records, SPUs, reports and requests for the tests of core/control: built by hand, and random.
//
// A random one is a function of its Prng. The random records are ones that the rules can have
// produced (check_record is empty); `spoil` makes one that is not.
#pragma once

#include "core/base/prng.h"
#include "core/control/election.h"
#include "core/control/lrs_change.h"
#include "core/control/spu_state.h"

#include <initializer_list>

namespace weir::test {

SpuSet spus(std::initializer_list<int> ids);

// A replica's first identity: high is the SPU.
Uid uid_of(SpuId spu, std::uint64_t generation = 1);

// Replicas on `ids`, all in the LRS, led by the first with boot 100 + id; online, epoch 5,
// version 10, min_live 2.
PartitionRecord online_record(std::initializer_list<int> ids);

// Unfenced, each with boot 100 + id.
control::SpuStates unfenced(std::initializer_list<int> ids);

// Of the first identity, with boot 100 + id.
control::ReplicaReport report(int id, int last_epoch, int leo);

// For `record`, whose replicas are all unfenced and have reported epoch 5 and leo 100.
control::ElectionInput election(const PartitionRecord& record);

PartitionRecord random_record(Prng& prng);
// Of every SPU that the record names and two more; some fenced, draining, or unknown.
control::SpuStates random_spus(Prng& prng, const PartitionRecord& record);
control::ElectionInput random_election(Prng& prng);
// Most of them could be accepted, in most of them one thing is wrong.
control::AlterLrs random_alter(Prng& prng, const PartitionRecord& record,
                               const control::SpuStates& spus);
PartitionRecord spoil(Prng& prng, PartitionRecord record);

// What a change of a record must keep (I12, I13, I15), given that `before` was good. Empty, or what
// is wrong.
std::string broken_by(const PartitionRecord& before, const PartitionRecord& after);

std::string to_text(const PartitionRecord& record);

}  // namespace weir::test
