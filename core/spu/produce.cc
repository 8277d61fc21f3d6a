#include "core/spu/produce.h"

#include "core/base/mutant.h"
#include "core/env/dawdle.h"
#include "core/spu/api_errors.h"
#include "core/spu/record_check.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::spu {

using wire::ApiError;
using wire::ErrorTag;

namespace {

// What must not be written here at all (spec 4.2, steps 2, 7; and what is not built).
ApiError write_refusal(const Replica& replica) {
    const PartitionSpec& spec = replica.spec();
    if (spec.mirror.has_value()) {
        return ApiError::other("mirrored partitions are not supported by this server");
    }
    if (spec.deduplication.has_value()) {
        return ApiError(ErrorTag::deduplication_smartmodule_not_loaded);
    }
    if (spec.replicas.size() > 1) {
        return ApiError::other("replication is not supported by this server");
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

// Waits while the log has more than half of its queue to write: the producer is faster than the
// disk, and its connection is not read on meanwhile.
Task<Result<void>> wait_for_room(std::shared_ptr<log::Log> log, std::uint64_t limit,
                                 CancelToken token) {
    while (log->queued_size_bytes() > limit && log->state() == log::LogState::normal) {
        WEIR_CO_CHECK(co_await log->changed().wait(token));
    }
    co_return Result<void>();
}

// Appends one entry; fills in its answer and, unless nothing was written, what it waits for.
Task<std::optional<AwaitedAppend>> append_entry(const ProduceServices& services,
                                                std::shared_ptr<Replica> replica,
                                                BufferSlice records,
                                                wire::ProducePartitionResponse& response,
                                                CancelToken token) {
    response.error = write_refusal(*replica);
    if (!response.error.ok()) {
        co_return std::nullopt;
    }
    RecordRules rules;
    rules.compression = replica->spec().compression_type;
    rules.batch_size_max = batch_size_max(services.context, *replica);
    const ApiResult<std::int64_t> record_count = check_records(records.span(), rules);
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
        co_await wait_for_room(*log, services.context.config.log.queue_size_bytes_max / 2, token);
    if (!room.has_value() || !replica->leads()) {
        response.error = ApiError(ErrorTag::not_leader_for_partition);
        co_return std::nullopt;
    }
    const Result<log::Appended> appended = (*log)->append(std::move(records));
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
    AwaitedAppend awaited;
    awaited.replica = std::move(replica);
    awaited.log = *std::move(log);
    awaited.appended = *appended;
    co_return awaited;
}

}  // namespace

bool ProduceInProgress::committed() const {
    return std::all_of(appends.begin(), appends.end(), [](const AwaitedAppend& append) {
        return append.log->committed_end() >= append.appended.next_offset;
    });
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
    if (request.acks < 0) {
        produce.commit_timeout = Duration::from_ms(request.timeout_ms);
    }
    if (services.context.env.probe.fault(FaultPoint::spu_produce_refused)) {
        // All of it: batches of one partition keep their order.
        produce.response = refuse_produce(request, ApiError(ErrorTag::not_leader_for_partition));
        co_return produce;
    }
    produce.response = refuse_produce(request, ApiError());
    for (std::size_t t = 0; t < request.topics.size(); ++t) {
        wire::ProduceTopic& topic = request.topics[t];
        for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
            wire::ProducePartition& partition = topic.partitions[p];
            wire::ProducePartitionResponse& response = produce.response.topics[t].partitions[p];
            std::shared_ptr<Replica> replica =
                services.replicas.find_leader(topic.name, partition.partition);
            if (replica == nullptr) {
                response.error = ApiError(ErrorTag::not_leader_for_partition);
                continue;
            }
            if (!request.smartmodules.empty()) {
                response.error = smartmodule_refusal(request.smartmodules);
                continue;
            }
            produce.size_bytes += partition.records.size();
            std::optional<AwaitedAppend> awaited = co_await append_entry(
                services, std::move(replica), std::move(partition.records), response, token);
            if (awaited.has_value()) {
                awaited->topic_index = t;
                awaited->partition_index = p;
                produce.appends.push_back(*std::move(awaited));
            }
        }
    }
    co_return produce;
}

Task<Result<void>> finish_produce(const ProduceServices& services, ProduceInProgress& produce,
                                  CancelToken token) {
    const Clock& clock = services.context.env.clock;
    if (services.context.env.probe.fault(FaultPoint::spu_answer_late)) {
        co_await dawdle(services.context.env, token);
    }
    for (const AwaitedAppend& append : produce.appends) {
        wire::ProducePartitionResponse& response =
            produce.response.topics[append.topic_index].partitions[append.partition_index];
        Result<void> committed;
        const bool waits = append.log->committed_end() < append.appended.next_offset;
        if (waits && produce.commit_timeout.has_value()) {
            Deadline deadline(services.context.env.clock, clock.now() + *produce.commit_timeout,
                              token);
            committed = co_await append.log->wait_committed(append.appended, deadline.token());
            if (!committed.has_value()) {
                committed = fail(deadline.translate(committed.error()));
            }
        } else {
            committed = co_await append.log->wait_committed(append.appended, token);
        }
        services.replicas.note_change(*append.replica);
        if (committed.has_value()) {
            continue;
        }
        if (token.cancelled()) {
            co_return fail(ErrorCode::cancelled, "the connection is closing");
        }
        if (committed.error().code == ErrorCode::timed_out) {
            // The records are in the log and may be committed later: the offset stays.
            services.context.env.probe.reached(Sometimes::spu_produce_timed_out);
            wire::ErrorTimeout timeout;
            timeout.timeout_ms = static_cast<std::uint64_t>(produce.commit_timeout->ms());
            response.error = ApiError(ErrorTag::request_timed_out, timeout);
            continue;
        }
        response.error = append_error(committed.error(), *append.replica);
        response.base_offset = 0;
    }
    co_return Result<void>();
}

}  // namespace weir::spu
