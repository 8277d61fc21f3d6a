#include "apps/weir/deletion.h"

#include "apps/weir/output.h"
#include "apps/weir/session.h"
#include "core/client/admin.h"
#include "core/client/partition_offsets.h"

#include <fmt/core.h>

#include <utility>
#include <vector>

namespace weir::cli {
namespace {

// The SC has stored it; a leader that is slow to follow is not an error.
constexpr Duration kPatience = Duration::from_s(5);

Task<Result<client::OffsetRange>> range_of(Session& session, ReplicaKey key) {
    WEIR_CO_TRY(
        std::shared_ptr<client::ServerConnection> leader,
        co_await session.client.leader_connection(key, client::Purpose::consume, session.stop));
    co_return co_await client::offset_range(session.client, std::move(leader), std::move(key),
                                            session.stop);
}

Result<void> check(const wire::Operated& answer) {
    if (!answer.accepted) {
        return fail(ErrorCode::invalid_argument, answer.message);
    }
    return {};
}

// Until a report of the leader, which the SC passes on in its watch of partitions, has the log
// begin further on: at `wanted`, or before, where a batch holds records of both sides.
Task<Result<void>> wait_for_start(Session& session, ReplicaKey key, Offset old_start,
                                  Offset wanted) {
    const client::Metadata& metadata = session.client.metadata();
    Deadline deadline(session.env.clock, session.env.clock.now() + kPatience, session.stop);
    while (old_start < wanted) {
        const auto found = metadata.partitions().find(key);
        if (found == metadata.partitions().end() || found->second.status.base_offset > old_start) {
            break;
        }
        const Result<void> changed = co_await metadata.wait_for_change(deadline.token());
        if (!changed.has_value()) {
            if (deadline.expired()) {
                break;
            }
            co_return fail(changed.error());
        }
    }
    co_return Result<void>();
}

// A batch goes when all of its records may: with `before` inside the first one nothing moves.
Task<Result<void>> delete_in(Session& session, ReplicaKey key, std::optional<std::int64_t> before) {
    WEIR_CO_TRY(const client::OffsetRange old, co_await range_of(session, key));
    wire::Operate request;
    request.verb = wire::OperatorVerb::delete_records;
    request.key = key;
    request.offset = before.has_value() ? Offset(*before) : old.end;
    const Offset wanted = request.offset;
    client::Admin admin(session.client);
    WEIR_CO_TRY(const wire::Operated answer,
                co_await admin.operate(std::move(request), session.stop));
    WEIR_CO_CHECK(check(answer));
    WEIR_CO_CHECK(co_await wait_for_start(session, key, old.start, wanted));
    WEIR_CO_TRY(const client::OffsetRange now, co_await range_of(session, key));
    print_line(fmt::format("topic \"{}\" partition {}: {} records deleted, it begins at offset {}",
                           key.topic, key.partition, now.start - old.start, now.start.value()));
    co_return Result<void>();
}

Task<Result<void>> delete_records(Session& session, const TopicDeleteRecordsOptions& options) {
    WEIR_CO_TRY(const std::uint32_t count,
                co_await session.client.wait_for_topic(options.name, session.stop));
    if (options.partition.has_value() && *options.partition >= count) {
        co_return fail(ErrorCode::not_found,
                       fmt::format("Partition not found: {} has {} partitions, there is no {}",
                                   options.name, count, *options.partition));
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        if (options.partition.value_or(i) == i) {
            ReplicaKey key{options.name, i};
            WEIR_CO_CHECK(co_await delete_in(session, std::move(key), options.before));
        }
    }
    co_return Result<void>();
}

}  // namespace

int topic_delete_records(const Target& target, const TopicDeleteRecordsOptions& options) {
    return run_session(target, &delete_records, options);
}

}  // namespace weir::cli
