#include "core/control/reassignment.h"

#include "core/base/assert.h"
#include "core/base/mutant.h"
#include "core/control/live_sets.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>
#include <string>

namespace weir::control {

namespace {

tl::unexpected<Error> refuse(ErrorCode code, std::string text) {
    return tl::unexpected<Error>(Error(code, std::move(text)));
}

bool holds(const PartitionRecord& record, SpuId spu) {
    return std::any_of(record.replicas.begin(), record.replicas.end(),
                       [spu](const AssignedReplica& replica) { return replica.spu == spu; });
}

bool is_under_way(const PartitionRecord& record) {
    return !record.adding.empty() || !record.removing.empty();
}

// The reason why the target cannot be one; empty when it can.
std::string check_target(const PartitionRecord& record, const std::vector<SpuId>& target,
                         const SpuStates& spus) {
    if (target.empty()) {
        return "a partition needs a replica";
    }
    SpuSet seen;
    for (const SpuId spu : target) {
        if (contains(seen, spu)) {
            return fmt::format("spu {} is named twice", spu.value());
        }
        insert(seen, spu);
        if (!spus.contains(spu)) {
            return fmt::format("there is no spu {}", spu.value());
        }
        if (!holds(record, spu) && is_draining(spus, spu)) {
            return fmt::format("spu {} is draining", spu.value());
        }
    }
    if (target.size() < record.min_live) {
        return fmt::format("{} replicas are fewer than the {} that must be live to commit",
                           target.size(), record.min_live);
    }
    return {};
}

AssignedReplica replica_on(const PartitionRecord& record, SpuId spu) {
    AssignedReplica replica;
    replica.spu = spu;
    replica.uid = assigned_uid(record, spu).value_or(Uid());
    return replica;
}

}  // namespace

Result<PartitionRecord> begin_reassignment(const PartitionRecord& record,
                                           const ReassignmentRequest& request,
                                           const SpuStates& spus) {
    WEIR_ASSERT(request.fresh_uids.size() == request.target.size());
    if (is_under_way(record)) {
        return refuse(ErrorCode::already_exists, "a reassignment of the partition is under way");
    }
    if (std::string reason = check_target(record, request.target, spus); !reason.empty()) {
        return refuse(ErrorCode::invalid_argument, std::move(reason));
    }
    PartitionRecord next = record;
    next.replicas.clear();
    for (std::size_t i = 0; i < request.target.size(); ++i) {
        const SpuId spu = request.target[i];
        if (holds(record, spu)) {
            next.replicas.push_back(replica_on(record, spu));
            continue;
        }
        AssignedReplica coming;
        coming.spu = spu;
        coming.uid = request.fresh_uids[i];
        WEIR_ASSERT(!coming.uid.is_none());
        next.adding.push_back(coming);
    }
    for (const AssignedReplica& replica : record.replicas) {
        if (!holds(next, replica.spu)) {
            insert(next.removing, replica.spu);
            next.replicas.push_back(replica);
        }
    }
    if (next == record) {
        return refuse(ErrorCode::invalid_argument, "the partition has these replicas already");
    }
    next.version = next_version(record.version);
    return next;
}

ReassignmentState reassignment_state(const PartitionRecord& record) {
    if (!is_under_way(record)) {
        return ReassignmentState::none;
    }
    if (record.phase != PartitionPhase::online) {
        return ReassignmentState::unsettled;
    }
    const bool too_early = mutant(Mutant::copy_dropped_early);
    if (!too_early && !std::all_of(record.adding.begin(), record.adding.end(),
                                   [&](const AssignedReplica& coming) {
                                       return contains(record.lrs, coming.spu);
                                   })) {
        return ReassignmentState::catching_up;
    }
    if (!too_early && difference(record.lrs, record.removing).size() < record.min_live) {
        return ReassignmentState::too_few_live;
    }
    return contains(record.removing, record.leader) ? ReassignmentState::leader_leaves
                                                    : ReassignmentState::ready;
}

std::optional<PartitionRecord> complete_reassignment(const PartitionRecord& record) {
    if (reassignment_state(record) != ReassignmentState::ready) {
        return std::nullopt;
    }
    PartitionRecord next = record;
    next.replicas.clear();
    std::copy_if(
        record.replicas.begin(), record.replicas.end(), std::back_inserter(next.replicas),
        [&](const AssignedReplica& replica) { return !contains(record.removing, replica.spu); });
    next.replicas.insert(next.replicas.end(), record.adding.begin(), record.adding.end());
    next.adding.clear();
    next.removing.clear();
    for (const SpuId spu : record.removing) {
        drop_member(next, spu);
    }
    if (mutant(Mutant::copy_dropped_early)) {
        for (const AssignedReplica& coming : record.adding) {
            join_lrs(next, coming.spu);
        }
    }
    next.leader_epoch = next_epoch(record.leader_epoch);
    next.version = next_version(record.version);
    next.phase = PartitionPhase::candidate_found;
    WEIR_ASSERT(next.lrs.size() >= next.min_live);
    WEIR_ASSERT(contains(next.lrs, next.leader));
    return next;
}

Result<PartitionRecord> cancel_reassignment(const PartitionRecord& record) {
    if (!is_under_way(record)) {
        return refuse(ErrorCode::not_found, "no reassignment of the partition is under way");
    }
    PartitionRecord next = record;
    next.adding.clear();
    next.removing.clear();
    for (const AssignedReplica& coming : record.adding) {
        if (record.leader == coming.spu) {
            return refuse(ErrorCode::unavailable,
                          fmt::format("spu {} leads the partition: move the lead away first",
                                      coming.spu.value()));
        }
        drop_member(next, coming.spu);
    }
    const bool had_complete = !record.lrs.empty() || !record.elr.empty();
    if (had_complete && next.lrs.empty() && next.elr.empty()) {
        return refuse(ErrorCode::unavailable,
                      "only replicas that are being added are known to be complete");
    }
    next.version = next_version(record.version);
    return next;
}

}  // namespace weir::control
