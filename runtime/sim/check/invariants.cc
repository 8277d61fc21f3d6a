#include "runtime/sim/check/invariants.h"

#include "core/base/assert.h"

namespace weir::sim {

const std::vector<InvariantInfo>& invariant_catalogue() {
    using enum InvariantKind;
    static const std::vector<InvariantInfo> catalogue = {
        {Invariant::a1_acked_survive, "A1", "acked-survive", safety,
         "An acknowledged record stays readable at the offset it was acknowledged with, whatever "
         "crashes or loses power, until retention or deletion removes it."},
        {Invariant::a3_never_back, "A3", "never-back", safety,
         "High watermark and log start never move back, as clients see them."},
        {Invariant::a4_start_hw_leo, "A4", "start-hw-leo", safety,
         "Log start <= high watermark <= log end, in every answer and in every recovered log."},
        {Invariant::a5_one_value, "A5", "one-value", safety,
         "An offset of a partition has one value for ever: nobody is told two different ones."},
        {Invariant::a6_dense, "A6", "dense", safety,
         "Offsets inside a partition are dense: no hole between log start and log end."},
        {Invariant::a9_session, "A9", "session", safety,
         "A consumer session neither skips an offset nor goes back, across reconnects."},
        {Invariant::a10_order_and_copies, "A10", "order-and-copies", safety,
         "Records of one producer keep their order in a partition; a record acknowledged after a "
         "single attempt is there once, one that definitely failed is not there."},
        {Invariant::a11_committed_only, "A11", "committed-only", safety,
         "A committed read never shows a record at or above the high watermark it came with, nor "
         "one that is later withdrawn."},
        {Invariant::a12_progress, "A12", "progress", liveness,
         "After the faults have healed every call gets its answer, every machine serves and every "
         "record can be read, within bounded virtual time and a bounded number of events."},
        {Invariant::a13_recovery, "A13", "recovery", safety,
         "Recovery keeps every synced batch, cuts only at a batch boundary behind them, gives the "
         "same result when it is run again, and takes no lost tail for corruption."},
        {Invariant::a14_damage, "A14", "damage", safety,
         "Bytes that nobody wrote are never served or accepted as records."},
        {Invariant::a15_metadata, "A15", "metadata", safety,
         "A topic whose creation was confirmed stays, one whose deletion was confirmed does not "
         "come back, whatever happens to the SC."},
        {Invariant::a17_leaks, "A17", "leaks", safety,
         "A process that ends in order leaves no task, timer, file, lock, listener or connection."},
        {Invariant::a18_frames, "A18", "frames", safety,
         "Every answer on a connection carries the correlation id of a request that waits for one, "
         "a unary request is answered once, and sent bytes equal the declared length."},
        {Invariant::a19_replay, "A19", "replay", safety,
         "The same scenario and seed give the same trace hash."},
        {Invariant::assertion, "assert", "assertion", InvariantKind::assertion,
         "No assertion of the program fails."},
    };
    return catalogue;
}

const InvariantInfo& info(Invariant invariant) {
    for (const InvariantInfo& entry : invariant_catalogue()) {
        if (entry.invariant == invariant) {
            return entry;
        }
    }
    WEIR_ASSERT(false);
}

const std::vector<MutantInfo>& mutant_catalogue() {
    static const std::vector<MutantInfo> catalogue = {
        {Mutant::ack_before_fsync,
         "ack_before_fsync",
         {Invariant::a1_acked_survive},
         "single-spu-power-loss",
         "group commit acknowledges before the sync"},
        {Mutant::crc_unchecked_at_recovery,
         "crc_unchecked_at_recovery",
         {Invariant::a14_damage},
         "torn-writes",
         "recovery accepts a batch by its length alone"},
        {Mutant::index_trusted_at_recovery,
         "index_trusted_at_recovery",
         {Invariant::a13_recovery},
         "torn-writes",
         "recovery takes the index's word and skips the scan"},
        {Mutant::directory_not_synced,
         "directory_not_synced",
         {Invariant::a1_acked_survive, Invariant::a13_recovery},
         "single-spu-power-loss",
         "the directory entry of a new segment is not synced"},
        {Mutant::wrong_correlation_id,
         "wrong_correlation_id",
         {Invariant::a18_frames},
         "client-link-flaps",
         "a response carries another request's correlation id"},
    };
    return catalogue;
}

}  // namespace weir::sim
