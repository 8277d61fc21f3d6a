#include "sim-scenarios/workloads/operator.h"

#include "core/client/admin.h"
#include "core/client/client.h"
#include "sim-scenarios/workloads/pollers.h"
#include "sim-scenarios/workloads/set_up.h"
#include "sim-scenarios/workloads/worker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace weir::sim {

Task<void> run_operator(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    Prng prng = env.random.stream("operator");
    // What only an SPU that is away has is lost to one who does not wait for it: not where others
    // have another end of the same log.
    const bool may_force =
        run->scenario.workload.churn_replicas == 1 &&
        std::all_of(run->scenario.topics.begin(), run->scenario.topics.end(),
                    [](const TopicPlan& plan) { return plan.replication_factor == 1; });
    client::Admin admin(client);
    while (!stop.cancelled()) {
        co_await pause(env, Duration::from_ms(prng.between(100, 1'000)), stop);
        // An SPU that comes later raises new doubts: there is nothing to remember.
        if (run->restores.empty()) {
            continue;
        }
        wire::Operate request;
        request.verb = wire::OperatorVerb::adopt;
        request.force = may_force && prng.chance(1, 4);
        static_cast<void>(co_await admin.operate(std::move(request), stop));
    }
}

namespace {

std::vector<SpuId> some_spus(Prng& prng, std::uint32_t spu_count, std::size_t count) {
    std::vector<SpuId> spus;
    for (std::uint32_t i = 0; i < spu_count; ++i) {
        spus.emplace_back(kFirstSpuId + static_cast<std::int32_t>(i));
    }
    for (std::size_t i = spus.size(); i > 1; --i) {
        std::swap(spus[i - 1], spus[static_cast<std::size_t>(prng.below(i))]);
    }
    spus.resize(std::min(count, spus.size()));
    return spus;
}

// A partition, and how many replicas it has or is to have. The one of the consumer offsets, too,
// where they are looked at: it is created with one replica, and may get more.
struct Movable {
    ReplicaKey key;
    std::size_t replica_count = 1;
};

Movable some_movable(Prng& prng, const RunState& run) {
    if (run.scenario.workload.offset_consumer_count > 0 && prng.chance(1, 3)) {
        return Movable{ReplicaKey{kConsumerOffsetTopic, 0}, 2};
    }
    const std::size_t which = static_cast<std::size_t>(prng.below(run.topics.size()));
    const TopicPlan& plan = run.scenario.topics[which];
    const auto partition = static_cast<std::uint32_t>(prng.below(plan.partition_count));
    return Movable{ReplicaKey{plan.name, partition}, plan.replication_factor};
}

// What an operator may ask for next. At most one SPU is drained at a time.
wire::Operate next_move(Prng& prng, const RunState& run, std::optional<SpuId>& drained) {
    wire::Operate request;
    const Movable movable = some_movable(prng, run);
    request.key = movable.key;
    const std::uint64_t dice = prng.below(20);
    if (dice < 12) {
        request.verb = wire::OperatorVerb::elect_preferred;
    } else if (dice < 16) {
        // Also in another order: so the preferred leader changes.
        request.verb = wire::OperatorVerb::reassign;
        request.spus = some_spus(prng, run.scenario.spu_count, movable.replica_count);
    } else if (dice < 17) {
        request.verb = wire::OperatorVerb::cancel_reassignment;
    } else if (drained.has_value()) {
        request.verb = wire::OperatorVerb::undrain;
        request.spus = {*drained};
        drained.reset();
    } else {
        request.verb = wire::OperatorVerb::drain;
        request.spus = some_spus(prng, run.scenario.spu_count, 1);
        drained = request.spus.front();
    }
    return request;
}

// Until the SC says that it is so.
Task<void> undrain_all(Env& env, client::Admin& admin, std::uint32_t spu_count, CancelToken stop) {
    for (std::uint32_t i = 0; i < spu_count && !stop.cancelled();) {
        wire::Operate request;
        request.verb = wire::OperatorVerb::undrain;
        request.spus.emplace_back(kFirstSpuId + static_cast<std::int32_t>(i));
        const Result<wire::Operated> done = co_await admin.operate(std::move(request), stop);
        if (done.has_value() && done->accepted) {
            ++i;
        } else {
            co_await pause(env, Duration::from_ms(100), stop);
        }
    }
}

}  // namespace

Task<void> run_moves(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    Prng prng = env.random.stream("moves");
    const std::int64_t interval_ns = run->scenario.workload.moves_interval->ns();
    client::Admin admin(client);
    std::optional<SpuId> drained;
    while (run->load && !stop.cancelled()) {
        co_await pause(env, Duration::from_ns(prng.exponential(interval_ns)), stop);
        wire::Operate request = next_move(prng, *run, drained);
        static_cast<void>(co_await admin.operate(std::move(request), stop));
    }
    co_await undrain_all(env, admin, run->scenario.spu_count, stop);
}

namespace {

// Until the SC says that it is so. An answer that was lost is asked for again: the second time the
// SPU is not there any more.
Task<void> unregister_spu(Env& env, client::Admin& admin, SpuId spu, CancelToken stop) {
    bool is_gone = false;
    while (!is_gone && !stop.cancelled()) {
        wire::DeleteTarget target;
        target.kind = ObjectKind::custom_spu;
        target.key = spu;
        wire::DeleteRequest request;
        request.target = std::move(target);
        const Result<wire::Status> status = co_await admin.remove(std::move(request), stop);
        is_gone = status.has_value() && (status->error.tag == wire::ErrorTag::none ||
                                         status->error.tag == wire::ErrorTag::spu_not_found);
        if (!is_gone) {
            co_await pause(env, Duration::from_ms(100), stop);
        }
    }
}

Task<void> register_spu(Env& env, client::Admin& admin, NamedSpu spu, CancelToken stop) {
    bool is_there = false;
    while (!is_there && !stop.cancelled()) {
        const Result<wire::Status> status = co_await admin.register_spu(spu.name, spu.spec, stop);
        is_there = status.has_value() && (status->error.tag == wire::ErrorTag::none ||
                                          status->error.tag == wire::ErrorTag::spu_already_exists);
        if (!is_there) {
            co_await pause(env, Duration::from_ms(100), stop);
        }
    }
}

}  // namespace

Task<void> run_admissions(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    Prng prng = env.random.stream("admissions");
    const Duration delay = *run->scenario.workload.admission_delay;
    client::Admin admin(client);
    std::size_t done = 0;
    while (!stop.cancelled()) {
        if (done == run->wiped.size()) {
            co_await pause(env, Duration::from_ms(100), stop);
            continue;
        }
        const SpuId spu = run->wiped[done++];
        co_await pause(env, about(prng, delay), stop);
        co_await unregister_spu(env, admin, spu, stop);
        const auto index = static_cast<std::uint32_t>(spu.value() - kFirstSpuId);
        NamedSpu named = spu_of_scenario(run->scenario, index);
        co_await register_spu(env, admin, std::move(named), stop);
    }
}

Task<void> run_allowance(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    client::Admin admin(client);
    std::size_t done = 0;
    while (done < run->scenario.topics.size() && !stop.cancelled()) {
        co_await pause(env, Duration::from_ms(100), stop);
        if (run->load) {
            continue;
        }
        wire::AlterTopic request;
        request.name = run->scenario.topics[done].name;
        request.settings.unclean_policy = UncleanPolicy::balanced;
        const Result<wire::Status> altered = co_await admin.alter_topic(std::move(request), stop);
        done += altered.has_value() && altered->error.ok() ? 1U : 0U;
    }
}

Task<void> run_deletions(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    Prng prng = env.random.stream("deletions");
    client::Admin admin(client);
    std::map<std::pair<TopicIndex, std::uint32_t>, std::int64_t> before;
    while (run->load && !stop.cancelled()) {
        const PartitionRef ref = some_partition(prng, *run);
        const std::optional<wire::PartitionOffsets> offsets =
            co_await poll_partition(env, client, run, ref, stop);
        if (offsets.has_value()) {
            std::int64_t& earlier = before[{ref.topic, ref.partition}];
            wire::Operate request;
            request.verb = wire::OperatorVerb::delete_records;
            request.key = ReplicaKey{run->oracle.topic_name(ref.topic), ref.partition};
            request.offset = Offset(prng.chance(1, 3) ? offsets->last_stable_offset : earlier);
            earlier = offsets->last_stable_offset;
            const std::int64_t offset = request.offset.value();
            const Result<wire::Operated> answer = co_await admin.operate(std::move(request), stop);
            if (answer.has_value() && answer->accepted) {
                run->oracle.deletion_confirmed(ref, offset);
            }
        }
        co_await pause(env, about(prng, *run->scenario.workload.deletion_interval), stop);
    }
}

}  // namespace weir::sim
