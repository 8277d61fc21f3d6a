#include "core/spu/fetch.h"

#include "core/base/mutant.h"
#include "core/spu/api_errors.h"

#include <algorithm>

namespace weir::spu {

using wire::ApiError;
using wire::ErrorTag;

namespace {

// A slice as one piece of memory.
Task<Result<BufferSlice>> load(log::LogSlice slice) {
    Buffer buffer = Buffer::allocate(static_cast<std::size_t>(slice.size_bytes));
    if (slice.file != nullptr) {
        WEIR_CO_TRY(const std::size_t size,
                    co_await slice.file->read_at(slice.file_position, buffer.span()));
        if (size != slice.size_bytes) {
            co_return fail(ErrorCode::corrupt, "the segment is shorter than its batches");
        }
        co_return BufferSlice(std::move(buffer));
    }
    std::size_t at = 0;
    for (const BufferSlice& part : slice.body) {
        std::copy(part.span().begin(), part.span().end(), buffer.data() + at);
        at += part.size();
    }
    co_return BufferSlice(std::move(buffer));
}

Task<wire::FetchPartitionResponse> fetch_partition(const FetchServices& services, std::string topic,
                                                   wire::FetchPartition wanted,
                                                   wire::Isolation isolation,
                                                   std::uint64_t size_max) {
    wire::FetchPartitionResponse response;
    response.partition = wanted.partition;
    const std::shared_ptr<Replica> replica = services.replicas.find_leader(topic, wanted.partition);
    if (replica == nullptr || !replica->may_read(to_rules(isolation)) ||
        services.context.env.probe.fault(FaultPoint::spu_fetch_refused)) {
        response.error = ApiError(ErrorTag::not_leader_for_partition);
        co_return response;
    }
    const Result<std::shared_ptr<log::Log>> log = co_await replica->open_log();
    if (!log.has_value()) {
        response.error = open_error(log.error(), *replica);
        co_return response;
    }
    log::ReadRequest request;
    request.offset = Offset(wanted.fetch_offset);
    request.limit = read_limit(**log, isolation);
    request.size_bytes_max = size_max;
    Result<log::LogSlice> slice = co_await (*log)->read(request);
    if (!slice.has_value()) {
        replica->read_failed(slice.error());
        response.error = read_error(slice.error(), request.offset, *replica, **log);
        co_return response;
    }
    if (!slice->empty()) {
        Result<BufferSlice> records = co_await load(*std::move(slice));
        if (!records.has_value()) {
            replica->read_failed(records.error());
            response.error = read_error(records.error(), request.offset, *replica, **log);
            co_return response;
        }
        response.records = *std::move(records);
    }
    if (!replica->may_read(to_rules(isolation))) {
        // Not any more: reading took its time.
        response.records = BufferSlice();
        response.error = ApiError(ErrorTag::not_leader_for_partition);
        co_return response;
    }
    replica->note_served();
    response.high_watermark = (*log)->committed_end().value();
    response.log_start_offset = (*log)->log_start().value();
    co_return response;
}

}  // namespace

replication::Isolation to_rules(wire::Isolation isolation) {
    return isolation == wire::Isolation::read_committed ? replication::Isolation::read_committed
                                                        : replication::Isolation::read_uncommitted;
}

Offset read_limit(const log::Log& log, wire::Isolation isolation) {
    if (mutant(Mutant::committed_reads_to_end)) {
        return log.leo();
    }
    return isolation == wire::Isolation::read_committed ? log.committed_end() : log.leo();
}

Task<wire::FetchResponse> handle_fetch(const FetchServices& services, wire::FetchRequest request) {
    wire::FetchResponse response;
    std::uint64_t left = services.context.config.fetch_size_max;
    for (const wire::FetchTopic& topic : request.topics) {
        wire::FetchTopicResponse answer;
        answer.name = topic.name;
        for (const wire::FetchPartition& partition : topic.partitions) {
            wire::FetchPartitionResponse entry;
            entry.partition = partition.partition;
            if (left > 0) {
                const auto wanted = static_cast<std::uint64_t>(std::max(request.max_bytes, 0));
                entry = co_await fetch_partition(services, topic.name, partition, request.isolation,
                                                 std::min(wanted, left));
            }
            left -= std::min<std::uint64_t>(left, entry.records.size());
            answer.partitions.push_back(std::move(entry));
        }
        response.topics.push_back(std::move(answer));
    }
    co_return response;
}

Task<wire::FetchOffsetsResponse> handle_fetch_offsets(const FetchServices& services,
                                                      wire::FetchOffsetsRequest request,
                                                      CancelToken token) {
    wire::FetchOffsetsResponse response;
    for (const wire::FetchOffsetsTopic& topic : request.topics) {
        wire::FetchOffsetsTopicResponse answer;
        answer.name = topic.name;
        for (const std::uint32_t partition : topic.partitions) {
            wire::PartitionOffsets offsets;
            offsets.partition = partition;
            const std::shared_ptr<Replica> replica =
                services.replicas.find_leader(topic.name, partition);
            if (replica == nullptr ||
                services.context.env.probe.fault(FaultPoint::spu_offsets_refused)) {
                offsets.error = ApiError(ErrorTag::partition_not_leader);
                answer.partitions.push_back(std::move(offsets));
                continue;
            }
            const Result<std::shared_ptr<log::Log>> log = co_await replica->open_log();
            if (!log.has_value()) {
                offsets.error = open_error(log.error(), *replica);
                answer.partitions.push_back(std::move(offsets));
                continue;
            }
            const bool is_known = co_await replica->wait_committed_end(
                services.context.config.committed_end_timeout, token);
            // The committed end is a committed read as any other.
            if (!is_known || !replica->may_read(replication::Isolation::read_committed)) {
                offsets.error = ApiError(ErrorTag::partition_not_leader);
                answer.partitions.push_back(std::move(offsets));
                continue;
            }
            replica->note_served();
            offsets.start_offset = (*log)->log_start().value();
            offsets.last_stable_offset = (*log)->committed_end().value();
            if (request.consumer_id.has_value()) {
                OffsetKey key{replica->key(), *request.consumer_id};
                const ApiResult<std::optional<std::int64_t>> stored =
                    co_await services.offsets.find(std::move(key), replica->topic_uid(), token);
                if (!stored.has_value()) {
                    offsets.error = stored.error();
                } else if (stored->has_value()) {
                    offsets.start_offset = **stored + 1;
                }
            }
            answer.partitions.push_back(std::move(offsets));
        }
        response.topics.push_back(std::move(answer));
    }
    co_return response;
}

}  // namespace weir::spu
