#include "sim-scenarios/workloads/statistics.h"

#include "core/client/admin.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <optional>
#include <string>
#include <vector>

namespace weir::sim {

namespace {

// Reports and what the SC tells of them come every 100 ms; a leader may just have been elected.
constexpr Duration kTruthLimit = Duration::from_s(30);

// Empty: it is true, or nobody can say.
std::string compare(const RunState& run, const std::string& name, const PartitionStatus& status) {
    const std::optional<RealPartition> real = run.real_partition(name);
    if (!real.has_value() || real->leader() == nullptr) {
        return {};
    }
    const std::string difference = untrue(status, *real, run.real_size_bytes(*real->leader()));
    return difference.empty() ? difference : name + ": " + difference;
}

// Nothing: there was no answer.
Task<std::optional<std::string>> compare_listed(client::Client& client, RunState* run,
                                                client::Listing listing, CancelToken stop) {
    client::Admin admin(client);
    const Result<std::vector<PartitionObject>> partitions =
        co_await admin.partitions(listing, stop);
    if (!partitions.has_value()) {
        co_return std::nullopt;
    }
    for (const PartitionObject& partition : *partitions) {
        std::string difference = compare(*run, partition.name, partition.status);
        if (!difference.empty()) {
            co_return difference;
        }
    }
    co_return std::string();
}

std::string compare_told(const client::Client& client, const RunState& run) {
    for (const auto& [key, partition] : client.metadata().partitions()) {
        std::string difference = compare(run, partition.name, partition.status);
        if (!difference.empty()) {
            return "by its watch: " + difference;
        }
    }
    return {};
}

}  // namespace

void check_told(const client::Client& client, RunState* run, StatisticsView* view) {
    for (const TopicIndex topic : run->topics) {
        for (std::uint32_t i = 0; i < run->oracle.partition_count(topic); ++i) {
            const ReplicaKey key{run->oracle.topic_name(topic), i};
            const auto found = client.metadata().partitions().find(key);
            const std::string name = to_string(key);
            const std::optional<RealPartition> real = run->real_partition(name);
            if (found == client.metadata().partitions().end() || !real.has_value()) {
                continue;
            }
            const std::string wrong = view->told(name, found->second.status, *real);
            if (!wrong.empty()) {
                run->oracle.report(Invariant::a21_statistics, fmt::format("{}: {}", name, wrong));
            }
        }
    }
}

Task<bool> verify_statistics(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    const Instant limit = env.clock.now() + kTruthLimit;
    while (!stop.cancelled()) {
        run->waiting_for = "the statistics of partitions to be true";
        std::optional<std::string> difference =
            co_await compare_listed(client, run, client::Listing::user_objects, stop);
        if (difference.has_value() && difference->empty()) {
            difference =
                co_await compare_listed(client, run, client::Listing::system_objects, stop);
        }
        if (difference.has_value() && difference->empty()) {
            *difference = compare_told(client, *run);
        }
        if (difference.has_value() && difference->empty()) {
            co_return true;
        }
        if (env.clock.now() > limit && difference.has_value()) {
            run->oracle.report(Invariant::a21_statistics,
                               fmt::format("for {} s: {}", kTruthLimit.s(), *difference));
            co_return false;
        }
        co_await pause(env, Duration::from_ms(100), stop);
    }
    co_return false;
}

}  // namespace weir::sim
