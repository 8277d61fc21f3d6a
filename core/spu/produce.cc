#include "core/spu/produce.h"

#include "core/base/mutant.h"
#include "core/env/dawdle.h"
#include "core/spu/api_errors.h"
#include "core/spu/record_check.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

namespace weir::spu {

using wire::ApiError;
using wire::ErrorTag;

namespace {

// Beside an error that our clients would take for "perhaps written" otherwise.
constexpr std::int64_t kNothingWritten = -1;

// What must not be written here at all (spec 4.2, steps 2, 7; and what is not built).
ApiError write_refusal(const Replica& replica) {
    const PartitionSpec& spec = replica.spec();
    // Only the cluster that a mirrored partition comes from writes it.
    if (spec.mirror.has_value()) {
        const auto* home = std::get_if<HomePartitionConfig>(&*spec.mirror);
        if (home != nullptr && !home->source) {
            return ApiError(ErrorTag::mirror_produce_from_home);
        }
        const auto* remote = std::get_if<RemotePartitionConfig>(&*spec.mirror);
        if (remote != nullptr && remote->target) {
            return ApiError(ErrorTag::mirror_produce_from_remote_not_allowed);
        }
    }
    if (spec.deduplication.has_value()) {
        return ApiError(ErrorTag::deduplication_smartmodule_not_loaded);
    }
    return ApiError();
}

std::uint64_t batch_size_max(const Context& context, const Replica& replica) {
    std::uint64_t segment_size = context.config.log.segment_size_bytes_max;
    const auto& storage = replica.spec().storage;
    if (storage.has_value() && storage->segment_size_bytes.has_value()) {
        segment_size = *storage->segment_size_bytes;
    }
    return std::min<std::uint64_t>(segment_size, context.config.batch_size_max);
}

ApiError timed_out(Duration timeout) {
    wire::ErrorTimeout payload;
    payload.timeout_ms = static_cast<std::uint64_t>(timeout.ms());
    return ApiError(ErrorTag::request_timed_out, payload);
}

// Waits while the log has more than half of its queue to write, or too much that the followers do
// not have: the producer is faster than the disk or than they, and its connection is not read on
// meanwhile. timed_out: the followers did not come closer within `timeout`.
Task<Result<void>> wait_for_room(Context& context, std::shared_ptr<Replica> replica,
                                 std::shared_ptr<log::Log> log, Duration timeout,
                                 CancelToken token) {
    const std::uint64_t limit = context.config.log.queue_size_bytes_max / 2;
    while (log->queued_size_bytes() > limit && log->state() == log::LogState::normal) {
        WEIR_CO_CHECK(co_await log->changed().wait(token));
    }
    if (replica->uncommitted_size_bytes() <= context.config.uncommitted_bytes_max) {
        co_return Result<void>();
    }
    Deadline deadline(context.env.clock, context.env.clock.now() + timeout, token);
    while (replica->uncommitted_size_bytes() > context.config.uncommitted_bytes_max &&
           replica->leads()) {
        const Result<void> changed = co_await log->changed().wait(deadline.token());
        if (!changed.has_value()) {
            co_return fail(deadline.translate(changed.error()));
        }
    }
    co_return Result<void>();
}

// Producers send such batches again.
bool is_refused_for_now(const wire::ProducePartitionResponse& response) {
    return response.error.tag == ErrorTag::not_leader_for_partition ||
           (response.error.tag == ErrorTag::request_timed_out &&
            response.base_offset == kNothingWritten);
}

ApiError production_error(replication::Permission permission, Duration timeout) {
    switch (permission) {
        case replication::Permission::granted: break;
        case replication::Permission::not_leader:
            return ApiError(ErrorTag::not_leader_for_partition);
        // The enumeration of clients has nothing that says so (design, replication 5.10).
        case replication::Permission::not_enough_replicas: return timed_out(timeout);
    }
    return ApiError();
}

// The number of its records, when they may be written.
ApiResult<std::int64_t> check_entry(const Context& context, const Replica& replica,
                                    ByteSpan records) {
    const ApiError refusal = write_refusal(replica);
    if (!refusal.ok()) {
        return api_fail(refusal);
    }
    RecordRules rules;
    rules.compression = replica.spec().compression_type;
    rules.batch_size_max = batch_size_max(context, replica);
    return check_records(records, rules);
}

// What became of the batches that a request had for a partition so far. Producers send again what
// was refused for now, or was on its way when the leader changed: what came behind it would
// overtake it if this SPU took it, because what it was refused for has ended meanwhile or it leads
// again.
struct EarlierBatches {
    // The answer to the first one that was refused for now.
    const wire::ProducePartitionResponse* refused = nullptr;
    // Under which they were appended; none were, if nullptr.
    std::shared_ptr<CancelSource> leadership;
};

// Appends one entry; fills in its answer and, unless nothing was written, what it waits for.
Task<std::optional<AwaitedAppend>> append_entry(const ProduceServices& services,
                                                std::shared_ptr<Replica> replica,
                                                BufferSlice records, const EarlierBatches& earlier,
                                                const ProduceInProgress& produce,
                                                wire::ProducePartitionResponse& response,
                                                CancelToken token) {
    const ApiResult<std::int64_t> record_count =
        check_entry(services.context, *replica, records.span());
    if (!record_count.has_value()) {
        response.error = record_count.error();
        co_return std::nullopt;
    }
    if (*record_count == 0) {
        co_return std::nullopt;
    }
    Result<std::shared_ptr<log::Log>> log = co_await replica->open_log();
    if (!log.has_value()) {
        response.error = open_error(log.error(), *replica);
        co_return std::nullopt;
    }
    const Result<void> room =
        co_await wait_for_room(services.context, replica, *log, produce.timeout, token);
    const bool leads_as_before = replica->leads() && (earlier.leadership == nullptr ||
                                                      earlier.leadership == replica->leadership());
    if (!leads_as_before || (!room.has_value() && room.error().code != ErrorCode::timed_out)) {
        response.error = ApiError(ErrorTag::not_leader_for_partition);
        co_return std::nullopt;
    }
    const replication::Isolation isolation = replica->acknowledged_at(produce.isolation);
    response.error = production_error(replica->may_produce(isolation), produce.timeout);
    if (!room.has_value() && response.error.ok()) {
        response.error = timed_out(produce.timeout);
    }
    if (!response.error.ok()) {
        // "Timed out" is the answer for records in the log, too: our clients tell by the offset.
        response.base_offset = kNothingWritten;
        co_return std::nullopt;
    }
    AwaitedAppend awaited;
    awaited.header = read_batch_header(records.span());
    const ApiResult<std::optional<Offset>> found =
        check_sequence(records.span(), (*log)->producers());
    if (!found.has_value()) {
        response.error = found.error();
        response.base_offset = kNothingWritten;
        co_return std::nullopt;
    }
    const Result<log::Appended> appended =
        found->has_value() ? (*log)->find_append(**found, **found + *record_count)
                           : replica->append(std::move(records));
    if (!appended.has_value()) {
        response.error = append_error(appended.error(), *replica);
        services.replicas.note_change(*replica);
        co_return std::nullopt;
    }
    response.base_offset = appended->base_offset.value();
    if (mutant(Mutant::offsets_shift_by_eviction) && (*log)->log_start() > Offset(0)) {
        ++response.base_offset;
    }
    if (mutant(Mutant::ack_of_another_batch)) {
        response.base_offset = (*log)->leo().value();
    }
    awaited.leadership = replica->leadership();
    awaited.replica = std::move(replica);
    awaited.log = *std::move(log);
    awaited.appended = *appended;
    awaited.isolation = isolation;
    if (found->has_value()) {
        services.context.env.probe.reached(Sometimes::spu_duplicate_found);
        if (mutant(Mutant::duplicate_acked_early)) {
            awaited.isolation = replication::Isolation::read_uncommitted;
        }
    }
    co_return awaited;
}

}  // namespace

namespace {

bool has_come(const AwaitedAppend& append) {
    const Offset end = append.isolation == replication::Isolation::read_committed
                           ? append.log->committed_end()
                           : append.log->promised_end();
    return end >= append.appended.next_offset;
}

void tell_acked(const Context& context, const AwaitedAppend& append, replication::Isolation asked) {
    const bool numbered = append.header.producer_id >= 0;
    if (numbered && asked == replication::Isolation::read_committed &&
        context.env.probe.listens()) {
        const Uid& uid = append.replica->topic_uid();
        const PartitionId partition = append.replica->partition().partition;
        context.env.probe.tell(BatchAcked{{uid.high, uid.low, partition},
                                          append.header.producer_id,
                                          append.header.producer_epoch,
                                          append.header.first_sequence,
                                          append.appended.base_offset});
    }
}

// not_leader: its leadership has ended, and what becomes of it is not known.
Task<Result<void>> wait_for(const ProduceServices& services, const AwaitedAppend& append,
                            const ProduceInProgress& produce, CancelToken token) {
    CancelSource end(token);
    CancelCallback on_leadership_end(
        append.leadership->token(),
        [](void* source) { static_cast<CancelSource*>(source)->cancel(); }, &end);
    if (append.leadership->cancelled()) {
        end.cancel();
    }
    Result<void> come;
    if (append.isolation == replication::Isolation::read_uncommitted) {
        come = co_await append.log->wait_promised(append.appended, end.token());
    } else if (has_come(append)) {
        come = co_await append.log->wait_committed(append.appended, end.token());
    } else {
        Clock& clock = services.context.env.clock;
        Deadline deadline(clock, clock.now() + produce.timeout, end.token());
        come = co_await append.log->wait_committed(append.appended, deadline.token());
        if (!come.has_value()) {
            come = fail(deadline.translate(come.error()));
        }
    }
    if (!come.has_value() && come.error().code == ErrorCode::cancelled && !token.cancelled()) {
        co_return fail(ErrorCode::not_leader, "another SPU leads");
    }
    co_return come;
}

}  // namespace

bool ProduceInProgress::has_come() const {
    return std::all_of(appends.begin(), appends.end(),
                       [](const AwaitedAppend& append) { return spu::has_come(append); });
}

wire::ProduceResponse refuse_produce(const wire::ProduceRequest& request, const ApiError& error) {
    wire::ProduceResponse response;
    for (const wire::ProduceTopic& topic : request.topics) {
        wire::ProduceTopicResponse& answer = response.topics.emplace_back();
        answer.name = topic.name;
        for (const wire::ProducePartition& partition : topic.partitions) {
            wire::ProducePartitionResponse& entry = answer.partitions.emplace_back();
            entry.partition = partition.partition;
            entry.error = error;
        }
    }
    return response;
}

Task<ProduceInProgress> begin_produce(const ProduceServices& services, wire::ProduceRequest request,
                                      CancelToken token) {
    ProduceInProgress produce;
    produce.timeout = Duration::from_ms(request.timeout_ms);
    if (request.acks < 0) {
        produce.isolation = replication::Isolation::read_committed;
    }
    if (services.context.env.probe.fault(FaultPoint::spu_produce_refused)) {
        // All of it: batches of one partition keep their order.
        produce.response = refuse_produce(request, ApiError(ErrorTag::not_leader_for_partition));
        co_return produce;
    }
    produce.response = refuse_produce(request, ApiError());
    for (std::size_t t = 0; t < request.topics.size(); ++t) {
        wire::ProduceTopic& topic = request.topics[t];
        // Most requests have one batch, which needs no table.
        EarlierBatches none;
        std::map<std::uint32_t, EarlierBatches> by_partition;
        const bool is_single = topic.partitions.size() == 1;
        for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
            wire::ProducePartition& partition = topic.partitions[p];
            wire::ProducePartitionResponse& response = produce.response.topics[t].partitions[p];
            EarlierBatches& earlier = is_single ? none : by_partition[partition.partition];
            if (earlier.refused != nullptr) {
                response = *earlier.refused;
                continue;
            }
            std::shared_ptr<Replica> replica =
                services.replicas.find_leader(topic.name, partition.partition);
            if (replica == nullptr) {
                response.error = ApiError(ErrorTag::not_leader_for_partition);
                earlier.refused = &response;
                continue;
            }
            if (!request.smartmodules.empty()) {
                response.error =
                    smartmodule_refusal(request.smartmodules, services.context.cluster);
                continue;
            }
            produce.size_bytes += partition.records.size();
            std::optional<AwaitedAppend> awaited =
                co_await append_entry(services, std::move(replica), std::move(partition.records),
                                      earlier, produce, response, token);
            if (awaited.has_value()) {
                awaited->topic_index = t;
                awaited->partition_index = p;
                earlier.leadership = awaited->leadership;
                produce.appends.push_back(*std::move(awaited));
            } else if (is_refused_for_now(response)) {
                earlier.refused = &response;
            }
        }
    }
    co_return produce;
}

Task<Result<void>> finish_produce(const ProduceServices& services, ProduceInProgress& produce,
                                  CancelToken token) {
    if (services.context.env.probe.fault(FaultPoint::spu_answer_late)) {
        co_await dawdle(services.context.env, token);
    }
    for (const AwaitedAppend& append : produce.appends) {
        wire::ProducePartitionResponse& response =
            produce.response.topics[append.topic_index].partitions[append.partition_index];
        const Result<void> committed = co_await wait_for(services, append, produce, token);
        services.replicas.note_change(*append.replica);
        if (committed.has_value()) {
            tell_acked(services.context, append, produce.isolation);
            continue;
        }
        if (token.cancelled()) {
            co_return fail(ErrorCode::cancelled, "the connection is closing");
        }
        if (committed.error().code == ErrorCode::timed_out) {
            // The records are in the log and may be committed later: the offset stays.
            services.context.env.probe.reached(Sometimes::spu_produce_timed_out);
            response.error = timed_out(produce.timeout);
            continue;
        }
        response.error = append_error(committed.error(), *append.replica);
        // It may be in the log, which our clients tell from a refusal by the offset.
        const bool lost_lead = response.error.tag == ErrorTag::not_leader_for_partition;
        response.base_offset = lost_lead ? append.appended.next_offset.value() : 0;
    }
    co_return Result<void>();
}

}  // namespace weir::spu
