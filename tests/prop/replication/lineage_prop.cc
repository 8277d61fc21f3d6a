// R1-R7 of the design (replication 9) against logs of random election histories.
#include "core/replication/lineage.h"
#include "tests/prop/replication/election_history.h"
#include "tests/support/rapidcheck.h"

#include <variant>

namespace weir::replication {

namespace {

struct Reconciled {
    Offset leo;
    std::size_t rounds = 0;
    bool out_of_reach = false;
};

// Both sides, until the follower is attached. `tail_max` entries of the lineage go with each round.
Reconciled reconcile(const HistoryLog& leader, const HistoryLog& follower, std::size_t tail_max) {
    Reconciled result;
    result.leo = follower.leo();
    Lineage lineage = follower.lineage();
    const Lineage ours = leader.lineage();
    while (true) {
        const Comparison found = compare_logs(ours, {leader.start(), leader.leo()},
                                              tail_of(lineage, tail_max), result.leo);
        if (std::holds_alternative<InSync>(found)) {
            return result;
        }
        if (std::holds_alternative<OutOfReach>(found)) {
            result.out_of_reach = true;
            return result;
        }
        ++result.rounds;
        const Offset to =
            truncation_point(lineage, {follower.start(), result.leo}, std::get<DivergedAt>(found));
        RC_ASSERT(to < result.leo);
        truncate(lineage, to);
        result.leo = to;
    }
}

Offset as_offset(std::size_t index) {
    return Offset(static_cast<std::int64_t>(index));
}

}  // namespace

RC_GTEST_PROP(Lineage, R1_truncates_to_the_longest_common_prefix, (std::uint64_t seed)) {
    Prng prng(seed);
    const History history = random_history(prng);
    const HistoryLog& leader = history.logs[history.leader];
    for (const HistoryLog& follower : history.logs) {
        const Offset wanted = as_offset(common_prefix(leader, follower));
        RC_ASSERT(reconcile(leader, follower, 1).leo == wanted);
        RC_ASSERT(reconcile(leader, follower, 100).leo == wanted);
    }
}

RC_GTEST_PROP(Lineage, R2_R3_never_above_either_log_in_few_rounds, (std::uint64_t seed)) {
    Prng prng(seed);
    const History history = random_history(prng);
    const HistoryLog& leader = history.logs[history.leader];
    for (const HistoryLog& follower : history.logs) {
        const Reconciled one = reconcile(leader, follower, 1);
        RC_ASSERT(one.leo <= follower.leo());
        RC_ASSERT(one.leo <= leader.leo());
        RC_ASSERT(one.rounds <= follower.lineage().size());
        RC_ASSERT(reconcile(leader, follower, 100).rounds <= 1U);
    }
}

RC_GTEST_PROP(Lineage, R4_R5_a_log_in_sync_stays_as_it_is, (std::uint64_t seed)) {
    Prng prng(seed);
    const History history = random_history(prng);
    const HistoryLog& leader = history.logs[history.leader];
    for (HistoryLog follower : history.logs) {
        const Offset leo = reconcile(leader, follower, 1).leo;
        follower.records.resize(static_cast<std::size_t>(leo.value()));
        RC_ASSERT(reconcile(leader, follower, 1).rounds == 0U);
    }
    RC_ASSERT(reconcile(leader, leader, 1).rounds == 0U);
}

RC_GTEST_PROP(Lineage, R6_keeps_what_is_committed_on_eligible_replicas, (std::uint64_t seed)) {
    Prng prng(seed);
    const History history = random_history(prng);
    const HistoryLog& leader = history.logs[history.leader];
    for (const std::size_t member : history.eligible) {
        RC_ASSERT(reconcile(leader, history.logs[member], 1).leo >= as_offset(history.committed));
    }
}

// The logs of any two replicas start somewhere below what is committed.
RC_GTEST_PROP(Lineage, R7_works_with_deleted_beginnings, (std::uint64_t seed)) {
    Prng prng(seed);
    History history = random_history(prng);
    for (HistoryLog& log : history.logs) {
        const std::size_t limit = std::min(log.records.size(), history.committed);
        log.log_start = prng.below(limit + 1);
    }
    const HistoryLog& leader = history.logs[history.leader];
    for (const HistoryLog& follower : history.logs) {
        const std::size_t common = common_prefix(leader, follower);
        const bool tells_all = prng.chance(1, 2);
        const Reconciled found = reconcile(leader, follower, tells_all ? 100 : 1);
        if (found.out_of_reach) {
            // Rightly: what they have in common ends before the leader's log starts.
            RC_ASSERT(as_offset(common) < leader.start());
        } else {
            RC_ASSERT(found.leo == as_offset(common) ||
                      (found.leo <= follower.start() && as_offset(common) <= follower.start()));
        }
    }
    for (const std::size_t member : history.eligible) {
        RC_ASSERT(!reconcile(leader, history.logs[member], 1).out_of_reach);
    }
}

RC_GTEST_PROP(Lineage, end_of_epoch_is_that_of_a_scan, (std::uint64_t seed)) {
    Prng prng(seed);
    const History history = random_history(prng);
    const HistoryLog& log = history.logs.front();
    for (std::int32_t epoch = -1; epoch < 9; ++epoch) {
        EpochEnd wanted;
        for (std::size_t i = 0; i < log.records.size(); ++i) {
            if (log.records[i].epoch <= LeaderEpoch(epoch)) {
                wanted = {log.records[i].epoch, as_offset(i + 1)};
            }
        }
        RC_ASSERT(end_of_epoch(log.lineage(), {Offset(), log.leo()}, LeaderEpoch(epoch)) == wanted);
    }
    for (std::size_t i = 0; i <= log.records.size(); ++i) {
        const LeaderEpoch before = i == 0 ? kNoEpoch : log.records[i - 1].epoch;
        RC_ASSERT(epoch_before(log.lineage(), as_offset(i)) == before);
    }
}

RC_GTEST_PROP(Lineage, kept_up_to_date_it_is_that_of_the_log, (std::uint64_t seed)) {
    Prng prng(seed);
    HistoryLog log;
    Lineage lineage;
    std::int64_t value = 0;
    std::int32_t epoch = 0;
    for (int turn = 0; turn < 30; ++turn) {
        const std::size_t size = log.records.size();
        switch (prng.below(4)) {
            case 0: epoch += 1; break;
            case 1: {
                const std::size_t to = log.log_start + prng.below(size - log.log_start + 1);
                log.records.resize(to);
                truncate(lineage, as_offset(to));
                break;
            }
            case 2: {
                log.log_start += prng.below(size - log.log_start + 1);
                trim(lineage, log.start());
                break;
            }
            default:
                append_batch(prng, log, epoch, value);
                note_batch(lineage, LeaderEpoch(epoch), as_offset(size));
                break;
        }
        // A cut may have taken what a trimmed lineage would need to know of before.
        if (log.records.size() > log.log_start || log.log_start == 0) {
            RC_ASSERT(lineage == log.lineage());
        }
    }
}

}  // namespace weir::replication
