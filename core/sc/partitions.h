// The driver of the partitions' records: who leads, who is live, who is taken for gone.
//
// core/control decides; this file brings the decisions their input, and stores what they say. One
// task goes round: it looks at what has changed (SPUs that came, left or fell silent, what replicas
// say, timers), works out new records for all partitions concerned, stores them in one transaction,
// and only then lets anybody see them; the sessions push what they see. A partition that needs
// nothing costs nothing.
//
// Volatile and worth nothing after a restart: the search for a leader (Round) and the last reports.
// Owned by the service; one shard.
#pragma once

#include "core/control/election.h"
#include "core/control/promotion.h"
#include "core/sc/record_changes.h"
#include "core/sc/spus.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace weir::sc {

class Partitions {
public:
    Partitions(Context& context, Spus& spus, PartitionReports& reports);

    // Until the token is cancelled.
    Task<void> run(CancelToken token);

    // From a session: what the replicas on `spu` say. Only the last word of each kind counts.
    void take(SpuId spu, const wire::internal::ScMessages& messages);
    // That incarnation of that partition; nullptr when there is none. Valid until the next await.
    const PartitionTable::Entry* find(const control::PartitionRef& ref);
    // From a registration.
    void note_report(const PartitionTable::Entry& entry, const control::ReplicaReport& report);

private:
    enum class Stage : std::uint8_t {
        resting,
        // Waits for answers, then elects.
        probing,
        // Waits for the candidate to say that it leads.
        promoting,
        // Waits before it tries again.
        pausing,
    };
    struct Round {
        control::ElectionRound election;
        std::map<SpuId, control::ReplicaReport> reports;
        Stage stage = Stage::resting;
        // Of the record with which the stage began: with another one it is void.
        LeaderEpoch epoch = kNoEpoch;
        // Who was asked by the probe, and who of them has not answered yet.
        SpuSet probed;
        SpuSet asked;
        // Whose report is the answer to a question about `answered_epoch`.
        SpuSet answered;
        LeaderEpoch answered_epoch = kNoEpoch;
        std::optional<Instant> due;
        std::optional<Instant> leaderless_since;
    };
    using MessageKey = std::tuple<control::PartitionRef, SpuId, std::size_t>;

    // One turn of run(): the error of the store, after which nothing has happened.
    Task<Result<void>> step();
    Task<void> wake_on_changes(CancelToken token);
    bool has_work() const;
    std::optional<Instant> next_due();
    void collect();

    void look_at_spus(RecordChanges& changes);
    void look_at_all_of(SpuId spu);
    void fence(const SpuTable::Entry& entry, RecordChanges& changes);
    void unfence(const SpuTable::Entry& entry, RecordChanges& changes);
    // What it leads others take over at once, where there are others; and nothing that it follows
    // waits for it, where enough are live without it.
    void give_away(SpuId spu, RecordChanges& changes);

    using Entry = PartitionTable::Entry;
    void apply(const MessageKey& key, const replication::ScMessage& message,
               RecordChanges& changes);
    void take(const Entry& entry, SpuId spu, const replication::ProbeAnswer& answer,
              RecordChanges& changes);
    void take(const Entry& entry, SpuId spu, const replication::Promoted& message,
              RecordChanges& changes);
    void take(const Entry& entry, SpuId spu, const replication::PromoteFailed& message,
              RecordChanges& changes);
    void take(const Entry& entry, SpuId spu, const replication::AlterLrs& message,
              RecordChanges& changes);

    // What the partition needs next. Does nothing when called again without a reason.
    void advance(const Entry& entry, RecordChanges& changes);
    void promoted(const Entry& entry, Round& round, const control::CandidateId& candidate,
                  RecordChanges& changes);
    void await_promotion(const Entry& entry, Round& round, RecordChanges& changes);
    void look_for_leader(const Entry& entry, Round& round, RecordChanges& changes);
    void elect_now(const Entry& entry, Round& round, RecordChanges& changes);
    // Of a partition with a leader: reassignment and draining.
    void settle(const Entry& entry, Round& round, RecordChanges& changes);
    void probe(const Entry& entry, Round& round, const SpuSet& members, RecordChanges& changes);
    void ask(const PartitionRecord& record, Round& round, const SpuSet& spus);

    control::ElectionInput election_input(const Entry& entry, const Round& round,
                                          const RecordChanges& changes);
    SpuSet candidates(const PartitionRecord& record, const Round& round,
                      const RecordChanges& changes) const;
    bool grace_is_over(const Round& round) const;
    void begin(const std::string& name, Round& round, Stage stage, LeaderEpoch epoch,
               std::optional<Duration> wait);
    void set_due(const std::string& name, Round& round, std::optional<Instant> due);
    Instant now() const { return context_.env.clock.now(); }

    Context& context_;
    Spus& spus_;
    PartitionReports& reports_;
    Logger log_;
    Notifier wake_;
    PartitionTable::Watcher watcher_;
    std::uint64_t spus_seen_ = 0;

    // By name of the partition.
    std::map<std::string, Round> rounds_;
    std::map<control::PartitionRef, std::string> names_;
    std::set<std::pair<Instant, std::string>> timers_;
    std::set<std::string> leaderless_;
    // Have to be looked at.
    std::set<std::string> pending_;
    std::map<MessageKey, replication::ScMessage> inbox_;
    // Of the present turn: sent once its changes are stored.
    std::map<SpuId, wire::internal::ProbePartitions> probes_;
    std::map<SpuId, std::uint32_t> leader_counts_;
    // Of the present turn: what they led has been given away.
    SpuSet left_;
    // When the next silent SPU is taken for gone.
    std::optional<Instant> silence_ends_;
};

}  // namespace weir::sc
