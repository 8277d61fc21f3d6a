#include "core/control/live_sets.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <limits>

namespace weir::control {

bool contains(const SpuSet& set, SpuId spu) {
    return std::find(set.begin(), set.end(), spu) != set.end();
}

void insert(SpuSet& set, SpuId spu) {
    const auto place = std::lower_bound(set.begin(), set.end(), spu);
    if (place == set.end() || *place != spu) {
        set.insert(place, spu);
    }
}

void erase(SpuSet& set, SpuId spu) {
    set.erase(std::remove(set.begin(), set.end(), spu), set.end());
}

SpuSet difference(const SpuSet& from, const SpuSet& minus) {
    SpuSet rest;
    std::copy_if(from.begin(), from.end(), std::back_inserter(rest),
                 [&](SpuId spu) { return !contains(minus, spu); });
    return rest;
}

bool is_ascending(const SpuSet& set) {
    return std::adjacent_find(set.begin(), set.end(), std::greater_equal<>()) == set.end();
}

std::optional<Uid> assigned_uid(const PartitionRecord& record, SpuId spu) {
    for (const auto* places : {&record.replicas, &record.adding}) {
        for (const AssignedReplica& replica : *places) {
            if (replica.spu == spu) {
                return replica.uid;
            }
        }
    }
    return std::nullopt;
}

void set_assigned_uid(PartitionRecord& record, SpuId spu, const Uid& uid) {
    WEIR_ASSERT(!uid.is_none());
    for (auto* places : {&record.replicas, &record.adding}) {
        for (AssignedReplica& replica : *places) {
            if (replica.spu == spu) {
                replica.uid = uid;
                return;
            }
        }
    }
    WEIR_ASSERT(false);
}

void leave_lrs(PartitionRecord& record, const SpuSet& gone) {
    const SpuSet rest = difference(record.lrs, gone);
    if (rest.size() < record.min_live) {
        for (const SpuId spu : difference(record.lrs, rest)) {
            insert(record.elr, spu);
        }
    }
    record.lrs = rest;
}

void join_lrs(PartitionRecord& record, SpuId spu) {
    erase(record.elr, spu);
    erase(record.last_known, spu);
    insert(record.lrs, spu);
}

void forget_outsiders_if_enough(PartitionRecord& record) {
    if (record.lrs.size() < record.min_live) {
        return;
    }
    record.last_known.clear();
    if (!mutant(Mutant::elr_not_cleared)) {
        record.elr.clear();
    }
}

void drop_member(PartitionRecord& record, SpuId spu) {
    erase(record.lrs, spu);
    erase(record.elr, spu);
    erase(record.last_known, spu);
}

void lose_leader(PartitionRecord& record) {
    record.leader = kNoSpu;
    record.leader_boot = kNoBoot;
    record.leader_epoch = next_epoch(record.leader_epoch);
    if (record.phase != PartitionPhase::recovering) {
        record.phase = PartitionPhase::election;
    }
}

LeaderEpoch next_epoch(LeaderEpoch epoch) {
    const bool last = epoch.value() == std::numeric_limits<std::int32_t>::max();
    return last ? epoch : LeaderEpoch(epoch.value() + 1);
}

RecordVersion next_version(RecordVersion version) {
    const bool last = version.value() == std::numeric_limits<std::uint64_t>::max();
    return last ? version : RecordVersion(version.value() + 1);
}

}  // namespace weir::control
