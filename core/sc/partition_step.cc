// What one partition needs next: the second half of partitions.h.

#include "core/base/mutant.h"
#include "core/control/fencing.h"
#include "core/control/leader_move.h"
#include "core/control/live_sets.h"
#include "core/control/lrs_change.h"
#include "core/control/reassignment.h"
#include "core/control/registration.h"
#include "core/sc/partitions.h"
#include "core/sc/registration.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::sc {

namespace {

// replication.md 10.
constexpr Duration kProbeWait = Duration::from_ms(50);
constexpr Duration kPromoteWait = Duration::from_ms(500);
// How long policy `availability` waits for those who are known to be complete.
constexpr Duration kUncleanGrace = Duration::from_s(10);

SpuSet assigned(const PartitionRecord& record) {
    SpuSet set;
    for (const auto* places : {&record.replicas, &record.adding}) {
        for (const AssignedReplica& replica : *places) {
            control::insert(set, replica.spu);
        }
    }
    return set;
}

control::CandidateId candidate_of(const PartitionRecord& record) {
    return {record.leader, record.leader_boot, record.leader_epoch};
}

// The leader says by its reports that it leads.
bool says_it_leads(const PartitionExtra& extra, const PartitionRecord& record) {
    return record.leader != kNoSpu && extra.reported.has_value() &&
           extra.reported->epoch == record.leader_epoch &&
           extra.reported->resolution != PartitionResolution::offline;
}

// Nothing is left to note of a leader that says so again, with each report.
bool is_settled(const PartitionRecord& record, const control::ElectionRound& election) {
    return record.phase == PartitionPhase::online && election.tried.empty() &&
           election.failed_promotion_count == 0 && election.promoted_epoch == record.leader_epoch;
}

}  // namespace

void Partitions::take(const Entry& entry, SpuId spu, const replication::ProbeAnswer& answer,
                      RecordChanges& changes) {
    const PartitionRecord& record = changes.record(entry);
    const std::optional<Uid> uid = control::assigned_uid(record, spu);
    if (!uid.has_value()) {
        return;
    }
    Round& round = rounds_[entry.object.name];
    control::ReplicaReport report;
    report.spu = spu;
    report.boot = answer.boot;
    report.uid = *uid;
    report.last_epoch = answer.last_epoch;
    report.leo = answer.leo;
    report.healthy = answer.is_healthy;
    round.reports.insert_or_assign(spu, report);
    if (answer.epoch == control::next_epoch(record.leader_epoch)) {
        control::erase(round.asked, spu);
        if (round.answered_epoch != answer.epoch) {
            round.answered.clear();
            round.answered_epoch = answer.epoch;
        }
        control::insert(round.answered, spu);
    }
    if (answer.is_healthy) {
        return;
    }
    PartitionRecord after =
        keep_only_copy(control::on_damage(record, spu, draw_uid(context_.uid_prng)), spu);
    // The only copy is asked again and again, and stays what it is.
    const RecordVersion version = std::exchange(after.version, record.version);
    if (after != record) {
        after.version = version;
        WEIR_LOG(log_, error, "{}: the replica on spu {} is damaged", entry.object.name,
                 spu.value());
        changes.put(entry, std::move(after));
    }
}

void Partitions::take(const Entry& entry, SpuId spu, const replication::Promoted& message,
                      RecordChanges& changes) {
    promoted(entry, rounds_[entry.object.name], {spu, message.boot, message.epoch}, changes);
}

void Partitions::take(const Entry& entry, SpuId spu, const replication::PromoteFailed& message,
                      RecordChanges& changes) {
    const PartitionRecord& record = changes.record(entry);
    Round& round = rounds_[entry.object.name];
    const control::PromotionStep step =
        control::on_promotion_failed(record, round.election, {spu, message.boot, message.epoch});
    round.election = step.round;
    if (step.elect_again) {
        WEIR_LOG(log_, warn, "{}: spu {} cannot lead epoch {}", entry.object.name, spu.value(),
                 message.epoch.value());
        begin(entry.object.name, round, Stage::pausing, record.leader_epoch,
              control::election_backoff(round.election.failed_promotion_count));
    }
}

void Partitions::take(const Entry& entry, SpuId spu, const replication::AlterLrs& message,
                      RecordChanges& changes) {
    // Whatever becomes of it, the sender finds it in the record, which is pushed when it changes.
    const control::AlterLrsResult result =
        control::apply_alter_lrs(changes.record(entry), {message, spu}, changes.spus());
    if (result.verdict == control::AlterLrsVerdict::ineligible) {
        WEIR_LOG(log_, info, "{}: spu {} may not change the live replicas so", entry.object.name,
                 spu.value());
    }
    changes.put(entry, result.record);
}

void Partitions::promoted(const Entry& entry, Round& round, const control::CandidateId& candidate,
                          RecordChanges& changes) {
    const control::PromotionStep step =
        control::on_promoted(changes.record(entry), round.election, candidate);
    round.election = step.round;
    changes.put(entry, step.record);
}

void Partitions::advance(const Entry& entry, RecordChanges& changes) {
    if (context_.doubts.concern(entry.extra.record)) {
        return;
    }
    Round& round = rounds_[entry.object.name];
    if (says_it_leads(entry.extra, changes.record(entry)) &&
        !is_settled(changes.record(entry), round.election)) {
        promoted(entry, round, candidate_of(changes.record(entry)), changes);
    }
    const PartitionRecord& record = changes.record(entry);
    if (record.leader == kNoSpu) {
        leaderless_.insert(entry.object.name);
        look_for_leader(entry, round, changes);
        return;
    }
    leaderless_.erase(entry.object.name);
    round.leaderless_since.reset();
    const bool leads = record.phase == PartitionPhase::online ||
                       round.election.promoted_epoch == record.leader_epoch;
    if (leads) {
        begin(entry.object.name, round, Stage::resting, record.leader_epoch, std::nullopt);
        settle(entry, round, changes);
    } else {
        await_promotion(entry, round, changes);
    }
}

void Partitions::await_promotion(const Entry& entry, Round& round, RecordChanges& changes) {
    const std::string& name = entry.object.name;
    const PartitionRecord& record = changes.record(entry);
    const bool waits = round.epoch == record.leader_epoch &&
                       (round.stage == Stage::promoting || round.stage == Stage::pausing);
    if (!waits) {
        begin(name, round, Stage::promoting, record.leader_epoch, kPromoteWait);
        return;
    }
    if (round.due.has_value() && now() < *round.due) {
        return;
    }
    if (round.stage == Stage::pausing) {
        elect_now(entry, round, changes);
        return;
    }
    SpuSet others = candidates(record, round, changes);
    control::erase(others, record.leader);
    if (others.empty()) {
        // There is no better one than one that takes its time.
        begin(name, round, Stage::promoting, record.leader_epoch, kPromoteWait);
        return;
    }
    WEIR_LOG(log_, warn, "{}: spu {} does not take the lead of epoch {}", name,
             record.leader.value(), record.leader_epoch.value());
    const control::PromotionStep step =
        control::on_promotion_failed(record, round.election, candidate_of(record));
    round.election = step.round;
    begin(name, round, Stage::pausing, record.leader_epoch,
          control::election_backoff(round.election.failed_promotion_count));
}

SpuSet Partitions::candidates(const PartitionRecord& record, const Round& round,
                              const RecordChanges& changes) const {
    SpuSet set;
    const bool any = record.unclean_policy == UncleanPolicy::availability && grace_is_over(round);
    // A recovery passes over nobody.
    const bool recovers = record.lrs.empty() && record.elr.empty();
    for (const SpuId spu : assigned(record)) {
        const bool is_last_known = control::contains(record.last_known, spu);
        const bool known = control::contains(record.lrs, spu) ||
                           control::contains(record.elr, spu) || is_last_known;
        const bool is_passed_over = control::is_draining(changes.spus(), spu) ||
                                    control::contains(round.election.tried, spu);
        if ((known || any) && control::is_unfenced(changes.spus(), spu) && spus_.connected(spu) &&
            (!is_passed_over || (recovers && is_last_known))) {
            set.push_back(spu);
        }
    }
    return set;
}

bool Partitions::grace_is_over(const Round& round) const {
    return round.leaderless_since.has_value() && now() >= *round.leaderless_since + kUncleanGrace;
}

void Partitions::look_for_leader(const Entry& entry, Round& round, RecordChanges& changes) {
    const std::string& name = entry.object.name;
    const PartitionRecord& record = changes.record(entry);
    if (!round.leaderless_since.has_value()) {
        round.leaderless_since = now();
    }
    const SpuSet members = candidates(record, round, changes);
    const bool same = round.epoch == record.leader_epoch;
    if (same && round.stage == Stage::pausing && round.due.has_value() && now() < *round.due) {
        return;
    }
    if (members.empty()) {
        // A partition that nobody has led yet has nothing to say; the others say so once.
        const bool is_new = record.leader_epoch == kNoEpoch;
        if (!is_new && record.phase == PartitionPhase::election) {
            elect_now(entry, round, changes);
            return;
        }
        const bool waits_for_grace =
            record.unclean_policy == UncleanPolicy::availability && !grace_is_over(round);
        begin(name, round, Stage::resting, record.leader_epoch,
              waits_for_grace ? std::optional(*round.leaderless_since + kUncleanGrace - now())
                              : std::nullopt);
        return;
    }
    if (same && round.stage == Stage::probing) {
        // One that has just come may still be the leader of before, and have written since it
        // registered.
        SpuSet newcomers = members;
        for (const SpuId spu : round.probed) {
            control::erase(newcomers, spu);
        }
        ask(record, round, newcomers);
        if ((round.asked.empty() && !mutant(Mutant::probe_waits_long)) ||
            (round.due.has_value() && now() >= *round.due)) {
            elect_now(entry, round, changes);
        }
        return;
    }
    // Nothing to compare: no question to ask. But one that was out of order may have its files open
    // again.
    const auto known = round.reports.find(members.front());
    const bool only_one = members.size() == 1 && known != round.reports.end() &&
                          known->second.healthy &&
                          control::log_end(election_input(entry, round, changes), members.front());
    if (only_one) {
        elect_now(entry, round, changes);
    } else {
        probe(entry, round, members, changes);
    }
}

// Who has answered does nothing until it hears of a newer record: an answer that came after the
// election, over a link that takes longer than an election waits, is as good for the next one.
void Partitions::probe(const Entry& entry, Round& round, const SpuSet& members,
                       RecordChanges& changes) {
    const PartitionRecord& record = changes.record(entry);
    const int waits = mutant(Mutant::probe_waits_long) ? 600 : 1;
    begin(entry.object.name, round, Stage::probing, record.leader_epoch, kProbeWait * waits);
    const bool is_known_question =
        round.answered_epoch == control::next_epoch(record.leader_epoch) &&
        !mutant(Mutant::late_answers_forgotten);
    SpuSet others;
    for (const SpuId spu : members) {
        const auto answer = round.reports.find(spu);
        if (is_known_question && control::contains(round.answered, spu) &&
            answer != round.reports.end() && answer->second.healthy) {
            control::insert(round.probed, spu);
        } else {
            control::insert(others, spu);
        }
    }
    std::erase_if(round.reports, [&round](const auto& report) {
        return !control::contains(round.probed, report.first);
    });
    ask(record, round, others);
    if (others.empty()) {
        elect_now(entry, round, changes);
    }
}

void Partitions::ask(const PartitionRecord& record, Round& round, const SpuSet& spus) {
    wire::internal::ProbePartitions::Entry question;
    question.partition.topic_uid = record.topic_uid;
    question.partition.partition = record.partition;
    question.epoch = control::next_epoch(record.leader_epoch);
    for (const SpuId spu : spus) {
        // What it reported before the question may be true no longer: who was cut off since may
        // have cut its log.
        round.reports.erase(spu);
        control::erase(round.answered, spu);
        control::insert(round.probed, spu);
        control::insert(round.asked, spu);
        probes_[spu].partitions.push_back(question);
    }
}

control::ElectionInput Partitions::election_input(const Entry& entry, const Round& round,
                                                  const RecordChanges& changes) {
    if (leader_counts_.empty()) {
        for (const auto& [name, partition] : context_.catalog.partitions.entries()) {
            ++leader_counts_[partition.extra.record.leader];
        }
    }
    control::ElectionInput input;
    input.record = changes.record(entry);
    input.spus = changes.spus();
    for (const auto& [spu, report] : round.reports) {
        input.reports.push_back(report);
    }
    input.tried = round.election.tried;
    input.away = spus_.away(changes.spus());
    input.leader_counts = leader_counts_;
    const PartitionStatus status = reports_.current_status(entry);
    input.known_end = std::max({Offset(0), status.leader.leo, status.leader.hw});
    input.grace_is_over = grace_is_over(round);
    return input;
}

void Partitions::elect_now(const Entry& entry, Round& round, RecordChanges& changes) {
    const std::string& name = entry.object.name;
    const bool has_candidates = !candidates(changes.record(entry), round, changes).empty();
    const control::ElectionDecision decision =
        control::elect(election_input(entry, round, changes));
    for (const control::RecordFault fault : decision.alarms) {
        WEIR_LOG(log_, error, "{}: the record makes no sense: {}", name, to_string(fault));
    }
    changes.put(entry, decision.record);
    const PartitionRecord& record = changes.record(entry);
    if (record.leader != kNoSpu) {
        WEIR_LOG(log_, info, "{}: spu {} (boot {}) is to lead epoch {}", name,
                 record.leader.value(), record.leader_boot.value(), record.leader_epoch.value());
        if (decision.loss.has_value()) {
            WEIR_LOG(log_, error,
                     "{}: spu {} leads without proof that it is complete: records {} to {} may be "
                     "lost",
                     name, record.leader.value(), decision.loss->from.value(),
                     decision.loss->to.value());
        }
        ++leader_counts_[record.leader];
        begin(name, round, Stage::promoting, record.leader_epoch, kPromoteWait);
        return;
    }
    const bool all_tried = !round.election.tried.empty();
    round.election = control::start_over(round.election);
    const Duration pause = control::election_backoff(round.election.failed_promotion_count);
    if (all_tried || has_candidates) {
        begin(name, round, Stage::pausing, record.leader_epoch, std::max(pause, kPromoteWait));
    } else {
        begin(name, round, Stage::resting, record.leader_epoch, std::nullopt);
    }
}

void Partitions::settle(const Entry& entry, Round& round, RecordChanges& changes) {
    const PartitionRecord& record = changes.record(entry);
    const control::ReassignmentState state = control::reassignment_state(record);
    if (state == control::ReassignmentState::ready) {
        if (auto done = control::complete_reassignment(record)) {
            changes.put(entry, *std::move(done));
        }
        return;
    }
    if (state == control::ReassignmentState::leader_leaves) {
        const control::ElectionInput input = election_input(entry, round, changes);
        const SpuId next = control::successor(input, record.removing);
        if (auto moved = control::move_leader(record, next, changes.spus())) {
            changes.put(entry, *std::move(moved));
        }
        return;
    }
    for (const SpuId spu : record.lrs) {
        if (!control::is_draining(changes.spus(), spu)) {
            continue;
        }
        control::DrainStep step = control::drain_step(election_input(entry, round, changes), spu);
        if (step.state == control::DrainState::step) {
            changes.put(entry, std::move(step.record));
        }
        return;
    }
}

}  // namespace weir::sc
