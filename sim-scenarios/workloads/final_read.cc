#include "sim-scenarios/workloads/final_read.h"

#include "core/client/consumer.h"
#include "sim-scenarios/payload.h"
#include "sim-scenarios/workloads/consumers.h"
#include "sim-scenarios/workloads/pollers.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <utility>

namespace weir::sim {

using client::Client;
using client::Consumer;

namespace {

// Tries to read a partition whose log was damaged.
constexpr std::uint32_t kAttemptsOverBudget = 3;

constexpr Duration kReadLimit = Duration::from_s(600);
constexpr Duration kReadLimitOverBudget = Duration::from_s(5);

// The records of [log_start, leo), or nothing when the reader failed and should try again.
Task<Result<Oracle::RecoveredLog>> read_partition(Client& client, RunState* run, PartitionRef ref,
                                                  Oracle::RecoveredLog log, CancelToken stop) {
    client::ConsumerConfig config;
    config.topic = run->oracle.topic_name(ref.topic);
    config.partitions.push_back(ref.partition);
    config.start.from = client::StartOffset::From::absolute;
    // Where there is retention the read begins at what may have been deleted, and is told so.
    config.start.count = run->oracle.retention(ref.topic) ? 0 : log.log_start;
    config.last_offset = log.leo - 1;
    // A consumer tries again and again; a log that was damaged may never answer.
    Clock& clock = client.env().clock;
    const Duration limit = run->oracle.over_budget(ref) ? kReadLimitOverBudget : kReadLimit;
    Deadline deadline(clock, clock.now() + limit, stop);
    WEIR_CO_TRY(const std::unique_ptr<Consumer> consumer,
                co_await Consumer::open(client, config, deadline.token()));
    std::optional<Error> error;
    while (static_cast<std::int64_t>(log.records.size()) < log.leo - log.log_start) {
        Result<std::optional<client::ConsumedChunk>> chunk =
            co_await consumer->next(deadline.token());
        if (!chunk.has_value()) {
            note_consumer_error(run, ref.topic, chunk.error());
            error = chunk.error();
            break;
        }
        if (!chunk->has_value()) {
            break;
        }
        for (const client::ConsumedRecord& record : (*chunk)->records) {
            const std::int64_t expected =
                log.log_start + static_cast<std::int64_t>(log.records.size());
            if (record.offset.value() < log.log_start) {
                continue;
            }
            if (record.offset.value() > expected && run->oracle.retention(ref.topic)) {
                // Deleted meanwhile: the next attempt starts further on.
                error.emplace(ErrorCode::offset_evicted, "the log start has moved");
                break;
            }
            if (record.offset.value() != expected) {
                run->oracle.report(
                    Invariant::a6_dense,
                    fmt::format("{}-{}: the final read got offset {} where {} comes next",
                                config.topic, ref.partition, record.offset.value(), expected));
            }
            log.records.push_back(decode_payload(record.value));
        }
        if (error.has_value()) {
            break;
        }
    }
    static_cast<void>(co_await consumer->close(stop));
    if (error.has_value()) {
        co_return fail(*std::move(error));
    }
    co_return std::move(log);
}

}  // namespace

Task<bool> verify_topic(Env& env, Client& client, RunState* run, TopicIndex topic,
                        CancelToken stop) {
    for (std::uint32_t i = 0; i < run->oracle.partition_count(topic); ++i) {
        const PartitionRef ref{topic, i};
        std::int64_t gap_behind = -1;
        for (std::uint32_t attempt = 0;; ++attempt) {
            if (attempt >= kAttemptsOverBudget && run->oracle.over_budget(ref)) {
                break;  // it may refuse to serve what is damaged
            }
            if (stop.cancelled()) {
                co_return false;
            }
            run->waiting_for =
                fmt::format("the final read of {}-{}", run->oracle.topic_name(topic), i);
            const std::optional<wire::PartitionOffsets> offsets =
                co_await poll_partition(env, client, run, ref, stop);
            if (offsets.has_value() && offsets->start_offset < run->oracle.deleted_before(ref) &&
                !run->oracle.over_budget(ref)) {
                run->waiting_for =
                    fmt::format("{}-{} to start at {}, not at {}", run->oracle.topic_name(topic), i,
                                run->oracle.deleted_before(ref), offsets->start_offset);
            } else if (offsets.has_value()) {
                Oracle::RecoveredLog log;
                log.log_start = offsets->start_offset;
                log.leo = offsets->last_stable_offset;
                if (gap_behind == log.log_start && !run->oracle.over_budget(ref)) {
                    run->oracle.report(
                        Invariant::a6_dense,
                        fmt::format("{}-{}: the final read left records out, and the log still "
                                    "starts at {}",
                                    run->oracle.topic_name(topic), i, gap_behind));
                }
                const std::int64_t log_start = log.log_start;
                Result<Oracle::RecoveredLog> read =
                    co_await read_partition(client, run, ref, std::move(log), stop);
                if (read.has_value()) {
                    run->oracle.final_contents(ref, *read);
                    break;
                }
                const bool gap = read.error().code == ErrorCode::offset_evicted;
                gap_behind = gap ? log_start : -1;
                run->waiting_for += ": " + to_string(read.error());
            }
            co_await pause(env, Duration::from_ms(100), stop);
        }
    }
    co_return true;
}

}  // namespace weir::sim
