#include "sim-scenarios/workloads/set_up.h"

#include "core/client/admin.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <optional>
#include <string>

namespace weir::sim {

using client::Client;

namespace {

Task<bool> register_spus(Env& env, Client& client, RunState* run, CancelToken stop) {
    client::Admin admin(client);
    for (std::uint32_t i = 0; i < run->scenario.spu_count; ++i) {
        const NamedSpu spu = spu_of_scenario(run->scenario, i);
        while (true) {
            if (stop.cancelled()) {
                co_return false;
            }
            const Result<wire::Status> status =
                co_await admin.register_spu(spu.name, spu.spec, stop);
            if (status.has_value() && (status->error.tag == wire::ErrorTag::none ||
                                       status->error.tag == wire::ErrorTag::spu_already_exists)) {
                break;
            }
            run->waiting_for = fmt::format(
                "the registration of {}: {}", spu.name,
                status.has_value() ? client::describe(*status) : to_string(status.error()));
            co_await pause(env, Duration::from_ms(50), stop);
        }
    }
    co_return true;
}

TopicSpec spec_of(const TopicPlan& plan) {
    TopicSpec spec;
    ComputedReplicas replicas;
    replicas.partition_count = plan.partition_count;
    replicas.replication_factor = plan.replication_factor;
    spec.replicas = replicas;
    if (plan.partition_size_bytes_max.has_value() || plan.segment_bytes.has_value()) {
        TopicStorageConfig storage;
        storage.max_partition_size_bytes = plan.partition_size_bytes_max;
        storage.segment_size_bytes = plan.segment_bytes;
        spec.storage = storage;
    }
    if (plan.retention_time.has_value()) {
        spec.cleanup_policy.emplace();
        spec.cleanup_policy->time_in_seconds = static_cast<std::uint32_t>(plan.retention_time->s());
    }
    return spec;
}

Task<bool> create_topics(Env& env, Client& client, RunState* run, CancelToken stop) {
    client::Admin admin(client);
    for (const TopicPlan& plan : run->scenario.topics) {
        const TopicIndex topic = run->oracle.add_topic(plan.name, plan.partition_count);
        run->topics.push_back(topic);
        const TopicSpec spec = spec_of(plan);
        if (plan.has_retention() || run->scenario.workload.deletion_interval.has_value()) {
            run->oracle.has_retention(topic);
        }
        // A single one that is moved has two for a while.
        if (plan.replication_factor > 1 || run->scenario.workload.moves_interval.has_value()) {
            run->oracle.is_replicated(topic, run->scenario.strict_reads);
        }
        while (true) {
            if (stop.cancelled()) {
                co_return false;
            }
            const Result<wire::Status> status = co_await admin.create_topic(plan.name, spec, stop);
            if (status.has_value() && (status->error.tag == wire::ErrorTag::none ||
                                       status->error.tag == wire::ErrorTag::topic_already_exists)) {
                break;
            }
            run->waiting_for = fmt::format(
                "the creation of topic {}: {}", plan.name,
                status.has_value() ? client::describe(*status) : to_string(status.error()));
            co_await pause(env, Duration::from_ms(50), stop);
        }
    }
    co_return true;
}

Task<bool> wait_for_partitions(Env& env, Client& client, RunState* run, CancelToken stop) {
    for (const TopicIndex topic : run->topics) {
        const std::string& name = run->oracle.topic_name(topic);
        const std::uint32_t count = run->oracle.partition_count(topic);
        while (client.metadata().online_partitions(name).size() != count) {
            run->waiting_for = fmt::format("the partitions of {} to be online", name);
            if (stop.cancelled()) {
                co_return false;
            }
            co_await pause(env, Duration::from_ms(20), stop);
        }
        for (std::uint32_t partition = 0; partition < count; ++partition) {
            const std::optional<SpuId> leader =
                client.metadata().leader(ReplicaKey{name, partition});
            run->leaders[{topic, partition}] = leader.value_or(SpuId(0));
        }
    }
    co_return true;
}

}  // namespace

NamedSpu spu_of_scenario(const Scenario& scenario, std::uint32_t index) {
    NamedSpu spu;
    spu.name = fmt::format("spu-{}", index);
    CustomSpuSpec& spec = spu.spec;
    spec.id = SpuId(kFirstSpuId + static_cast<std::int32_t>(index));
    IngressAddress address;
    address.hostname = spu.name;
    spec.public_endpoint.port = kSpuPublicPort;
    spec.public_endpoint.ingress.push_back(address);
    spec.private_endpoint.port = kSpuPrivatePort;
    spec.private_endpoint.host = spu.name;
    if (scenario.rack_count > 0) {
        spec.rack = fmt::format("rack-{}", index % scenario.rack_count);
    }
    return spu;
}

Task<bool> set_up(Env& env, Client& client, RunState* run, CancelToken stop) {
    const bool registered = co_await register_spus(env, client, run, stop);
    if (!registered) {
        co_return false;
    }
    const bool created = co_await create_topics(env, client, run, stop);
    if (!created) {
        co_return false;
    }
    co_return co_await wait_for_partitions(env, client, run, stop);
}

}  // namespace weir::sim
