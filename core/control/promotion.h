// From an elected candidate to a leader that serves (replication.md 5.6, 5.17).
//
// Pure; any executor. Safety never depends on the answer of a candidate: it gates what is
// published, and who is tried next. Everything that names another leader, boot or epoch than the
// record is late and changes nothing.
#pragma once

#include "core/base/time.h"
#include "core/model/partition_record.h"

#include <cstdint>

namespace weir::control {

// The search for one leader; volatile, one per partition.
struct ElectionRound {
    // Candidates that did not take the lead since the last start of the round.
    SpuSet tried;
    // Since the last leader that did; grows over rounds.
    std::uint32_t failed_promotion_count = 0;
    // The last epoch whose candidate said that it leads.
    LeaderEpoch promoted_epoch = kNoEpoch;
    friend bool operator==(const ElectionRound&, const ElectionRound&) = default;
};

// Who speaks, as it was elected.
struct CandidateId {
    SpuId spu = kNoSpu;
    BootEpoch boot = kNoBoot;
    LeaderEpoch epoch = kNoEpoch;
};

struct PromotionStep {
    // To be written when it differs.
    PartitionRecord record;
    ElectionRound round;
    // The caller elects again, after election_backoff.
    bool elect_again = false;
    friend bool operator==(const PromotionStep&, const PromotionStep&) = default;
};

// The candidate leads: the phase becomes online, unless it is recovering and the LRS is smaller
// than min_live. Ends the round. The second answer of one candidate changes nothing.
PromotionStep on_promoted(const PartitionRecord& record, const ElectionRound& round,
                          const CandidateId& candidate);

// It said that it cannot, or did not answer in time: it has been tried. The record stays as it is;
// the next election takes another epoch. Changes nothing once the candidate has said that it leads.
PromotionStep on_promotion_failed(const PartitionRecord& record, const ElectionRound& round,
                                  const CandidateId& candidate);

// Nobody is left to try: everybody may be tried again, later.
ElectionRound start_over(const ElectionRound& round);

// How long to wait before the next election: 0, then 100 ms, doubled up to 5 s.
Duration election_backoff(std::uint32_t failed_promotion_count);

}  // namespace weir::control
