// What really happened, as far as clients were told, and whether it may have.
//
// Workloads report every send, outcome, read and poll; the oracle keeps a model of each partition
// and notes a Violation when an invariant is broken. Every report costs O(1). It lives outside the
// simulated machines, for one run. `World` time and event number go into each violation.
#pragma once

#include "runtime/sim/check/fault_budget.h"
#include "runtime/sim/check/invariants.h"
#include "runtime/sim/check/rises.h"
#include "runtime/sim/cluster/world.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::sim {

// Number of a record in the run; 0 is none.
using RecordId = std::uint64_t;
using TopicIndex = std::uint32_t;
using SessionId = std::uint32_t;
using KeeperIndex = std::uint32_t;

struct PartitionRef {
    TopicIndex topic = 0;
    std::uint32_t partition = 0;
};

class Oracle {
public:
    explicit Oracle(World& world) : world_(world) {}

    // --- Topics. A topic that is deleted and created again is a new one. ----------------------
    TopicIndex add_topic(std::string name, std::uint32_t partition_count);
    // From the moment a deletion is asked for: its records may vanish.
    void topic_deleted(TopicIndex topic) {
        topics_[topic].deleted = true;
        topics_[topic].deleted_ns = now_ns();
    }
    bool deleted(TopicIndex topic) const { return topics_[topic].deleted; }
    // Its oldest records may be deleted to keep within a size or an age.
    void has_retention(TopicIndex topic) { topics_[topic].retention = true; }
    // It has more than one replica, or had one elsewhere. `strict`: and committed reads that miss
    // nothing; else a leader that was deposed may answer for its lease.
    void is_replicated(TopicIndex topic, bool strict) {
        topics_[topic].replicated = true;
        topics_[topic].strict = strict;
    }
    bool retention(TopicIndex topic) const { return topics_[topic].retention; }
    const std::string& topic_name(TopicIndex topic) const { return topics_[topic].name; }
    std::uint32_t partition_count(TopicIndex topic) const {
        return static_cast<std::uint32_t>(topics_[topic].partitions.size());
    }
    std::size_t topic_count() const { return topics_.size(); }
    // The newest topic of that name.
    std::optional<TopicIndex> find_topic(std::string_view name) const;

    // --- Producers ----------------------------------------------------------------------------
    // A new record of a producer; records of one producer come in the order of these calls.
    RecordId begin_send(std::uint32_t producer, TopicIndex topic);
    void acked(RecordId record, std::uint32_t partition, std::int64_t offset,
               std::uint32_t attempt_count);
    void failed(RecordId record);
    void indeterminate(RecordId record);
    // Sends without an outcome yet.
    std::uint64_t pending() const { return pending_; }

    // --- Consumers ----------------------------------------------------------------------------
    // `first` is the offset that must come first, or -1 when that is open.
    SessionId begin_session(PartitionRef partition, bool committed, std::int64_t first);
    // `record` is 0 for bytes that are not a record of this run (A14).
    void consumed(SessionId session, std::int64_t offset, RecordId record,
                  std::int64_t high_watermark);
    // An operator was told that the records below `offset` are deleted: the log starts there or
    // behind, soon and for ever.
    void deletion_confirmed(PartitionRef ref, std::int64_t offset) {
        std::int64_t& before = partition(ref).deleted_before;
        before = std::max(before, offset);
    }
    std::int64_t deleted_before(PartitionRef ref) const {
        return topics_[ref.topic].partitions[ref.partition].deleted_before;
    }
    // An answer to a poll of a partition's offsets that was asked at `asked_ns`.
    void polled(PartitionRef partition, std::int64_t asked_ns, std::int64_t log_start,
                std::int64_t high_watermark);

    // --- Stored offsets: a consumer id of one partition, in one consumer at a time ------------
    KeeperIndex add_keeper(std::string id, PartitionRef partition);
    // The application has everything below `next`.
    void delivered(KeeperIndex keeper, std::int64_t next);
    // `next` is stored for certain; or nobody knows, and the id is not used any more.
    void store_confirmed(KeeperIndex keeper, std::int64_t next);
    void store_unknown(KeeperIndex keeper) { keepers_[keeper].is_open = true; }
    // A server says that `next` is where the consumer goes on.
    void stored_seen(KeeperIndex keeper, std::int64_t next);

    // As clients have been told.
    std::int64_t high_watermark(PartitionRef ref) const {
        return topics_[ref.topic].partitions[ref.partition].high_watermark.last();
    }
    std::int64_t log_start(PartitionRef ref) const {
        return topics_[ref.topic].partitions[ref.partition].log_start;
    }
    std::int64_t now_ns() const { return world_.scheduler().now_ns(); }
    // The topic of a record; nothing when there is no such record.
    std::optional<TopicIndex> topic_of(RecordId record) const {
        return record != 0 && record < records_.size()
                   ? std::optional<TopicIndex>(records_[record].topic)
                   : std::nullopt;
    }

    // --- Recovered logs -----------------------------------------------------------------------
    struct RecoveredLog {
        std::int64_t log_start = 0;
        std::int64_t leo = 0;
        std::vector<RecordId> records;  // from log_start on; 0: damage
    };
    // What may be missing from a recovered log: what is above `from`, unless it was acknowledged
    // before `acked_ns`.
    struct Allowance {
        std::int64_t from = INT64_MAX;
        std::int64_t acked_ns = INT64_MIN;
        bool any() const { return from != INT64_MAX; }
    };
    // What a restart would find now. Checks A1, A4, A5, A6, A11, A14 against it. What is missing
    // and may be is forgotten.
    void recovered(PartitionRef partition, const RecoveredLog& log, Allowance allowance);
    // Of a log that is over budget and cannot be read whole: only where it starts and ends is
    // known. What was above its end is forgotten.
    void accept_loss(PartitionRef partition, const RecoveredLog& log);
    // What all replicas of a partition hold that nobody reads back: each promised record is in one
    // of the logs, at its offset.
    void copies(PartitionRef partition, const std::vector<RecoveredLog>& logs);
    // The whole partition as a reader found it at the end, from log start. Also checks A10.
    void final_contents(PartitionRef partition, const RecoveredLog& log);

    FaultBudget& budget() { return budget_; }
    bool over_budget(PartitionRef ref) const { return budget_.over(ref.topic, ref.partition); }

    // --- Result -------------------------------------------------------------------------------
    void report(Invariant invariant, std::string text);
    const std::vector<Violation>& violations() const { return violations_; }

    struct Counts {
        std::uint64_t sent = 0;
        std::uint64_t acked = 0;
        std::uint64_t failed = 0;
        std::uint64_t indeterminate = 0;
        std::uint64_t retried_acks = 0;
        std::uint64_t consumed = 0;
        std::uint64_t sessions = 0;
        std::uint64_t polls = 0;
        std::uint64_t recoveries_checked = 0;
        // Acknowledged, and lost where that was allowed.
        std::uint64_t lost = 0;
        std::uint64_t offsets_stored = 0;
    };
    const Counts& counts() const { return counts_; }

private:
    enum class State : std::uint8_t { pending, acked, failed, indeterminate };
    struct RecordState {
        TopicIndex topic = 0;
        std::uint32_t producer = 0;
        std::uint32_t partition = 0;
        std::int64_t offset = -1;
        std::int64_t acked_ns = -1;
        std::uint32_t attempt_count = 0;
        std::uint32_t copies = 0;
        State state = State::pending;
    };
    struct OffsetState {
        RecordId record = 0;
        bool acked = false;
        bool seen_committed = false;
    };
    struct Latest {
        RecordId record = 0;
        std::int64_t offset = -1;
    };
    struct Partition {
        std::vector<OffsetState> offsets;
        // As told to clients whose question came after an answer at that time.
        Rises high_watermark;
        Rises acked_end;
        std::int64_t log_start = 0;
        std::int64_t log_start_ns = -1;
        std::int64_t deleted_before = 0;
        // A reader went on there, behind what must have been deleted.
        std::int64_t skipped_to = 0;
        std::int64_t skipped_ns = -1;
        // The latest acknowledged record of each producer, by order of sending. Acknowledgements
        // may be noticed in any order.
        std::vector<Latest> latest_of_producer;
        // Of the last time that records were lost where that was allowed. Answers from before may
        // still arrive; they say nothing about what is there now.
        std::uint32_t losses = 0;
        std::int64_t loss_ns = -1;
        RecordId loss_record = 0;  // records numbered below were sent before
    };
    struct Topic {
        std::string name;
        bool deleted = false;
        std::int64_t deleted_ns = 0;
        bool retention = false;
        bool replicated = false;
        bool strict = false;
        std::vector<Partition> partitions;
    };
    struct Keeper {
        std::string id;
        PartitionRef partition;
        std::int64_t delivered = 0;
        std::int64_t confirmed = 0;
        bool is_open = false;
    };
    struct Session {
        PartitionRef partition;
        bool committed = false;
        std::int64_t next = -1;
        std::int64_t high_watermark = 0;
        std::uint32_t losses = 0;  // of the partition, when the session began
    };

    Partition& partition(PartitionRef ref) { return topics_[ref.topic].partitions[ref.partition]; }
    std::string name(PartitionRef ref) const;
    std::string describe(RecordId record) const;
    bool may_be_in(PartitionRef ref, RecordId record) const;
    // Notes that `offset` holds `record`; false (and a violation) if something else was known.
    bool learn(PartitionRef ref, std::int64_t offset, RecordId record, const char* source);
    void check_log(PartitionRef ref, const RecoveredLog& log, const char* source,
                   Allowance allowance);
    void check_lost(PartitionRef ref, const RecoveredLog& log, const char* source,
                    Allowance allowance);
    void check_order(PartitionRef ref, RecordId record);
    void count_copies(PartitionRef ref, const RecoveredLog& log);

    World& world_;
    std::vector<Topic> topics_;
    std::vector<RecordState> records_{RecordState()};
    std::vector<Session> sessions_;
    std::vector<Keeper> keepers_;
    std::vector<Violation> violations_;
    FaultBudget budget_;
    std::uint64_t pending_ = 0;
    Counts counts_;
};

}  // namespace weir::sim
