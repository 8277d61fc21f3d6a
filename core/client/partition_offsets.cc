#include "core/client/partition_offsets.h"

#include "core/client/errors.h"
#include "core/model/batch.h"
#include "core/wire/fetch.h"
#include "core/wire/fetch_offsets.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace weir::client {

namespace {

constexpr std::uint16_t key_of(wire::SpuApi api) {
    return static_cast<std::uint16_t>(api);
}

// The first batch of the answer; nullopt when it has none.
Result<std::optional<BatchHeader>> first_batch(const wire::FetchResponse& response,
                                               const ReplicaKey& key) {
    if (response.topics.size() != 1 || response.topics[0].partitions.size() != 1) {
        return fail(ErrorCode::malformed, "records of another partition than asked for");
    }
    const wire::FetchPartitionResponse& partition = response.topics[0].partitions[0];
    if (!partition.error.ok()) {
        return fail(to_error(partition.error, "batch of " + to_string(key)));
    }
    BatchWalker walker(partition.records.span(), BatchWalker::Check::header);
    const std::optional<BatchView> batch = walker.next();
    return batch.has_value() ? std::optional(batch->header) : std::nullopt;
}

// The batch that holds `offset`; nullopt behind the committed end.
Task<Result<std::optional<BatchHeader>>> batch_at(Client& client,
                                                  std::shared_ptr<ServerConnection> leader,
                                                  ReplicaKey key, Offset offset,
                                                  CancelToken token) {
    const wire::Version version = leader->version_for(wire::spu_client_range(wire::SpuApi::fetch));
    wire::FetchPartition partition;
    partition.partition = key.partition;
    partition.fetch_offset = offset.value();
    partition.max_bytes = 1;
    wire::FetchTopic topic;
    topic.name = key.topic;
    topic.partitions.push_back(partition);
    wire::FetchRequest request;
    // One whole batch is sent all the same.
    request.max_bytes = 1;
    request.isolation = wire::Isolation::read_committed;
    request.topics.push_back(std::move(topic));
    const Instant deadline = client.env().clock.now() + client.config().request_timeout;
    WEIR_CO_TRY(BufferSlice frame, co_await leader->call(key_of(wire::SpuApi::fetch), version,
                                                         request, deadline, token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    WEIR_CO_TRY(const wire::FetchResponse response,
                wire::decode_fetch_response(reader, frame, version));
    co_return first_batch(response, key);
}

}  // namespace

Task<Result<OffsetRange>> offset_range(Client& client, std::shared_ptr<ServerConnection> leader,
                                       ReplicaKey key, CancelToken token) {
    const wire::Version version =
        leader->version_for(wire::spu_client_range(wire::SpuApi::fetch_offsets));
    wire::FetchOffsetsTopic topic;
    topic.name = key.topic;
    topic.partitions.push_back(key.partition);
    wire::FetchOffsetsRequest request;
    request.topics.push_back(std::move(topic));
    const Instant deadline = client.env().clock.now() + client.config().request_timeout;
    WEIR_CO_TRY(const BufferSlice frame, co_await leader->call(key_of(wire::SpuApi::fetch_offsets),
                                                               version, request, deadline, token));
    WEIR_CO_TRY(wire::Reader reader, open_answer(frame));
    WEIR_CO_TRY(const wire::FetchOffsetsResponse response,
                wire::decode_fetch_offsets_response(reader, version));
    const bool has_entry = response.topics.size() == 1 && response.topics[0].name == key.topic &&
                           response.topics[0].partitions.size() == 1 &&
                           response.topics[0].partitions[0].partition == key.partition;
    if (!has_entry) {
        co_return fail(ErrorCode::malformed, "offsets of another partition than asked for");
    }
    const wire::PartitionOffsets& offsets = response.topics[0].partitions[0];
    if (!offsets.error.ok()) {
        co_return fail(to_error(offsets.error, "offsets of " + to_string(key)));
    }
    OffsetRange range;
    range.start = Offset(offsets.start_offset);
    range.end = Offset(std::max(offsets.last_stable_offset, offsets.start_offset));
    co_return range;
}

Task<Result<Offset>> offset_at(Client& client, std::shared_ptr<ServerConnection> leader,
                               ReplicaKey key, OffsetRange range, std::int64_t time_ms,
                               CancelToken token) {
    // All below `older` is older, and nothing from `newer` on.
    Offset older = range.start;
    Offset newer = range.end;
    while (older < newer) {
        const Offset middle = older + (newer - older) / 2;
        WEIR_CO_TRY(const std::optional<BatchHeader> batch,
                    co_await batch_at(client, leader, key, middle, token));
        if (!batch.has_value()) {
            newer = middle;
        } else if (batch->max_time_stamp < time_ms) {
            older = std::max(batch->next_offset(), middle + 1);
        } else {
            newer = std::min(batch->base_offset, middle);
        }
    }
    co_return std::max(older, range.start);
}

}  // namespace weir::client
