// `weir cluster status`: what the SC says about itself, its SPUs and its topics.
#include "apps/weir/cluster.h"
#include "apps/weir/output.h"
#include "apps/weir/replication.h"
#include "apps/weir/session.h"
#include "apps/weir/text.h"
#include "core/client/admin.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <optional>

namespace weir::cli {
namespace {

struct Counts {
    std::string address;
    std::string platform;
    std::size_t spus = 0;
    std::size_t spus_online = 0;
    std::size_t topics = 0;
    std::size_t partitions = 0;
    std::size_t partitions_online = 0;
    std::uint64_t size_bytes = 0;
    // What an operator has to look at, one sentence each.
    std::vector<std::string> problems;
};

// An SC that is not Weir's has nothing to say about it.
Task<Result<std::vector<std::string>>> find_problems(Session& session) {
    client::Admin admin(session.client);
    std::vector<std::string> problems;
    for (const auto listing : {client::Listing::user_objects, client::Listing::system_objects}) {
        const Result<wire::ClusterDescription> described =
            co_await admin.describe_cluster(listing, session.stop);
        if (!described.has_value()) {
            if (described.error().code == ErrorCode::not_supported) {
                break;
            }
            co_return fail(described.error());
        }
        if (problems.empty()) {
            problems = described->doubts;
        }
        for (std::string& problem : replication_problems(*described)) {
            problems.push_back(std::move(problem));
        }
    }
    co_return problems;
}

// A topic without all of its partitions. One that mirrors may wait for its first remote for ever.
std::optional<std::string> placement_problem(const TopicObject& topic, std::size_t spus_online) {
    const auto* computed = std::get_if<ComputedReplicas>(&topic.spec.replicas);
    if (topic.status.resolution == TopicResolution::provisioned || computed == nullptr) {
        return std::nullopt;
    }
    return fmt::format("topic {} waits to be placed: it has {} replicas, and {} SPUs are online",
                       topic.name, computed->replication_factor, spus_online);
}

Task<Result<Counts>> count(Session& session) {
    client::Admin admin(session.client);
    Counts counts;
    counts.address = to_string(session.client.config().sc);
    counts.platform = session.client.platform_version();
    WEIR_CO_TRY(const std::vector<SpuObject> spus, co_await admin.spus(session.stop));
    counts.spus = spus.size();
    for (const SpuObject& spu : spus) {
        counts.spus_online += spu.status.resolution == SpuResolution::online ? 1U : 0U;
    }
    std::vector<std::string> no_filter;
    WEIR_CO_TRY(
        const std::vector<TopicObject> topics,
        co_await admin.topics(std::move(no_filter), client::Listing::user_objects, session.stop));
    counts.topics = topics.size();
    WEIR_CO_TRY(const std::vector<PartitionObject> partitions,
                co_await admin.partitions(client::Listing::user_objects, session.stop));
    counts.partitions = partitions.size();
    for (const PartitionObject& partition : partitions) {
        const PartitionStatus& status = partition.status;
        counts.partitions_online += status.resolution == PartitionResolution::online ? 1U : 0U;
        counts.size_bytes +=
            static_cast<std::uint64_t>(std::max<std::int64_t>(status.size_bytes, 0)) *
            (1 + status.replicas.size());
    }
    WEIR_CO_TRY(counts.problems, co_await find_problems(session));
    for (const TopicObject& topic : topics) {
        if (auto problem = placement_problem(topic, counts.spus_online)) {
            counts.problems.push_back(*std::move(problem));
        }
    }
    co_return counts;
}

nlohmann::ordered_json to_document(const Counts& counts) {
    nlohmann::ordered_json document;
    document["address"] = counts.address;
    document["platform"] = counts.platform;
    document["spus"] = counts.spus;
    document["spusOnline"] = counts.spus_online;
    document["topics"] = counts.topics;
    document["partitions"] = counts.partitions;
    document["partitionsOnline"] = counts.partitions_online;
    document["sizeBytes"] = counts.size_bytes;
    document["problems"] = counts.problems;
    return document;
}

std::string to_text(const Counts& counts) {
    std::string text = fmt::format(
        "Cluster     {} (platform {})\n"
        "SPUs        {} of {} online\n"
        "Topics      {}\n"
        "Partitions  {} of {} online\n"
        "Stored      {}\n",
        counts.address, counts.platform, counts.spus_online, counts.spus, counts.topics,
        counts.partitions_online, counts.partitions, format_size(counts.size_bytes));
    for (const std::string& problem : counts.problems) {
        text += fmt::format("Problem     {}\n", problem);
    }
    return text;
}

Task<Result<void>> status(Session& session, OutputFormat format) {
    WEIR_CO_TRY(const Counts counts, co_await count(session));
    print(format == OutputFormat::table ? to_text(counts) : render(to_document(counts), format));
    if (counts.spus == 0) {
        co_return fail(ErrorCode::unavailable,
                       "the cluster has no SPU; register one with `weir spu register`");
    }
    if (counts.spus_online < counts.spus) {
        co_return fail(ErrorCode::unavailable,
                       fmt::format("{} SPUs are not online; `weir spu list` shows which",
                                   counts.spus - counts.spus_online));
    }
    if (!counts.problems.empty()) {
        co_return fail(ErrorCode::unavailable,
                       counts.problems.size() == 1
                           ? "1 problem"
                           : fmt::format("{} problems", counts.problems.size()));
    }
    co_return Result<void>();
}

}  // namespace

int cluster_status(const Target& target, const ClusterStatusOptions& options) {
    const Result<OutputFormat> format = parse_output_format(options.output);
    if (!format.has_value()) {
        return report(format.error());
    }
    return run_session(target, &status, *format);
}

}  // namespace weir::cli
