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
         "Bytes that nobody wrote are never served or accepted as records, and damage in a closed "
         "segment is not taken for the end of the log."},
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
        {Invariant::a21_statistics, "A21", "statistics", safety,
         "What is told of a partition is true: its size is never negative, log start <= high "
         "watermark <= log end, none goes back while its leader leads; and once nothing happens "
         "any more, those, the live replicas and the offsets of followers are what they have."},
        {Invariant::i1_one_commit, "I1", "one-commit", safety,
         "Whenever a leader moves its high watermark over an offset, it holds there what was "
         "committed first."},
        {Invariant::i2_leader_complete, "I2", "leader-complete", safety,
         "A replica that becomes leader by a clean election holds everything that is committed."},
        {Invariant::i3_candidates, "I3", "candidates-complete", safety,
         "So does every replica that may be elected: in LRS or ELR, in a process the SC knows."},
        {Invariant::i6_one_leader, "I6", "one-leader", safety,
         "An epoch is led by the one process that was elected to it."},
        {Invariant::i7_lineage, "I7", "lineage", safety,
         "Batches of the same epoch at the same offset are the same, on whichever replica."},
        {Invariant::i8_matching, "I8", "log-matching", safety,
         "Below its high watermark every replica holds what is committed."},
        {Invariant::i9_prefix, "I9", "prefix", safety,
         "What a follower holds that is attached to a leader, the leader holds as well."},
        {Invariant::i10_superset, "I10", "superset", safety,
         "A leader with min_live replicas waits for everybody who may be elected in its place."},
        {Invariant::i11_min_live, "I11", "min-live", safety,
         "Nothing is committed while fewer than min_live replicas are stored as live."},
        {Invariant::i12_monotone, "I12", "monotone-authority", safety,
         "Epochs, versions, boot counter and what a replica has accepted never go back, restarts "
         "included."},
        {Invariant::i13_good_record, "I13", "good-record", safety,
         "The leader is in the LRS; LRS, ELR and last_known are disjoint sets of replicas; with "
         "min_live members in the LRS the others are empty."},
        {Invariant::i14_fenced_out, "I14", "fenced-out", safety,
         "An SPU that is taken for gone is in no LRS, and no former process of one leads."},
        {Invariant::i15_discipline, "I15", "epoch-discipline", safety,
         "Another leader has another epoch, another record another version."},
        {Invariant::i16_clean_cut, "I16", "clean-cut", safety,
         "No replica cuts its log below its high watermark, and none that may be elected below "
         "what is committed."},
        {Invariant::i17_order, "I17", "log-order", safety,
         "Log start <= high watermark <= log end; batches follow each other without a gap and "
         "with epochs that do not go down; files hold what the log says."},
        {Invariant::i18_one_writer, "I18", "one-writer", safety, "No log is open twice."},
        {Invariant::i19_durable_ack, "I19", "durable-ack", safety,
         "With durability fsync, what a replica lets others count on is on its disk: a loss of "
         "power does not take it."},
        {Invariant::i20_stale_leader, "I20", "stale-leader", safety,
         "Once another leads, an SPU serves clients for its lease at most; with strict reads no "
         "client "
         "is told of less than was acknowledged before it asked."},
        {Invariant::i21_zombie, "I21", "zombie", safety,
         "What a leader of a former epoch still commits, the leaders of later ones hold."},
        {Invariant::i22_identity, "I22", "identity", safety,
         "No replica is deleted that is still assigned."},
        {Invariant::i23_recovery_marked, "I23", "recovery-marked", safety,
         "An election outside of LRS and ELR is marked as a recovery, and never happens under the "
         "policy never."},
        {Invariant::i24_survival, "I24", "survival", safety,
         "Such an election happens only when enough was lost: min_live tails, or a disk."},
        {Invariant::i25_once, "I25", "once", safety,
         "In every log the sequences of a producer follow each other without a gap or a repeat in "
         "each of its epochs, and its epochs do not go back."},
        {Invariant::i26_one_offset, "I26", "one-offset", safety,
         "All acknowledgements of one batch of a producer, however often it was sent, name the "
         "offset where it is committed."},
        {Invariant::i28_retention, "I28", "retention-committed", safety,
         "Retention deletes only what is committed."},
        {Invariant::i29_one_request, "I29", "one-request", safety,
         "A leader has at most one request for another LRS under way, and repeats it unchanged."},
        {Invariant::i30_convergence, "I30", "convergence", liveness,
         "After the faults have healed all replicas are live and hold the same bytes, all of them "
         "committed, and everybody agrees on the leader."},
        {Invariant::i31_entered, "I31", "entered", safety,
         "Nothing is committed in an epoch before all replicas that the leader waits for have "
         "stored that they have what it began with."},
        {Invariant::b1_detection, "B1", "detection", liveness,
         "An SPU that is gone is out of every LRS after three times a session."},
        {Invariant::b2_election, "B2", "election", liveness,
         "A partition is led after three times what an election takes, counted from when the last "
         "fault began or ended (B3, B6: from when the SC or the first candidate is back)."},
        {Invariant::b5_rejoin, "B5", "rejoin", liveness,
         "A replica that is there is in the LRS after three times what that takes."},
        {Invariant::b7_answer, "B7", "answer", liveness,
         "A request for another LRS is answered or superseded within three times its repetition."},
        {Invariant::b8_commit, "B8", "commit", liveness,
         "With min_live replicas a record is committed within three times two messages and the "
         "syncs (B4: also once a follower that is gone is taken out)."},
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

}  // namespace weir::sim
