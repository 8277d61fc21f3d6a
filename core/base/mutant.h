// Planted bugs, to prove that the checkers find what they are there for.
//
// In a build with WEIR_MUTANTS one of them can be selected by name at run time; in every other
// build `mutant(...)` is the constant false and costs nothing. The place of each is a single `if`
// in the code that it breaks. `weir-sim list` prints them with the invariant that must catch each.
#pragma once

#include <cstdint>
#include <string_view>

namespace weir {

enum class Mutant : std::uint8_t {
    none,
    ack_before_fsync,           // A1: group commit acknowledges before the sync
    crc_unchecked_at_recovery,  // A14: recovery accepts a batch by its length alone
    index_trusted_at_recovery,  // A13: recovery takes the index's word and skips the scan
    directory_not_synced,       // A1, A13: a rolled segment's directory entry is not synced
    wrong_correlation_id,       // A18: a response carries another request's correlation id
    sync_error_swallowed,       // A1, A13: a failed sync is taken for a good one
    clean_close_assumed,        // A13: recovery takes the last orderly close's word after a crash
    full_disk_acked,            // A1: a write that the full disk refused counts as written
    newest_topic_forgotten,     // A15: an SC that starts again has lost its newest topic
    short_send_taken_as_whole,  // A18: a file range that was sent in part counts as sent
    evicted_read_waits,         // A12: a read below the log start waits for ever
    retention_takes_active,     // A16: retention moves the log start past the segment it deletes
    offsets_shift_by_eviction,  // A5: acknowledgements are one too high after a deletion
    acked_sent_again,           // A10: the client sends an acknowledged batch once more
    ack_of_another_batch,       // A5: an acknowledgement names the log end, not its batch
    committed_reads_to_end,     // A11: a committed read shows what is not committed yet
    answers_out_of_order,       // A18: the second of two pipelined produces is answered first
    cut_frame_taken_as_whole,   // A14: the rest of a broken connection is taken for a frame
    silent_peer_kept,           // A15: a peer that is silent is taken to be there
    deletion_not_stored,        // A15: the deletion of a topic is forgotten by a restart
    watch_misses_deletion,      // A15: a watcher is not told of deletions
    offset_stored_early,        // A20: an offset is stored before its records are delivered
    order_by_address,           // A19: a choice depends on where objects are in memory
    uninitialised_byte,         // A19: a wait depends on memory that nobody wrote
    answers_as_they_finish,     // A18: each produce is answered by a task of its own
    unsynced_not_rewritten,     // A13: recovery takes what can be read for what can be synced
    failed_frame_left_open,     // A12: a connection with half a frame on it stays open
    base_offset_believed,       // A9: a consumer hands out the offsets that a batch claims
    unlisted_deleted_at_once,   // A1: an SPU deletes what the SC does not list
    sent_taken_for_not_sent,    // A10: a broken connection says of requests "not sent"
    synced_checkpoint_covered,  // A13: two checkpoints in a row may cover the synced one
    record_stored_blindly,      // I15: the SC overwrites a record that somebody else has changed
    conflict_not_read_again,    // A12: the SC tries again with what it knew before a conflict
    smartmodule_not_awaited,    // A15: a SmartModule is said to be there before SPUs know it
    update_not_stored,          // A15: a change of what a topic keeps is forgotten by a restart
    update_not_applied,         // A16: an SPU goes on by the settings with which it opened a log
    retention_in_ms,            // A1, A16: a retention time counts milliseconds
    closed_damage_cut,      // A14, A1: recovery cuts at damage in the middle of a closed segment
    retention_ignores_hw,   // I28: retention deletes what is not committed yet
    journal_trimmed_first,  // A13: the journal is cut before its snapshot is on disk
    lease_by_wall_clock,    // I20: a lease is as long as the wall clock says
    eviction_skips_record,  // A6: a read of deleted records goes on behind the first one left
    connection_left_open,   // A17: an SPU forgets to close the connection of a peer
    // core/control
    copy_dropped_early,          // I3: a move of replicas ends before the new ones have caught up
    elect_any_replica,           // I2: any live replica may win, in the LRS or not
    unclean_under_never,         // I23: an election outside LRS and ELR that the policy forbids
    elect_fenced,                // A12: an SPU that is taken for gone wins
    election_tolerates_lag,      // A8: logs that end within three records of each other are equal
    winner_by_arrival,           // A19: among equals the one that reported first wins
    last_known_without_all,      // I2: recovery before all of last_known have reported
    second_best_known,           // I24: recovery with less than another that is known has
    elr_not_cleared,             // I3: ELR stays when the LRS has min_live members
    unclean_stays_in_elr,        // I3: a restart that may have lost its tail stays eligible
    quick_reboot_keeps_lead,     // I6: a restart that nobody noticed is not fenced
    alter_lrs_without_cas,       // I10: a change of the LRS is accepted from an older version
    added_boot_unchecked,        // I3: a member is added that has restarted since it was judged
    late_failure_hits_leader,    // A7: a failure of an older candidate is held against the new one
    recovery_unmarked,           // I23: an election from last_known looks like any other
    version_of_replica_ignored,  // I10: of one epoch any version of a record is as good
    change_taken_for_old,        // B7: the SC drops the requests for another LRS
    empty_disk_stays_in_elr,     // I2: a replica whose disk was replaced stays eligible
    term_of_spu_ignored,         // I6: an SPU that has worked for a later term proves nothing
    empty_members_elected,       // I3: metadata from before a move let those lead who have nothing
    only_copy_in_no_set,         // A12: the last live replica is given up when its disk failed once
    first_leo_listed,            // A21: a leader's log end is listed as it first was
    // core/sc for replication
    probe_waits_long,            // B2: an election waits for half a minute
    version_not_counted,         // I15: a record changes and keeps its version
    doubted_leader_keeps_lease,  // A3: who may have been deposed is told to go on
    start_hears_nobody,          // I10: an SC that starts changes records before SPUs have come
    epoch_of_silent_reused,      // I6: an SC gives out an epoch that a silent SPU may have seen
    dropped_counted_on,          // I2: an SC counts on what SPUs have dropped since a backup
    late_answers_forgotten,      // A12: an answer to a probe that comes late counts for nothing
    old_term_writes,             // I12: an SC whose term is over writes on
    old_term_leases,             // I20: an SC gives leases and does not look whether its term lasts
    // core/replication
    attach_not_repeated,    // A12: a follower that its leader did not expect yet asks no more
    no_truncation,          // I9: a follower keeps what its leader does not have
    truncate_to_hw,         // I3: a follower cuts its log to its HW before it asks
    hw_ignores_min_live,    // I11: the HW moves while fewer than min_live replicas are live
    expand_without_leso,    // I3: a follower joins that lacks what an earlier leader committed
    expand_unchecked,       // I3: a follower joins wherever it is
    shrink_before_stored,   // I10: the HW stops waiting for a member that is still electable
    counted_before_sync,    // I19: what is not durable counts in mode fsync
    acks_of_any_epoch,      // I1: a leader counts what was said to another one
    ack_of_any_session,     // I1: a leader counts what was said in an earlier session
    session_outlives_uid,   // I3: a leader counts what was said by the replica before
    appends_unfenced,       // I9: a follower takes batches of a former leader
    strict_reads_ignored,   // I20, A3: strict reads are as others
    hw_counts_copies,       // I3: min_live copies are enough, whoever has them
    unknown_epoch_fits,     // I9: an epoch that a leader does not know is taken for its own
    joins_late,             // B5: a follower is held back from the LRS for sixty times as long
    hw_moves_by_tick,       // B8: an acknowledgement does not move the HW
    silent_not_waited,      // I1, I21: the HW does not wait for who is not attached
    promotes_itself,        // I6: a follower that loses its leader leads on in the same epoch
    follower_commits_all,   // I8: a follower takes what it has for committed
    follower_hw_unbounded,  // I17: a follower takes its leader's HW although it lacks the records
    epoch_not_entered,      // I31: a log that has what a leader began with does not say so
    hw_before_leso,         // I31: the HW moves before all have what the leader began with
    proposal_replaced,      // I29: a change of the LRS is asked for anew and not again
    // core/log for replication
    truncate_not_synced,     // I16: a cut is answered before it is on disk
    lineage_not_cut,         // I17: a cut leaves the epochs of what it removed
    producers_not_cut,       // I26: a cut leaves the sequences of what it removed
    producers_forgotten,     // I25: a log that is opened knows no producers
    replica_base_unchecked,  // I17: a follower stores batches that do not begin at its end
    epoch_token_unchecked,   // I18: an append of a leader that was deposed is taken
    // core/spu
    lower_term_obeyed,      // I12: an SPU works for an SC of an earlier term than before
    evicted_read_crashes,   // the process ends by a signal
    old_leader_serves,      // I6: a leader does not hear of the next one, and acknowledges on
    fence_not_persisted,    // I12: an epoch is acted on before it is on disk
    replica_batch_changed,  // I7: a follower stores other records than its leader
    log_opened_again,       // I18: a log is opened for another epoch and not closed before
    damage_not_reported,    // A14: a damaged replica keeps still for ever
    damage_told_once,       // A14: damage is not told again when others may have the records
    scrub_sees_nothing,     // A14: scrubbing finds no damage
    large_batch_cut,        // B5: a batch larger than a push is never sent
    duplicate_appended,     // I25: a batch that is there already is appended once more
    duplicate_acked_early,  // I4: a batch that is there already is acknowledged at once
    gap_accepted,           // I25: a batch is appended although the one before it is missing
};

#ifdef WEIR_MUTANTS
namespace detail {
inline Mutant g_mutant = Mutant::none;
}
inline bool mutant(Mutant which) {
    return detail::g_mutant == which;
}
inline void select_mutant(Mutant which) {
    detail::g_mutant = which;
}
#else
constexpr bool mutant(Mutant) {
    return false;
}
#endif

}  // namespace weir
