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
         "come back, whatever happens to the SC; watchers come to see what is listed, and an SPU "
         "that is gone is not listed as online for longer than the SC waits for it."},
        {Invariant::a16_retention, "A16", "retention", safety,
         "Retention removes closed segments only, wholly below the committed end: the log start "
         "moves only where it is asked to, and only to where a segment begins."},
        {Invariant::a17_leaks, "A17", "leaks", safety,
         "A process that ends in order leaves no task, timer, file, lock, listener or connection."},
        {Invariant::a18_frames, "A18", "frames", safety,
         "Every answer on a connection carries the correlation id of a request that waits for one, "
         "a unary request is answered once, produces are answered in the order in which they "
         "came, and sent bytes equal the declared length."},
        {Invariant::a19_replay, "A19", "replay", safety,
         "The same scenario and seed give the same trace hash."},
        {Invariant::a20_stored_offset, "A20", "stored-offset", safety,
         "A stored consumer offset never exceeds what was delivered to the consumer, and never "
         "goes back."},
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
         {Invariant::a1_acked_survive, Invariant::a3_never_back, Invariant::a5_one_value},
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
        {Mutant::clean_close_assumed,
         "clean_close_assumed",
         {Invariant::a13_recovery},
         "unclean-restarts",
         "recovery takes the last orderly close's word after a crash"},
        {Mutant::full_disk_acked,
         "full_disk_acked",
         {Invariant::a1_acked_survive, Invariant::a13_recovery, Invariant::a14_damage},
         "disk-full-and-back",
         "a write that the full disk refused counts as written"},
        {Mutant::newest_topic_forgotten,
         "newest_topic_forgotten",
         {Invariant::a15_metadata, Invariant::a1_acked_survive, Invariant::a3_never_back},
         "sc-restart",
         "an SC that starts again has lost its newest topic"},
        {Mutant::short_send_taken_as_whole,
         "short_send_taken_as_whole",
         {Invariant::a18_frames},
         "single-spu-power-loss",
         "a file range that was sent in part counts as sent"},
        {Mutant::evicted_read_waits,
         "evicted_read_waits",
         {Invariant::a12_progress},
         "retention",
         "a read below the log start waits for ever"},
        {Mutant::retention_takes_active,
         "retention_takes_active",
         {Invariant::a16_retention, Invariant::a4_start_hw_leo},
         "retention",
         "retention moves the log start past the segment that it deletes"},
        {Mutant::offsets_shift_by_eviction,
         "offsets_shift_by_eviction",
         {Invariant::a5_one_value, Invariant::a1_acked_survive},
         "retention",
         "acknowledgements are one too high after a deletion"},
        {Mutant::acked_sent_again,
         "acked_sent_again",
         {Invariant::a10_order_and_copies},
         "client-link-flaps",
         "the client sends an acknowledged batch once more"},
        {Mutant::ack_of_another_batch,
         "ack_of_another_batch",
         {Invariant::a5_one_value, Invariant::a1_acked_survive},
         "torn-writes",
         "an acknowledgement names the log end and not its batch"},
        {Mutant::committed_reads_to_end,
         "committed_reads_to_end",
         {Invariant::a11_committed_only},
         "single-spu-power-loss",
         "a committed read shows what is not committed yet"},
        {Mutant::answers_out_of_order,
         "answers_out_of_order",
         {Invariant::a18_frames},
         "pipelined-produces",
         "the second of two pipelined produces is answered first"},
        {Mutant::cut_frame_taken_as_whole,
         "cut_frame_taken_as_whole",
         {Invariant::a14_damage, Invariant::a3_never_back},
         "client-link-flaps",
         "the rest of a broken connection is taken for a frame"},
        {Mutant::silent_peer_kept,
         "silent_peer_kept",
         {Invariant::a15_metadata},
         "silent-spus",
         "a peer that is silent is taken to be there"},
        {Mutant::deletion_not_stored,
         "deletion_not_stored",
         {Invariant::a15_metadata},
         "sc-restart",
         "the deletion of a topic is forgotten by a restart"},
        {Mutant::watch_misses_deletion,
         "watch_misses_deletion",
         {Invariant::a15_metadata},
         "sc-restart",
         "a watcher is not told of deletions"},
        {Mutant::offset_stored_early,
         "offset_stored_early",
         {Invariant::a20_stored_offset},
         "consumer-offsets",
         "an offset is stored before its records are delivered"},
        {Mutant::order_by_address,
         "order_by_address",
         {Invariant::a19_replay},
         "sc-restart",
         "a choice depends on where objects are in memory"},
        {Mutant::uninitialised_byte,
         "uninitialised_byte",
         {Invariant::a19_replay},
         "single-spu-power-loss",
         "a wait depends on memory that nobody wrote"},
    };
    return catalogue;
}

const std::vector<UnplacedMutant>& mutants_without_scenario() {
    static const std::vector<UnplacedMutant> list = {
        // core/control
        {Mutant::elect_any_replica, "elect_any_replica",
         "any live replica may win an election, in the LRS or not",
         "Election.e1_looks_into_the_pools_in_order"},
        {Mutant::unclean_under_never, "unclean_under_never",
         "an election outside of LRS and ELR that the policy forbids",
         "Election.e1_looks_into_the_pools_in_order"},
        {Mutant::elect_fenced, "elect_fenced", "an SPU that is taken for gone wins an election",
         "Election.e2_winner_is_available"},
        {Mutant::election_tolerates_lag, "election_tolerates_lag",
         "logs that end within three records of each other count as equal",
         "Election.e5_best_of_the_pool_wins"},
        {Mutant::winner_by_arrival, "winner_by_arrival",
         "among equals the one that reported first wins",
         "Election.e3_order_of_reports_is_irrelevant"},
        {Mutant::last_known_without_all, "last_known_without_all",
         "a recovery before all of last_known have reported",
         "Election.e8_last_known_only_when_all_reported"},
        {Mutant::elr_not_cleared, "elr_not_cleared",
         "the ELR stays when the LRS has min_live members", "LrsChange.a5_keeps_the_record_good"},
        {Mutant::unclean_stays_in_elr, "unclean_stays_in_elr",
         "a restart that may have lost its tail stays eligible",
         "RecordChange.register_keeps_the_record_good"},
        {Mutant::quick_reboot_keeps_lead, "quick_reboot_keeps_lead",
         "a restart that nobody noticed is not fenced",
         "RecordChange.register_keeps_the_record_good"},
        {Mutant::alter_lrs_without_cas, "alter_lrs_without_cas",
         "a change of the LRS is accepted from an older version",
         "LrsChange.a6_older_version_is_never_accepted"},
        {Mutant::added_boot_unchecked, "added_boot_unchecked",
         "a member enters the LRS that has restarted since it was judged",
         "LrsChange.a1_accepted_exactly_by_the_rule"},
        {Mutant::late_failure_hits_leader, "late_failure_hits_leader",
         "a failure of an older candidate is held against the new leader",
         "RecordChange.late_answers_change_nothing"},
    };
    return list;
}

}  // namespace weir::sim
