#include "sim-scenarios/workloads/smartmodules.h"

#include "core/client/admin.h"
#include "core/client/metadata.h"
#include "core/wire/produce.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::sim {

namespace {

// More are not kept: the oldest goes first.
constexpr std::uint32_t kModulesMax = 4;
constexpr std::uint32_t kTimeoutMs = 8'000;

Task<bool> create(client::Client& client, std::string name, CancelToken stop) {
    SmartModuleSpec spec;
    spec.payload = Bytes(16, 1);
    wire::CreateRequest request;
    request.name = std::move(name);
    request.timeout_ms = kTimeoutMs;
    request.spec = std::move(spec);
    client::Admin admin(client);
    const Result<wire::Status> status = co_await admin.create(std::move(request), stop);
    co_return status.has_value() && status->error.ok();
}

Task<void> remove(client::Client& client, std::string name, CancelToken stop) {
    wire::DeleteTarget target;
    target.kind = ObjectKind::smartmodule;
    target.key = std::move(name);
    wire::DeleteRequest request;
    request.target = std::move(target);
    client::Admin admin(client);
    static_cast<void>(co_await admin.remove(std::move(request), stop));
}

// What the leader says to a produce through the module; nothing: it did not answer.
Task<Result<wire::ErrorTag>> use(Env& env, client::Client& client, ReplicaKey key,
                                 std::string module, CancelToken stop) {
    const Instant limit = env.clock.now() + Duration::from_s(3);
    Deadline deadline(env.clock, limit, stop);
    const std::string topic_name = key.topic;
    const std::uint32_t partition_number = key.partition;
    WEIR_CO_TRY(const std::shared_ptr<client::ServerConnection> connection,
                co_await client.leader_connection(std::move(key), client::Purpose::offsets,
                                                  deadline.token()));
    wire::ProduceRequest request;
    wire::ProduceTopic topic;
    topic.name = topic_name;
    topic.partitions.emplace_back().partition = partition_number;
    request.topics.push_back(std::move(topic));
    request.smartmodules.resize(1);
    request.smartmodules[0].source = wire::PredefinedModule{std::move(module)};
    const wire::Version version =
        connection->version_for(wire::spu_client_range(wire::SpuApi::produce));
    WEIR_CO_TRY(const BufferSlice answer,
                co_await connection->call(static_cast<std::uint16_t>(wire::SpuApi::produce),
                                          version, request, limit, deadline.token()));
    WEIR_CO_TRY(wire::Reader reader, client::open_answer(answer));
    WEIR_CO_TRY(const wire::ProduceResponse response,
                wire::decode_produce_response(reader, version));
    if (response.topics.size() != 1 || response.topics[0].partitions.size() != 1) {
        co_return fail(ErrorCode::malformed, "the answer does not fit the question");
    }
    co_return response.topics[0].partitions[0].error.tag;
}

Task<bool> is_online(client::Client& client, SpuId id, CancelToken stop) {
    client::Admin admin(client);
    const Result<std::vector<SpuObject>> spus = co_await admin.spus(stop);
    if (spus.has_value()) {
        for (const SpuObject& spu : *spus) {
            if (spu.spec.id == id) {
                co_return spu.status.resolution == SpuResolution::online;
            }
        }
    }
    co_return false;
}

}  // namespace

Task<void> run_smartmodules(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    Prng prng = env.random.stream("smartmodules");
    std::uint32_t count = 0;
    while (run->load && !stop.cancelled()) {
        co_await pause(env, about(prng, *run->scenario.workload.smartmodule_interval), stop);
        const PartitionRef ref = some_partition(prng, *run);
        const ReplicaKey key{run->oracle.topic_name(ref.topic), ref.partition};
        const std::string name = fmt::format("module-{}", count++);
        const std::optional<SpuId> leader = client.metadata().leader(key);
        // Whoever was online then and has lost neither its process nor its session has been waited
        // for.
        const std::uint64_t ends_before = run->ends();
        const bool online = leader.has_value() && co_await is_online(client, *leader, stop);
        const bool created = co_await create(client, name, stop);
        if (created && online) {
            const Result<wire::ErrorTag> said = co_await use(env, client, key, name, stop);
            const bool same = leader == client.metadata().leader(key);
            if (said.has_value() && *said == wire::ErrorTag::smartmodule_not_found && same &&
                run->ends() == ends_before) {
                run->oracle.report(
                    Invariant::a15_metadata,
                    fmt::format("SmartModule {} was created, and spu {} does not know it", name,
                                leader->value()));
            }
        }
        run->modules_created += created ? 1U : 0U;
        if (count > kModulesMax) {
            co_await remove(client, fmt::format("module-{}", count - 1 - kModulesMax), stop);
        }
    }
}

}  // namespace weir::sim
