#include "core/sc/operations.h"

#include "core/control/leader_move.h"
#include "core/control/reassignment.h"

#include <fmt/core.h>

#include <optional>

namespace weir::sc {

using wire::Operate;
using wire::Operated;
using wire::OperatorVerb;

Task<Operated> Operations::carry_out(Operate request) {
    Operated answer;
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
    WEIR_TRY(PartitionRecord next,
             next_record(request, entry->extra.record, context_.catalog.spu_states()));
    changes.put(*entry, std::move(next));
    return Result<void>();
}

Result<PartitionRecord> Operations::next_record(const Operate& request,
                                                const PartitionRecord& record,
                                                const control::SpuStates& spus) {
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
