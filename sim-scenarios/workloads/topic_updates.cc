#include "sim-scenarios/workloads/topic_updates.h"

#include "core/client/admin.h"
#include "sim-scenarios/workloads/pollers.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace weir::sim {

namespace {

using KnownSettings = RunState::KnownSettings;

constexpr std::uint32_t kNarrowSizeMax = 32U << 10;
constexpr std::uint32_t kSegmentMax = 16U << 10;
// What may be above the limit: the active segment, and what one produce adds to it.
constexpr std::uint64_t kSizeSlack = kSegmentMax + (32U << 10);
// From the answer to the last update until all SPUs work by it, upkeep included.
constexpr Duration kAppliedLimit = Duration::from_s(10);
constexpr Duration kKeptFor = Duration::from_s(4);

TopicChanges settings_of(const TopicSpec& spec) {
    TopicChanges settings;
    if (spec.cleanup_policy.has_value()) {
        settings.retention_seconds = spec.cleanup_policy->time_in_seconds;
    }
    if (spec.storage.has_value()) {
        settings.segment_size_bytes = spec.storage->segment_size_bytes;
        settings.max_partition_size_bytes = spec.storage->max_partition_size_bytes;
    }
    settings.compression_type = spec.compression_type;
    return settings;
}

// The values are drawn from so many that each update has its own.
TopicChanges draw_changes(Prng& prng, bool narrow) {
    TopicChanges changes;
    if (prng.chance(1, 2)) {
        changes.retention_seconds =
            static_cast<std::uint32_t>(narrow ? 10 + prng.below(6) : 7'200 + prng.below(100'000));
    }
    if (prng.chance(1, 2)) {
        changes.max_partition_size_bytes =
            narrow ? kSegmentMax + prng.below(kNarrowSizeMax - kSegmentMax)
                   : (1ULL << 30) + prng.below(1ULL << 40);
    }
    if (prng.chance(1, 2)) {
        changes.segment_size_bytes =
            static_cast<std::uint32_t>(1'024 + prng.below(kSegmentMax - 1'024));
    }
    if (prng.chance(1, 4)) {
        changes.compression_type =
            prng.chance(1, 4) ? CompressionAlgorithm::gzip : CompressionAlgorithm::any;
    }
    return changes;
}

template <typename T>
void take_over(std::optional<T>& known, const std::optional<T>& changed) {
    if (changed.has_value()) {
        known = changed;
    }
}

void confirm(KnownSettings& known, const TopicChanges& changes) {
    take_over(known.confirmed.retention_seconds, changes.retention_seconds);
    take_over(known.confirmed.segment_size_bytes, changes.segment_size_bytes);
    take_over(known.confirmed.max_partition_size_bytes, changes.max_partition_size_bytes);
    take_over(known.confirmed.compression_type, changes.compression_type);
}

template <typename T>
bool may_be(const KnownSettings& known, const TopicChanges& listed,
            std::optional<T> TopicChanges::* field) {
    return listed.*field == known.confirmed.*field ||
           std::any_of(known.unknown.begin(), known.unknown.end(), [&](const TopicChanges& one) {
               return (one.*field).has_value() && one.*field == listed.*field;
           });
}

const char* difference(const KnownSettings& known, const TopicChanges& listed) {
    if (!may_be(known, listed, &TopicChanges::retention_seconds)) {
        return "retention time";
    }
    if (!may_be(known, listed, &TopicChanges::segment_size_bytes)) {
        return "segment size";
    }
    if (!may_be(known, listed, &TopicChanges::max_partition_size_bytes)) {
        return "largest size";
    }
    if (!may_be(known, listed, &TopicChanges::compression_type)) {
        return "compression";
    }
    return nullptr;
}

// False: the SC did not say.
Task<bool> check_listed(client::Client& client, RunState* run, CancelToken stop) {
    client::Admin admin(client);
    const Result<std::vector<TopicObject>> topics =
        co_await admin.topics({}, client::Listing::user_objects, stop);
    if (!topics.has_value()) {
        co_return false;
    }
    for (const TopicObject& topic : *topics) {
        const auto known = run->settings.find(topic.name);
        const char* differs = known == run->settings.end()
                                  ? nullptr
                                  : difference(known->second, settings_of(topic.spec));
        // A restored SC has forgotten the rest.
        if (differs != nullptr && run->restores.empty()) {
            run->oracle.report(Invariant::a15_metadata,
                               fmt::format("the {} of topic {} is not what was confirmed last",
                                           differs, topic.name));
        }
    }
    co_return true;
}

// True when it was answered that it is so.
Task<bool> update(client::Client& client, KnownSettings* known, std::string name,
                  TopicChanges changes, CancelToken stop) {
    client::Admin admin(client);
    wire::AlterTopic request;
    request.name = std::move(name);
    request.changes = changes;
    const Result<wire::Status> answer = co_await admin.alter_topic(std::move(request), stop);
    const bool not_sent = !answer.has_value() && answer.error().code == ErrorCode::unavailable;
    const bool refused =
        answer.has_value() && answer->error.tag == wire::ErrorTag::topic_invalid_configuration;
    if (answer.has_value() && answer->error.ok()) {
        confirm(*known, changes);
        co_return true;
    }
    if (!not_sent && !refused) {
        known->unknown.push_back(changes);
    }
    co_return false;
}

const TopicPlan& plan_of(const RunState& run, std::size_t which) {
    return run.scenario.topics[which];
}

KnownSettings& known_settings(RunState* run, const TopicPlan& plan) {
    const auto [place, is_new] = run->settings.try_emplace(plan.name);
    if (is_new) {
        TopicChanges& first = place->second.confirmed;
        if (plan.retention_time.has_value()) {
            first.retention_seconds = static_cast<std::uint32_t>(plan.retention_time->s());
        }
        first.segment_size_bytes = plan.segment_bytes;
        first.max_partition_size_bytes = plan.partition_size_bytes_max;
        first.compression_type = CompressionAlgorithm::any;
    }
    return place->second;
}

// The last settings of a topic: all that decides what goes.
TopicChanges last_settings(bool narrow) {
    TopicChanges changes;
    changes.segment_size_bytes = kSegmentMax;
    changes.max_partition_size_bytes = narrow ? kNarrowSizeMax : 1ULL << 40;
    changes.retention_seconds = 1U << 30;
    return changes;
}

// The sizes that the leaders have reported.
Task<std::map<ReplicaKey, std::int64_t>> sizes(client::Client& client, CancelToken stop) {
    client::Admin admin(client);
    const Result<std::vector<PartitionObject>> partitions =
        co_await admin.partitions(client::Listing::user_objects, stop);
    std::map<ReplicaKey, std::int64_t> found;
    if (partitions.has_value()) {
        for (const PartitionObject& partition : *partitions) {
            const Result<ReplicaKey> key = parse_replica_key(partition.name);
            if (key.has_value()) {
                found[*key] = partition.status.size_bytes;
            }
        }
    }
    co_return found;
}

// The bytes of a topic above what its last settings keep; a leader that has not reported counts as
// one that keeps too much.
std::int64_t excess_of(const std::map<ReplicaKey, std::int64_t>& sizes, const RunState& run,
                       TopicIndex topic) {
    constexpr std::int64_t kUnknown = 1LL << 40;
    constexpr auto kAllowed = static_cast<std::int64_t>(kNarrowSizeMax + kSizeSlack);
    std::int64_t excess = 0;
    for (std::uint32_t i = 0; i < run.oracle.partition_count(topic); ++i) {
        const auto found = sizes.find(ReplicaKey{run.oracle.topic_name(topic), i});
        const bool is_known = found != sizes.end() && found->second >= 0;
        if (run.oracle.over_budget(PartitionRef{topic, i})) {
            continue;  // it may be closed for damage
        }
        excess += is_known ? std::max<std::int64_t>(found->second - kAllowed, 0) : kUnknown;
    }
    return excess;
}

// The leaders come to the largest size, a few segments with each upkeep.
Task<bool> verify_narrow(Env& env, client::Client& client, RunState* run, TopicIndex topic,
                         CancelToken stop) {
    Instant limit = env.clock.now() + kAppliedLimit;
    std::int64_t least = INT64_MAX;
    while (!stop.cancelled()) {
        run->waiting_for = fmt::format("{} to keep its last size", run->oracle.topic_name(topic));
        const std::map<ReplicaKey, std::int64_t> now = co_await sizes(client, stop);
        const std::int64_t excess = excess_of(now, *run, topic);
        if (excess == 0) {
            co_return true;
        }
        if (excess < least) {
            least = excess;
            limit = env.clock.now() + kAppliedLimit;
        }
        if (env.clock.now() > limit && !now.empty()) {
            run->oracle.report(
                Invariant::a16_retention,
                fmt::format("for {} s {} has been {} bytes too large, and no less",
                            kAppliedLimit.s(), run->oracle.topic_name(topic), least));
            co_return false;
        }
        co_await pause(env, Duration::from_ms(100), stop);
    }
    co_return false;
}

// Nothing goes any more.
Task<bool> verify_wide(Env& env, client::Client& client, RunState* run, TopicIndex topic,
                       CancelToken stop) {
    co_await pause(env, kAppliedLimit, stop);
    std::map<std::uint32_t, std::int64_t> starts;
    Instant end = env.clock.now();
    for (int turn = 0; turn < 2; ++turn) {
        for (std::uint32_t i = 0; i < run->oracle.partition_count(topic);) {
            run->waiting_for =
                fmt::format("the log start of {}-{}", run->oracle.topic_name(topic), i);
            if (stop.cancelled()) {
                co_return false;
            }
            const PartitionRef ref{topic, i};
            if (run->oracle.over_budget(ref)) {
                ++i;
                continue;
            }
            const std::optional<wire::PartitionOffsets> offsets =
                co_await poll_partition(env, client, run, ref, stop);
            if (!offsets.has_value()) {
                co_await pause(env, Duration::from_ms(100), stop);
                continue;
            }
            const auto [start, is_first] = starts.try_emplace(i, offsets->start_offset);
            if (!is_first && start->second != offsets->start_offset) {
                run->oracle.report(
                    Invariant::a16_retention,
                    fmt::format("{}-{} has lost records that its last settings keep: it starts "
                                "at {}, and did at {}",
                                run->oracle.topic_name(topic), i, offsets->start_offset,
                                start->second));
                co_return false;
            }
            ++i;
        }
        if (turn == 0) {
            end = env.clock.now() + kKeptFor;
            co_await pause(env, end - env.clock.now(), stop);
        }
    }
    co_return true;
}

}  // namespace

Task<void> run_updates(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    Prng prng = env.random.stream("updates");
    while (run->load && !stop.cancelled()) {
        co_await pause(env, about(prng, *run->scenario.workload.update_interval), stop);
        const TopicPlan& plan =
            plan_of(*run, static_cast<std::size_t>(prng.below(run->scenario.topics.size())));
        const bool narrow = plan.has_retention() && prng.chance(1, 2);
        const TopicChanges changes = draw_changes(prng, narrow);
        KnownSettings* known = &known_settings(run, plan);
        const bool done = co_await update(client, known, plan.name, changes, stop);
        run->topics_updated += done ? 1U : 0U;
        static_cast<void>(co_await check_listed(client, run, stop));
    }
}

Task<bool> verify_updates(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    if (!run->scenario.workload.update_interval.has_value()) {
        co_return true;
    }
    Prng prng = env.random.stream("last settings");
    run->waiting_for = "the settings of the topics";
    while (!co_await check_listed(client, run, stop)) {
        co_await pause(env, Duration::from_ms(100), stop);
        if (stop.cancelled()) {
            co_return false;
        }
    }
    for (std::size_t i = 0; i < run->topics.size(); ++i) {
        const TopicPlan& plan = plan_of(*run, i);
        const bool narrow = plan.has_retention() && prng.chance(1, 2);
        KnownSettings* known = &known_settings(run, plan);
        const TopicChanges last = last_settings(narrow);
        while (!co_await update(client, known, plan.name, last, stop)) {
            run->waiting_for = fmt::format("the last settings of {} to be taken", plan.name);
            co_await pause(env, Duration::from_ms(100), stop);
            if (stop.cancelled()) {
                co_return false;
            }
        }
        const bool applied = narrow ? co_await verify_narrow(env, client, run, run->topics[i], stop)
                                    : co_await verify_wide(env, client, run, run->topics[i], stop);
        if (!applied) {
            co_return false;
        }
    }
    co_return true;
}

}  // namespace weir::sim
