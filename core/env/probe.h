// The probe seam: what core tells whoever watches it, and what a simulator may ask of it.
//
// In production it is null_probe(): nothing happens and nothing is recorded. In the simulator
//  - `fault` answers true now and then, and the code then takes another way that is allowed, only
//    rarer: gives up early, splits work, answers slowly. Never one that would be a bug.
//  - `reached` counts rare situations, so that a sweep can tell which it never came to.
//  - `log_moved` feeds the strips of an explained failure.
//  - `tell` feeds the checks of replication; whoever tells asks `listens` first, so that a fact
//    costs nothing where nobody does.
// None of them may change what the caller promises. Each costs one virtual call: not for loops over
// records.
#pragma once

#include "core/base/ids.h"
#include "core/env/facts.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace weir {

// Places in core where `fault` is asked. Append only: their names are in bundles.
enum class FaultPoint : std::uint8_t {
    log_roll_early,            // a segment is rolled although it is not full
    log_sync_late,             // the group commit waits a little longer
    log_gather_one,            // a write takes one append only
    log_no_preallocation,      // the file is not extended ahead of a write
    log_checkpoint_early,      // the durable end is noted before it is due
    log_checkpoint_skipped,    // the durable end is not noted although it is due
    log_cache_dropped,         // the newest batches are forgotten
    log_cache_bypassed,        // a read goes to the file although the cache has it
    log_read_one_batch,        // a read answers one batch
    log_idle_at_once,          // an unused log is idle at once
    log_retention_one,         // a tick deletes one segment at most
    log_closed_scanned,        // recovery scans a closed segment in spite of its index
    log_clean_ignored,         // recovery scans a log that was closed in order
    log_no_shrink,             // a closed segment keeps its preallocated end
    log_no_index_file,         // no index is written for a closed segment
    log_no_gathering,          // the group commit waits for nobody
    log_writer_yields,         // the writer lets others go first
    spu_produce_refused,       // a produce is refused as by a server that does not lead
    spu_fetch_refused,         // a fetch is refused so
    spu_stream_refused,        // a stream is refused so
    spu_offsets_refused,       // a question for offsets is refused so
    spu_slice_small,           // a stream sends one batch
    spu_stream_pauses,         // a stream waits before it reads
    spu_answer_alone,          // an answer goes out alone
    spu_answer_late,           // a produce is answered late
    spu_connection_ended,      // a client's connection is ended in order
    spu_upkeep_early,          // upkeep comes at once
    spu_report_all,            // every replica is reported again
    spu_heartbeat_extra,       // two heartbeats come at once
    spu_link_dropped,          // the link to the SC is given up
    spu_offsets_compacted,     // consumer offsets are compacted early
    spu_offsets_replayed,      // the table of consumer offsets is made anew from the log
    spu_accept_late,           // an accepted connection waits
    spu_peer_dropped,          // the link to another SPU is opened anew
    spu_removal_late,          // files of a removed replica are deleted late
    spu_open_late,             // a replica is opened late
    client_connect_given_up,   // a connect is given up at once
    client_no_backoff,         // an attempt follows at once
    client_long_backoff,       // an attempt comes late
    client_no_linger,          // a batch is sent without waiting for more records
    client_one_batch,          // a request carries one batch
    client_batch_sealed,       // a batch is closed although it has room
    client_reconnect,          // a connection in use is replaced
    client_acknowledge_late,   // a stream's chunk is acknowledged late
    client_session_restarted,  // a stream is opened anew in the middle
    client_watch_restarted,    // the link to the SC is opened anew
    sc_snapshot_early,         // a snapshot of the metadata is written
    sc_store_slow,             // a change of metadata is stored late
    sc_publish_early,          // offsets reach the watchers at once
    sc_watch_late,             // watchers are told late
    sc_assignments_late,       // SPUs are told late
    sc_session_dropped,        // an SPU's link is given up
    sc_client_dropped,         // a client's connection is ended
    sc_reconcile_again,        // the metadata are looked through once more
    sc_topic_wait_short,       // a creation does not wait for its partitions
};
inline constexpr std::array<std::string_view, 55> kFaultPointNames = {
    "log.roll_early",          "log.sync_late",           "log.gather_one",
    "log.no_preallocation",    "log.checkpoint_early",    "log.checkpoint_skipped",
    "log.cache_dropped",       "log.cache_bypassed",      "log.read_one_batch",
    "log.idle_at_once",        "log.retention_one",       "log.closed_scanned",
    "log.clean_ignored",       "log.no_shrink",           "log.no_index_file",
    "log.no_gathering",        "log.writer_yields",       "spu.produce_refused",
    "spu.fetch_refused",       "spu.stream_refused",      "spu.offsets_refused",
    "spu.slice_small",         "spu.stream_pauses",       "spu.answer_alone",
    "spu.answer_late",         "spu.connection_ended",    "spu.upkeep_early",
    "spu.report_all",          "spu.heartbeat_extra",     "spu.link_dropped",
    "spu.offsets_compacted",   "spu.offsets_replayed",    "spu.accept_late",
    "spu.peer_dropped",        "spu.removal_late",        "spu.open_late",
    "client.connect_given_up", "client.no_backoff",       "client.long_backoff",
    "client.no_linger",        "client.one_batch",        "client.batch_sealed",
    "client.reconnect",        "client.acknowledge_late", "client.session_restarted",
    "client.watch_restarted",  "sc.snapshot_early",       "sc.store_slow",
    "sc.publish_early",        "sc.watch_late",           "sc.assignments_late",
    "sc.session_dropped",      "sc.client_dropped",       "sc.reconcile_again",
    "sc.topic_wait_short",
};

// Situations that a sweep should come to. Append only.
enum class Sometimes : std::uint8_t {
    log_torn_tail_cut,          // recovery cut a torn tail
    log_slot_damaged,           // a slot of a checkpoint was damaged
    log_index_rebuilt,          // recovery rebuilt an index
    log_unborn_dropped,         // recovery dropped a segment whose header was never synced
    log_deletion_finished,      // recovery finished a deletion that was interrupted
    log_clean_start,            // a log was opened without a scan
    log_rolled,                 // a segment was rolled
    log_disk_full_entered,      // a write found the disk full
    log_disk_full_left,         // a write worked again
    log_idle_closed,            // the files of an idle log were closed
    log_retention_deleted,      // retention deleted a segment
    log_group_of_8,             // a sync committed 8 appends or more
    log_evicted_while_reading,  // what was read was deleted meanwhile
    spu_evicted_read,           // a reader asked for what was deleted
    spu_produce_timed_out,      // a produce was not committed in its time
    spu_orphan_removed,         // files of a topic that was deleted meanwhile were removed
    spu_recreated,              // a partition came back while its former life was being removed
    spu_offsets_forwarded,      // a consumer offset went to the SPU that keeps it
    spu_offsets_compacted,      // consumer offsets were compacted
    client_retry_unknown,       // a batch was sent again that may have been written
    client_evicted_skipped,     // a consumer went on behind what was deleted
    client_reconnected,         // a client found the SC again
    sc_snapshot_written,        // a snapshot of the metadata was written
    sc_stale_report,            // a report of somebody who does not lead was refused
    sc_session_replaced,        // an SPU came on a second connection
    sc_spu_offline,             // an SPU went offline
    spu_replica_damaged,        // a replica of several was found to be damaged
    spu_replica_replaced,       // it started over, from the others
    spu_duplicate_found,        // a batch came that is in the log already
    client_sequence_begun,      // a producer numbers its records anew
};
inline constexpr std::array<std::string_view, 30> kSometimesNames = {
    "log.torn_tail_cut",
    "log.slot_damaged",
    "log.index_rebuilt",
    "log.unborn_dropped",
    "log.deletion_finished",
    "log.clean_start",
    "log.rolled",
    "log.disk_full_entered",
    "log.disk_full_left",
    "log.idle_closed",
    "log.retention_deleted",
    "log.group_of_8",
    "log.evicted_while_reading",
    "spu.evicted_read",
    "spu.produce_timed_out",
    "spu.orphan_removed",
    "spu.recreated",
    "spu.offsets_forwarded",
    "spu.offsets_compacted",
    "client.retry_unknown",
    "client.evicted_skipped",
    "client.reconnected",
    "sc.snapshot_written",
    "sc.stale_report",
    "sc.session_replaced",
    "sc.spu_offline",
    "spu.replica_damaged",
    "spu.replica_replaced",
    "spu.duplicate_found",
    "client.sequence_begun",
};

// Of one log of this process. `dir` is valid during the call only.
struct LogPosition {
    std::string_view dir;
    Offset log_start;
    Offset committed;
    Offset leo;
};

class Probe {
public:
    explicit Probe(bool listens) : listens_(listens) {}
    virtual ~Probe() = default;
    Probe(const Probe&) = delete;
    Probe& operator=(const Probe&) = delete;
    virtual bool fault(FaultPoint point) = 0;
    virtual void reached(Sometimes situation) = 0;
    virtual void log_moved(const LogPosition& position) = 0;
    // Whether anybody wants facts.
    bool listens() const { return listens_; }
    virtual void tell(const Fact& fact) = 0;

private:
    bool listens_;
};

// Does nothing; lives for ever.
Probe& null_probe();

}  // namespace weir
