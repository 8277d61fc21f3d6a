#include "core/control/election.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/control/live_sets.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace weir::control {

namespace {

class Voters {
public:
    explicit Voters(const ElectionInput& input) : input_(input) {
        for (const ReplicaReport& report : input.reports) {
            if (!counts(report)) {
                continue;
            }
            arrival_.push_back(report.spu);
            LogEnd& end = ends_[report.spu];
            end = std::max(end, LogEnd{report.last_epoch, report.leo});
            if (!report.healthy) {
                insert(damaged_, report.spu);
            }
        }
    }

    bool has_reported(SpuId spu) const { return ends_.contains(spu); }

    LogEnd end_of(SpuId spu) const {
        const auto found = ends_.find(spu);
        return found == ends_.end() ? LogEnd() : found->second;
    }

    bool is_candidate(SpuId spu) const {
        const bool there = is_unfenced(input_.spus, spu) || mutant(Mutant::elect_fenced);
        return there && !is_draining(input_.spus, spu) && !contains(input_.tried, spu) &&
               !contains(input_.away, spu) && !contains(damaged_, spu);
    }

    SpuId best_of(SpuSet pool) const {
        std::erase_if(pool, [this](SpuId spu) { return !is_candidate(spu); });
        return best_among(pool);
    }

    // One that has all that any of them has, or nobody for now: what a member has is not given up
    // because it did not take the lead, or is to be drained.
    SpuId best_known_of(SpuSet pool) const {
        std::erase_if(pool, [this](SpuId spu) { return contains(damaged_, spu); });
        const LogEnd end = end_of(best_among(pool));
        std::erase_if(pool, [this](SpuId spu) { return contains(input_.tried, spu); });
        const SpuId best = best_among(pool);
        return end_of(best) == end ? best : kNoSpu;
    }

    Offset highest_leo() const {
        Offset highest;
        for (const auto& [spu, end] : ends_) {
            highest = std::max(highest, end.leo);
        }
        return highest;
    }

private:
    bool counts(const ReplicaReport& report) const {
        return assigned_uid(input_.record, report.spu) == report.uid && report.boot != kNoBoot &&
               boot_of(input_.spus, report.spu) == report.boot;
    }

    SpuId best_among(const SpuSet& pool) const {
        const auto best =
            std::max_element(pool.begin(), pool.end(),
                             [this](SpuId one, SpuId other) { return is_better(other, one); });
        return best == pool.end() ? kNoSpu : *best;
    }

    bool is_better(SpuId one, SpuId other) const {
        const LogEnd end = end_of(one);
        const LogEnd other_end = end_of(other);
        const bool near = mutant(Mutant::election_tolerates_lag) &&
                          end.last_epoch == other_end.last_epoch &&
                          std::max(end.leo, other_end.leo) - std::min(end.leo, other_end.leo) <= 3;
        if (end != other_end && !near) {
            return end > other_end;
        }
        if (mutant(Mutant::winner_by_arrival)) {
            return std::find(arrival_.begin(), arrival_.end(), one) <
                   std::find(arrival_.begin(), arrival_.end(), other);
        }
        return place_of(one) < place_of(other);
    }

    // Smaller is better.
    std::tuple<int, std::uint32_t, SpuId> place_of(SpuId spu) const {
        const auto found = input_.leader_counts.find(spu);
        const std::uint32_t count = found == input_.leader_counts.end() ? 0 : found->second;
        const bool preferred = input_.record.replicas.front().spu == spu;
        return {preferred ? 0 : 1, count, spu};
    }

    const ElectionInput& input_;
    std::map<SpuId, LogEnd> ends_;
    std::vector<SpuId> arrival_;
    SpuSet damaged_;
};

SpuSet fenced_of(const SpuSet& set, const SpuStates& spus) {
    SpuSet fenced;
    for (const SpuId spu : set) {
        if (!is_unfenced(spus, spu)) {
            fenced.push_back(spu);
        }
    }
    return fenced;
}

SpuSet assigned_of(const PartitionRecord& record) {
    SpuSet all;
    for (const auto* places : {&record.replicas, &record.adding}) {
        for (const AssignedReplica& replica : *places) {
            insert(all, replica.spu);
        }
    }
    return all;
}

bool may_use_last_known(const ElectionInput& input, const PartitionRecord& record,
                        const Voters& voters) {
    if (record.unclean_policy == UncleanPolicy::never && !is_of_only_copy(record) &&
        !mutant(Mutant::unclean_under_never)) {
        return false;
    }
    if (!record.lrs.empty() || !record.elr.empty()) {
        return false;
    }
    // Without all of them, one that is away may hold what the others have lost. That it has
    // reported before does not help: it could not be chosen.
    return mutant(Mutant::last_known_without_all) ||
           std::all_of(record.last_known.begin(), record.last_known.end(), [&](SpuId spu) {
               return is_unfenced(input.spus, spu) && !contains(input.away, spu) &&
                      voters.has_reported(spu);
           });
}

struct Winner {
    SpuId spu = kNoSpu;
    ElectionPool pool = ElectionPool::none;
};

// `record` without its fenced members.
Winner choose(const ElectionInput& input, const PartitionRecord& record, const Voters& voters) {
    const SpuSet first = mutant(Mutant::elect_any_replica) ? assigned_of(record) : record.lrs;
    if (const SpuId spu = voters.best_of(first); spu != kNoSpu) {
        return {spu, ElectionPool::lrs};
    }
    if (const SpuId spu = voters.best_of(record.elr); spu != kNoSpu) {
        return {spu, ElectionPool::elr};
    }
    if (may_use_last_known(input, record, voters)) {
        const bool of_those_there =
            mutant(Mutant::second_best_known) || mutant(Mutant::last_known_without_all);
        const SpuId spu = of_those_there ? voters.best_of(record.last_known)
                                         : voters.best_known_of(record.last_known);
        if (spu != kNoSpu) {
            return {spu, ElectionPool::last_known};
        }
    }
    if (record.unclean_policy == UncleanPolicy::availability && input.grace_is_over) {
        if (const SpuId spu = voters.best_of(assigned_of(record)); spu != kNoSpu) {
            return {spu, ElectionPool::any};
        }
    }
    return {};
}

bool is_unclean(ElectionPool pool) {
    return pool == ElectionPool::last_known || pool == ElectionPool::any;
}

// What the members of LRS and ELR have is not what the new leader has.
void doubt_all(PartitionRecord& record) {
    for (const auto* set : {&record.lrs, &record.elr}) {
        for (const SpuId spu : *set) {
            insert(record.last_known, spu);
        }
    }
    record.lrs.clear();
    record.elr.clear();
}

void install(PartitionRecord& record, const Winner& winner, BootEpoch boot) {
    if (winner.pool == ElectionPool::any) {
        doubt_all(record);
    }
    join_lrs(record, winner.spu);
    forget_outsiders_if_enough(record);
    record.leader = winner.spu;
    record.leader_boot = boot;
    if (is_unclean(winner.pool) && !mutant(Mutant::recovery_unmarked)) {
        record.phase = PartitionPhase::recovering;
    } else if (record.phase != PartitionPhase::recovering) {
        record.phase = PartitionPhase::candidate_found;
    }
}

void count_change(PartitionRecord& record) {
    record.leader_epoch = next_epoch(record.leader_epoch);
    record.version = next_version(record.version);
}

// Nobody leads. Without a difference to `before`, nothing is counted.
PartitionRecord leaderless(const PartitionRecord& before, PartitionRecord record) {
    record.leader = kNoSpu;
    record.leader_boot = kNoBoot;
    if (record.phase != PartitionPhase::recovering) {
        record.phase = PartitionPhase::offline;
    }
    if (record != before) {
        count_change(record);
    }
    return record;
}

}  // namespace

ElectionDecision elect(const ElectionInput& input) {
    ElectionDecision decision;
    decision.alarms = check_record(input.record);
    if (!decision.alarms.empty()) {
        PartitionRecord record = input.record;
        record.phase = PartitionPhase::offline;
        decision.record = leaderless(input.record, std::move(record));
        return decision;
    }
    PartitionRecord record = input.record;
    leave_lrs(record, fenced_of(record.lrs, input.spus));
    const Voters voters(input);
    const Winner winner = choose(input, record, voters);
    if (winner.spu == kNoSpu) {
        decision.record = leaderless(input.record, std::move(record));
        return decision;
    }
    install(record, winner, boot_of(input.spus, winner.spu));
    count_change(record);
    if (is_unclean(winner.pool)) {
        DataLoss loss;
        loss.leader = winner.spu;
        loss.epoch = record.leader_epoch;
        loss.from = std::max(voters.end_of(winner.spu).leo, Offset(0));
        loss.to = std::max({loss.from, input.known_end, voters.highest_leo()});
        decision.loss = loss;
        // Where its log ends below, new records must not be taken for deleted ones.
        record.delete_before = std::min(record.delete_before, loss.from);
    }
    decision.pool = winner.pool;
    decision.record = std::move(record);
    WEIR_ASSERT(decision.record.version > input.record.version);
    WEIR_ASSERT(decision.record.leader_epoch > input.record.leader_epoch);
    return decision;
}

std::optional<LogEnd> log_end(const ElectionInput& input, SpuId spu) {
    const Voters voters(input);
    return voters.has_reported(spu) ? std::optional(voters.end_of(spu)) : std::nullopt;
}

SpuId best_candidate(const ElectionInput& input, const SpuSet& pool) {
    if (!check_record(input.record).empty()) {
        return kNoSpu;
    }
    return Voters(input).best_of(pool);
}

}  // namespace weir::control
