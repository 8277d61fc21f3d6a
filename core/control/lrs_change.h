// Changes of the live replica set that its leader asks for (replication.md 5.7).
//
// Pure; any executor. Only the leader adds members; the leader removes them, and the SC does by
// fencing (fencing.h). The request is data from a peer: nothing in it trips an assertion.
#pragma once

#include "core/control/spu_state.h"
#include "core/model/partition_record.h"
#include "core/replication/messages.h"

#include <cstdint>

namespace weir::control {

using replication::AddedMember;

// What a leader asks for, and who it is. `lrs` is the whole set that is wanted; one of `added` for
// each member that the record's LRS does not have, as it was when the leader judged it in sync.
struct AlterLrs : replication::AlterLrs {
    SpuId leader = kNoSpu;
    friend bool operator==(const AlterLrs&, const AlterLrs&) = default;
};

enum class AlterLrsVerdict : std::uint8_t {
    accepted,
    // The sender does not lead, or not with that boot or epoch: it must stop.
    not_leader,
    // From another version: the sender takes the record and may ask again.
    stale,
    // A member may not be added, or the set makes no sense. The version is one more, so that no
    // duplicate of this request can be accepted after the leader has stopped counting the member.
    ineligible,
};

struct AlterLrsResult {
    AlterLrsVerdict verdict = AlterLrsVerdict::stale;
    // To be written when it differs from the present one, and to be answered in any case.
    PartitionRecord record;
    friend bool operator==(const AlterLrsResult&, const AlterLrsResult&) = default;
};

// Accepted when sender, boot, epoch and version are those of the record, and each added member is
// an assigned replica with that uid, unfenced, not draining, and still in that boot. Members that
// go become eligible when fewer than min_live remain; with min_live members ELR and last_known
// are emptied and recovering ends. Every accepted request is one more version, also without a
// difference.
AlterLrsResult apply_alter_lrs(const PartitionRecord& record, const AlterLrs& request,
                               const SpuStates& spus);

}  // namespace weir::control
