#include "apps/weir/replication.h"

#include "apps/weir/documents.h"
#include "apps/weir/output.h"
#include "apps/weir/session.h"
#include "core/client/admin.h"
#include "core/model/setting_words.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace weir::cli {
namespace {

template <typename T, std::size_t kCount>
Result<std::optional<T>> parse_word(std::string_view flag, const std::optional<std::string>& text,
                                    const std::array<Word<T>, kCount>& words) {
    if (!text.has_value()) {
        return std::optional<T>();
    }
    const std::optional<T> value = value_of(*text, words);
    if (!value.has_value()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{}: '{}' is none of {}", flag, *text, list_of(words)));
    }
    return value;
}

bool has(const SpuSet& set, SpuId spu) {
    return std::find(set.begin(), set.end(), spu) != set.end();
}

// Why a replica is not live.
std::string reason(const wire::ClusterDescription& cluster,
                   const wire::DescribedPartition& partition, SpuId spu) {
    const auto known = std::find_if(cluster.spus.begin(), cluster.spus.end(),
                                    [spu](const wire::DescribedSpu& one) { return one.id == spu; });
    if (known == cluster.spus.end()) {
        return "it is not registered";
    }
    if (known->draining) {
        return "it is draining";
    }
    if (!known->online) {
        return "it is offline";
    }
    for (const ReplicaStatus& replica : partition.status.replicas) {
        if (replica.spu == spu && replica.leo.value() >= 0) {
            return fmt::format("it catches up and is {} records behind",
                               std::max<std::int64_t>(
                                   partition.status.leader.leo.value() - replica.leo.value(), 0));
        }
    }
    return partition.record.leader == kNoSpu ? "there is nobody to follow"
                                             : "it does not follow the leader";
}

std::string why_offline(const wire::ClusterDescription& cluster, const PartitionRecord& record) {
    const SpuId only = record.replicas.size() == 1 ? record.replicas.front().spu : kNoSpu;
    if (std::any_of(
            cluster.spus.begin(), cluster.spus.end(),
            [only](const wire::DescribedSpu& spu) { return spu.id == only && spu.online; })) {
        return fmt::format(
            "its only replica, on spu {}, does not open. If that lasts, it is damaged: stop the "
            "SPU, and look with `weir-run repair`",
            only.value());
    }
    if (!record.lrs.empty() || !record.elr.empty()) {
        return "it waits for a replica that is complete";
    }
    if (record.unclean_policy == UncleanPolicy::never) {
        return "no replica is known to be complete, and its unclean policy is never: with `weir "
               "topic update --unclean-policy` another one lets the longest log lead";
    }
    return "it waits for all replicas that may be complete. If one of them is gone for good, `weir "
           "topic update --unclean-policy availability` gives up what only that one has";
}

Task<Result<void>> operate(Session& session, wire::Operate request, std::string done) {
    client::Admin admin(session.client);
    WEIR_CO_TRY(const wire::Operated answer,
                co_await admin.operate(std::move(request), session.stop));
    for (const std::string& line : answer.details) {
        print_line(line);
    }
    if (!answer.accepted) {
        co_return fail(ErrorCode::unavailable, answer.message);
    }
    print_line(answer.message.empty() ? done : answer.message);
    co_return Result<void>();
}

int drain(const Target& target, std::int32_t id, wire::OperatorVerb verb, std::string done) {
    wire::Operate request;
    request.verb = verb;
    request.spus.emplace_back(id);
    return run_session(target, &operate, std::move(request), std::move(done));
}

}  // namespace

Result<TopicSettings> parse_settings(const TopicSettingOptions& options) {
    TopicSettings settings;
    settings.min_live = options.min_live;
    WEIR_TRY(settings.durability, parse_word("--durability", options.durability, kDurabilityWords));
    WEIR_TRY(settings.unclean_policy,
             parse_word("--unclean-policy", options.unclean_policy, kUncleanPolicyWords));
    WEIR_TRY(settings.ack_floor, parse_word("--ack-floor", options.ack_floor, kAckFloorWords));
    settings.strict_reads = options.strict_reads;
    settings.ride_through = options.ride_through;
    return settings;
}

std::vector<std::string> replication_problems(const wire::ClusterDescription& cluster) {
    std::vector<std::string> problems;
    for (const wire::DescribedPartition& partition : cluster.partitions) {
        const PartitionRecord& record = partition.record;
        const std::string name = to_string(partition.key);
        if (record.leader == kNoSpu) {
            problems.push_back(
                fmt::format("{} has no leader: {}", name, why_offline(cluster, record)));
        } else if (record.lrs.size() < record.min_live) {
            problems.push_back(
                fmt::format("{} commits nothing: {} of its replicas are live, and {} must be", name,
                            record.lrs.size(), record.min_live));
        }
        for (const auto* places : {&record.replicas, &record.adding}) {
            for (const AssignedReplica& replica : *places) {
                const SpuId spu = replica.spu;
                if (!has(record.lrs, spu) && !has(record.removing, spu)) {
                    problems.push_back(fmt::format("{} is not live on spu {}: {}", name,
                                                   spu.value(), reason(cluster, partition, spu)));
                }
            }
        }
    }
    return problems;
}

int partition_reassign(const Target& target, const PartitionReassignOptions& options) {
    if (options.spus.empty() != options.cancel) {
        return report(Error(ErrorCode::invalid_argument,
                            "name the SPUs with --to 5001,5002,5003, or give --cancel"));
    }
    wire::Operate request;
    request.verb =
        options.cancel ? wire::OperatorVerb::cancel_reassignment : wire::OperatorVerb::reassign;
    request.key = ReplicaKey{options.topic, options.partition};
    for (const std::int32_t id : options.spus) {
        request.spus.emplace_back(id);
    }
    const std::string name = to_string(request.key);
    std::string done =
        options.cancel ? fmt::format("the reassignment of {} is cancelled", name)
                       : fmt::format("{} moves; `weir partition list` shows how far it is", name);
    return run_session(target, &operate, std::move(request), std::move(done));
}

int partition_elect(const Target& target, const PartitionElectOptions& options) {
    wire::Operate request;
    request.verb = wire::OperatorVerb::elect_preferred;
    request.key = ReplicaKey{options.topic, options.partition};
    std::string done = fmt::format("the preferred leader of {} takes over", to_string(request.key));
    return run_session(target, &operate, std::move(request), std::move(done));
}

int spu_drain(const Target& target, const SpuDrainOptions& options) {
    return drain(target, options.id, wire::OperatorVerb::drain,
                 fmt::format("spu {} gives away what it leads; `weir partition list` shows when "
                             "nothing is live on it",
                             options.id));
}

int spu_undrain(const Target& target, const SpuDrainOptions& options) {
    return drain(target, options.id, wire::OperatorVerb::undrain,
                 fmt::format("spu {} takes part again", options.id));
}

int cluster_adopt(const Target& target, const ClusterAdoptOptions& options) {
    wire::Operate request;
    request.verb = wire::OperatorVerb::adopt;
    request.force = options.force;
    return run_session(target, &operate, std::move(request), std::string("adopted"));
}

}  // namespace weir::cli
