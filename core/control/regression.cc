#include "core/control/regression.h"

#include "core/base/mutant.h"
#include "core/control/live_sets.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace weir::control {

namespace {

constexpr std::int64_t kLeapMin = 1 << 10;
constexpr std::uint64_t kLeapSpread = (1 << 17) - (1 << 10);
// Above it the epochs left are for changes of leader.
constexpr std::int64_t kLeapEnd = std::numeric_limits<std::int32_t>::max() / 2;

LeaderEpoch highest_epoch(const RegisteredReplica& replica) {
    return std::max(replica.fence_epoch, replica.report.last_epoch);
}

bool is_above(const RegisteredReplica& replica, const KnownRecord& record) {
    const LeaderEpoch proven =
        record.is_of_only_copy ? highest_epoch(replica) : replica.fence_epoch;
    if (proven > record.epoch) {
        return true;
    }
    return replica.fence_epoch == record.epoch && replica.fence_version > record.version &&
           !mutant(Mutant::version_of_replica_ignored);
}

LogEnd end_of(const RegisteredReplica& replica) {
    LogEnd end;
    end.last_epoch = replica.report.last_epoch;
    end.leo = replica.report.leo;
    return end;
}

// The best healthy replica of each SPU: it may have kept an older one of the same partition.
std::map<SpuId, RegisteredReplica> best_of_each(const std::vector<RegisteredReplica>& reported) {
    std::map<SpuId, RegisteredReplica> best;
    for (const RegisteredReplica& replica : reported) {
        if (!replica.report.healthy || replica.report.uid.is_none() ||
            replica.report.spu == kNoSpu) {
            continue;
        }
        const auto [place, is_new] = best.try_emplace(replica.report.spu, replica);
        if (!is_new && end_of(replica) > end_of(place->second)) {
            place->second = replica;
        }
    }
    return best;
}

void assign_as_reported(PartitionRecord& record,
                        const std::map<SpuId, RegisteredReplica>& reported) {
    record.replicas.insert(record.replicas.end(), record.adding.begin(), record.adding.end());
    record.adding.clear();
    record.removing.clear();
    for (const auto& [spu, replica] : reported) {
        if (!assigned_uid(record, spu).has_value()) {
            AssignedReplica assigned;
            assigned.spu = spu;
            record.replicas.push_back(assigned);
        }
        set_assigned_uid(record, spu, replica.report.uid);
    }
}

}  // namespace

LeaderEpoch leap_over_lost(LeaderEpoch found, LeaderEpoch next, std::uint64_t draw) {
    const std::int64_t least = std::int64_t{found.value()} + kLeapMin;
    const std::int64_t leap = least + static_cast<std::int64_t>(draw % kLeapSpread);
    const bool far_enough = next.value() >= least;
    if (far_enough || leap > kLeapEnd || mutant(Mutant::epoch_of_silent_reused)) {
        return next;
    }
    return LeaderEpoch(static_cast<std::int32_t>(leap));
}

std::vector<Regression> find_regressions(const MetadataView& view, const SpuMemory& memory,
                                         const std::vector<RegisteredReplica>& replicas) {
    std::vector<Regression> found;
    const auto report = [&](RegressionSign sign, const PartitionRef& of) {
        Regression regression;
        regression.sign = sign;
        regression.of = of;
        found.push_back(regression);
    };
    if (memory.last_boot > view.boot_counter) {
        report(RegressionSign::boot_above_counter, PartitionRef());
    }
    if (memory.sc_epoch > view.sc_epoch && !mutant(Mutant::term_of_spu_ignored)) {
        report(RegressionSign::term_above_last, PartitionRef());
    }
    for (const RegisteredReplica& replica : replicas) {
        const auto record = view.records.find(replica.of);
        if (record == view.records.end()) {
            if (!view.tombstones.contains(replica.of.topic_uid)) {
                report(RegressionSign::unknown_partition, replica.of);
            }
        } else if (is_above(replica, record->second)) {
            report(RegressionSign::replica_above_record, replica.of);
        }
    }
    return found;
}

PartitionRecord adopt(const PartitionRecord& known, const std::vector<RegisteredReplica>& reported,
                      std::uint64_t draw) {
    const std::map<SpuId, RegisteredReplica> best = best_of_each(reported);
    PartitionRecord record = known;
    SpuSet last_known;
    if (best.empty()) {
        for (const SpuSet* set : {&known.lrs, &known.elr, &known.last_known}) {
            for (const SpuId spu : *set) {
                insert(last_known, spu);
            }
        }
        if (last_known.empty()) {
            return known;
        }
    } else {
        assign_as_reported(record, best);
        for (const auto& [spu, replica] : best) {
            insert(last_known, spu);
        }
    }
    record.lrs.clear();
    record.elr.clear();
    record.last_known = std::move(last_known);
    // Also above what is reported by those that are damaged.
    LeaderEpoch highest = record.leader_epoch;
    for (const RegisteredReplica& replica : reported) {
        highest = std::max(highest, highest_epoch(replica));
    }
    record.leader_epoch = leap_over_lost(highest, next_epoch(highest), draw);
    record.version = next_version(record.version);
    record.leader = kNoSpu;
    record.leader_boot = kNoBoot;
    if (record.phase != PartitionPhase::recovering) {
        record.phase = PartitionPhase::election;
    }
    return record;
}

}  // namespace weir::control
