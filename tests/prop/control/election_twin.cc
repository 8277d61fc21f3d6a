#include "tests/prop/control/election_twin.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

namespace weir::test {

using namespace control;

namespace {

using Ids = std::set<SpuId>;

Ids ids_of(const SpuSet& set) {
    return {set.begin(), set.end()};
}

SpuSet set_of(const Ids& ids) {
    return {ids.begin(), ids.end()};
}

struct Naive {
    const ElectionInput& input;
    std::map<SpuId, Uid> assigned;
    Ids unfenced;
    Ids reported;
    Ids damaged;
    std::map<SpuId, std::pair<std::int32_t, std::int64_t>> ends;

    explicit Naive(const ElectionInput& in) : input(in) {
        for (const AssignedReplica& one : in.record.replicas) {
            assigned[one.spu] = one.uid;
        }
        for (const AssignedReplica& one : in.record.adding) {
            assigned[one.spu] = one.uid;
        }
        for (const auto& [spu, state] : in.spus) {
            if (!state.fenced) {
                unfenced.insert(spu);
            }
        }
        for (const auto& [spu, uid] : assigned) {
            ends[spu] = {-1, -1};
        }
        for (const ReplicaReport& one : in.reports) {
            if (!assigned.contains(one.spu) || assigned[one.spu] != one.uid ||
                !in.spus.contains(one.spu) || in.spus.at(one.spu).boot != one.boot) {
                continue;
            }
            reported.insert(one.spu);
            if (!one.healthy) {
                damaged.insert(one.spu);
            }
            ends[one.spu] =
                std::max(ends[one.spu], std::pair(one.last_epoch.value(), one.leo.value()));
        }
    }

    // Best first, of those that may lead.
    std::vector<SpuId> ranked(Ids pool) const {
        const Ids tried = ids_of(input.tried);
        std::erase_if(pool, [&](SpuId spu) {
            return !unfenced.contains(spu) || input.spus.at(spu).draining || tried.contains(spu);
        });
        return ranked_all(pool);
    }

    // Best first.
    std::vector<SpuId> ranked_all(const Ids& pool) const {
        std::vector<std::tuple<std::int32_t, std::int64_t, bool, std::int64_t, std::int32_t>> rows;
        for (const SpuId spu : pool) {
            if (damaged.contains(spu)) {
                continue;
            }
            const auto count = input.leader_counts.find(spu);
            const std::int64_t leads = count == input.leader_counts.end() ? 0 : count->second;
            rows.emplace_back(ends.at(spu).first, ends.at(spu).second,
                              spu == input.record.replicas[0].spu, -leads, -spu.value());
        }
        std::sort(rows.rbegin(), rows.rend());
        std::vector<SpuId> best_first;
        for (const auto& row : rows) {
            best_first.emplace_back(-std::get<4>(row));
        }
        return best_first;
    }
};

struct Sets {
    Ids lrs;
    Ids elr;
    Ids last_known;
};

// "Each removal that makes |LRS| < min_live moves the removed member to ELR"; all at once.
Sets without_fenced(const Naive& naive) {
    Sets sets{ids_of(naive.input.record.lrs), ids_of(naive.input.record.elr),
              ids_of(naive.input.record.last_known)};
    Ids stay;
    for (const SpuId spu : sets.lrs) {
        if (naive.unfenced.contains(spu)) {
            stay.insert(spu);
        }
    }
    if (stay.size() < naive.input.record.min_live) {
        for (const SpuId spu : sets.lrs) {
            if (!stay.contains(spu)) {
                sets.elr.insert(spu);
            }
        }
    }
    sets.lrs = stay;
    return sets;
}

ElectionPool choose(const Naive& naive, const Sets& sets, SpuId& winner) {
    const PartitionRecord& record = naive.input.record;
    if (const auto pool = naive.ranked(sets.lrs); !pool.empty()) {
        winner = pool.front();
        return ElectionPool::lrs;
    }
    if (const auto pool = naive.ranked(sets.elr); !pool.empty()) {
        winner = pool.front();
        return ElectionPool::elr;
    }
    const bool rule_three =
        record.unclean_policy != UncleanPolicy::never || naive.assigned.size() == 1;
    if (rule_three && sets.lrs.empty() && sets.elr.empty()) {
        const bool all =
            std::all_of(sets.last_known.begin(), sets.last_known.end(), [&](SpuId spu) {
                return naive.unfenced.contains(spu) && naive.reported.contains(spu);
            });
        const Ids tried = ids_of(naive.input.tried);
        for (const SpuId spu : all ? naive.ranked_all(sets.last_known) : std::vector<SpuId>()) {
            const auto& most = naive.ends.at(naive.ranked_all(sets.last_known).front());
            if (!tried.contains(spu) && naive.ends.at(spu) == most) {
                winner = spu;
                return ElectionPool::last_known;
            }
        }
    }
    if (record.unclean_policy == UncleanPolicy::availability && naive.input.grace_is_over) {
        Ids everybody;
        for (const auto& [spu, uid] : naive.assigned) {
            everybody.insert(spu);
        }
        if (const auto pool = naive.ranked(everybody); !pool.empty()) {
            winner = pool.front();
            return ElectionPool::any;
        }
    }
    return ElectionPool::none;
}

DataLoss loss_of(const Naive& naive, const PartitionRecord& record) {
    std::int64_t from = std::max<std::int64_t>(naive.ends.at(record.leader).second, 0);
    std::int64_t to = std::max(from, naive.input.known_end.value());
    for (const auto& [spu, end] : naive.ends) {
        to = std::max(to, end.second);
    }
    return {record.leader, record.leader_epoch, Offset(from), Offset(to)};
}

}  // namespace

ElectionDecision elect_naively(const ElectionInput& input) {
    const Naive naive(input);
    Sets sets = without_fenced(naive);
    ElectionDecision decision;
    PartitionRecord& record = decision.record;
    record = input.record;
    SpuId winner = kNoSpu;
    decision.pool = choose(naive, sets, winner);
    if (decision.pool == ElectionPool::any) {
        sets.last_known.insert(sets.lrs.begin(), sets.lrs.end());
        sets.last_known.insert(sets.elr.begin(), sets.elr.end());
        sets.lrs.clear();
        sets.elr.clear();
    }
    if (winner != kNoSpu) {
        sets.lrs.insert(winner);
        sets.elr.erase(winner);
        sets.last_known.erase(winner);
        if (sets.lrs.size() >= record.min_live) {
            sets.elr.clear();
            sets.last_known.clear();
        }
    }
    record.lrs = set_of(sets.lrs);
    record.elr = set_of(sets.elr);
    record.last_known = set_of(sets.last_known);
    record.leader = winner;
    record.leader_boot = winner == kNoSpu ? kNoBoot : input.spus.at(winner).boot;
    const bool unclean =
        decision.pool == ElectionPool::last_known || decision.pool == ElectionPool::any;
    if (unclean || record.phase == PartitionPhase::recovering) {
        record.phase = PartitionPhase::recovering;
    } else {
        record.phase = winner == kNoSpu ? PartitionPhase::offline : PartitionPhase::candidate_found;
    }
    if (winner != kNoSpu || !(record == input.record)) {
        record.leader_epoch = LeaderEpoch(record.leader_epoch.value() + 1);
        record.version = RecordVersion(record.version.value() + 1);
    }
    if (unclean) {
        decision.loss = loss_of(naive, record);
    }
    return decision;
}

}  // namespace weir::test
