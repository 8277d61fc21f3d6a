#include "core/sc/operations.h"

#include "core/control/leader_move.h"
#include "core/control/reassignment.h"
#include "core/control/record_deletion.h"

#include <fmt/core.h>

#include <optional>

namespace weir::sc {

using wire::Operate;
using wire::Operated;
using wire::OperatorVerb;

namespace {

constexpr Duration kReportWait = Duration::from_s(2);

}  // namespace

Task<Operated> Operations::carry_out(Operate request, CancelToken token) {
    Operated answer;
    if (request.verb == OperatorVerb::delete_records) {
        co_await wait_reported(request.key, request.offset, token);
    }
    const Result<AsyncMutex::Guard> guard = co_await context_.changing.lock();
    if (!guard.has_value()) {
        answer.message = to_string(guard.error());
        co_return answer;
    }
    RecordChanges changes(context_, reports_);
    Result<void> done = decide(request, changes);
    if (done.has_value()) {
        done = co_await changes.commit();
    }
    answer.accepted = done.has_value();
    if (!done.has_value()) {
        answer.message = done.error().context;
    }
    WEIR_LOG(log_, info, "operator's verb {} for {}: {}", static_cast<int>(request.verb),
             to_string(request.key), answer.accepted ? "accepted" : answer.message);
    co_return answer;
}

Result<void> Operations::decide(const Operate& request, RecordChanges& changes) {
    if (request.verb == OperatorVerb::drain || request.verb == OperatorVerb::undrain) {
        return set_draining(request, changes);
    }
    const PartitionTable::Entry* entry = context_.catalog.partitions.find(to_string(request.key));
    if (entry == nullptr) {
        return fail(ErrorCode::not_found,
                    fmt::format("there is no partition {}", to_string(request.key)));
    }
    if (context_.doubts.concern(entry->extra.record)) {
        return fail(ErrorCode::unavailable, "the metadata of the partition are in doubt");
    }
    WEIR_TRY(PartitionRecord next, next_record(request, *entry, context_.catalog.spu_states()));
    changes.put(*entry, std::move(next));
    return Result<void>();
}

Result<PartitionRecord> Operations::next_record(const Operate& request,
                                                const PartitionTable::Entry& entry,
                                                const control::SpuStates& spus) {
    const PartitionRecord& record = entry.extra.record;
    if (request.verb == OperatorVerb::delete_records) {
        return delete_records(request, entry);
    }
    if (request.verb == OperatorVerb::cancel_reassignment) {
        return control::cancel_reassignment(record);
    }
    if (request.verb == OperatorVerb::elect_preferred) {
        const std::optional<PartitionRecord> moved =
            control::move_leader(record, record.replicas.front().spu, spus);
        if (!moved.has_value()) {
            return fail(ErrorCode::unavailable,
                        "the preferred leader leads already, or is not in sync, or gone");
        }
        return *moved;
    }
    control::ReassignmentRequest wanted;
    wanted.target = request.spus;
    for (std::size_t i = 0; i < wanted.target.size(); ++i) {
        wanted.fresh_uids.push_back(draw_uid(context_.uid_prng));
    }
    return control::begin_reassignment(record, wanted, spus);
}

std::optional<Offset> Operations::reported_hw(const PartitionTable::Entry& entry) const {
    const std::optional<ReportedLeader>& reported = entry.extra.reported;
    if (!reported.has_value() || reported->epoch != entry.extra.record.leader_epoch) {
        return std::nullopt;
    }
    return reports_.current_status(entry).leader.hw;
}

Task<void> Operations::wait_reported(ReplicaKey key, Offset offset, CancelToken token) {
    Deadline deadline(context_.env.clock, context_.env.clock.now() + kReportWait, token);
    while (true) {
        const PartitionTable::Entry* entry = context_.catalog.partitions.find(to_string(key));
        if (entry == nullptr || reported_hw(*entry).value_or(Offset(-1)) >= offset) {
            co_return;
        }
        const Result<void> changed = co_await context_.catalog.changed().wait(deadline.token());
        if (!changed.has_value()) {
            co_return;
        }
    }
}

Result<PartitionRecord> Operations::delete_records(const Operate& request,
                                                   const PartitionTable::Entry& entry) {
    if (entry.object.spec.system) {
        return fail(ErrorCode::invalid_argument, "the records of a system topic are not deleted");
    }
    const std::optional<Offset> hw = reported_hw(entry);
    if (!hw.has_value()) {
        return fail(ErrorCode::unavailable, "nobody leads the partition now");
    }
    return control::delete_records(entry.extra.record, request.offset, *hw);
}

Result<void> Operations::set_draining(const Operate& request, RecordChanges& changes) {
    const SpuTable::Entry* entry =
        request.spus.size() == 1 ? context_.catalog.find_spu(request.spus.front()) : nullptr;
    if (entry == nullptr) {
        return fail(ErrorCode::not_found, "there is no such spu");
    }
    SpuRecord record = record_of(*entry);
    record.draining = request.verb == OperatorVerb::drain;
    changes.put(*entry, std::move(record));
    return Result<void>();
}

}  // namespace weir::sc
