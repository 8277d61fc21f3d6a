#include "sim-scenarios/workloads/clients.h"

#include "core/task/task_scope.h"
#include "sim-scenarios/workloads/admin_churn.h"
#include "sim-scenarios/workloads/consumers.h"
#include "sim-scenarios/workloads/fetch_consumers.h"
#include "sim-scenarios/workloads/final_read.h"
#include "sim-scenarios/workloads/offset_consumers.h"
#include "sim-scenarios/workloads/operator.h"
#include "sim-scenarios/workloads/pollers.h"
#include "sim-scenarios/workloads/producers.h"
#include "sim-scenarios/workloads/set_up.h"
#include "sim-scenarios/workloads/smartmodules.h"
#include "sim-scenarios/workloads/statistics.h"
#include "sim-scenarios/workloads/topic_updates.h"
#include "sim-scenarios/workloads/views.h"
#include "sim-scenarios/workloads/worker.h"

#include <algorithm>
#include <memory>

namespace weir::sim {

using client::Client;

namespace {

Task<void> verify_everything(Env& env, Client& client, RunState* run, CancelToken stop) {
    const bool there = co_await verify_churn(env, client, run, stop);
    if (!there) {
        co_return;
    }
    const bool updated = co_await verify_updates(env, client, run, stop);
    if (!updated) {
        co_return;
    }
    for (const TopicIndex topic : run->topics) {
        const bool done = co_await verify_topic(env, client, run, topic, stop);
        if (!done) {
            co_return;
        }
    }
    const bool stored = co_await verify_stored_offsets(env, client, run, stop);
    if (!stored) {
        co_return;
    }
    const bool seen = co_await verify_view(env, client, run, stop);
    if (!seen) {
        co_return;
    }
    const bool is_true = co_await verify_statistics(env, client, run, stop);
    run->verified = is_true;
}

void spawn_workers(Env& env, Client& client, RunState* run, std::uint32_t index, TaskScope& scope) {
    const WorkloadPlan& plan = run->scenario.workload;
    const std::uint32_t clients = run->scenario.client_count;
    std::uint32_t worker = 0;
    const auto mine = [&worker, clients, index] { return ++worker % clients == index; };
    for (const TopicIndex topic : run->topics) {
        for (std::uint64_t i = 0; i < plan.producer_count; ++i) {
            if (mine()) {
                ProducerPlan producer;
                producer.worker = worker;
                producer.topic = topic;
                scope.spawn(run_producer(env, client, run, producer, scope.token()));
            }
        }
        for (std::uint64_t i = 0; i < plan.committed_consumer_count; ++i) {
            if (mine()) {
                const SessionPlan session{worker, topic, true};
                scope.spawn(run_consumer(env, client, run, session, scope.token()));
            }
        }
        for (std::uint64_t i = 0; i < plan.uncommitted_consumer_count; ++i) {
            if (mine()) {
                const SessionPlan session{worker, topic, false};
                scope.spawn(run_consumer(env, client, run, session, scope.token()));
            }
        }
    }
    for (const TopicIndex topic : run->topics) {
        for (std::uint64_t i = 0; i < plan.offset_consumer_count; ++i) {
            if (mine()) {
                scope.spawn(run_offset_consumer(env, client, run, worker, topic, scope.token()));
            }
        }
    }
    for (const TopicIndex topic : run->topics) {
        for (std::uint64_t i = 0; i < plan.fetch_consumer_count; ++i) {
            if (mine()) {
                scope.spawn(run_fetch_consumer(env, client, run, worker, topic, scope.token()));
            }
        }
    }
    if (index == 0 && plan.status_interval.has_value()) {
        scope.spawn(run_status_watch(env, client, run, scope.token()));
    }
    scope.spawn(run_poller(env, client, run, scope.token()));
    if (index == 0 && plan.deletion_interval.has_value()) {
        scope.spawn(run_deletions(env, client, run, scope.token()));
    }
    if (index == 0 && plan.update_interval.has_value()) {
        scope.spawn(run_updates(env, client, run, scope.token()));
    }
    if (index == 0 && plan.smartmodule_interval.has_value()) {
        scope.spawn(run_smartmodules(env, client, run, scope.token()));
    }
    if (index == 0 && plan.admin_interval.has_value()) {
        scope.spawn(run_admin_churn(env, client, run, scope.token()));
    }
}

bool all_done(const RunState& run) {
    return std::find(run.clients_done.begin(), run.clients_done.end(), false) ==
           run.clients_done.end();
}

}  // namespace

Task<Result<void>> client_main(Env& env, RunState* run, std::uint32_t index, CancelToken stop) {
    const std::unique_ptr<Client> client = co_await connect_client(env, stop);
    if (client == nullptr) {
        co_return Result<void>();
    }
    if (index == 0) {
        const bool ready = co_await set_up(env, *client, run, stop);
        run->ready = ready;
    }
    while (!run->ready && !stop.cancelled()) {
        co_await pause(env, Duration::from_ms(10), stop);
    }
    TaskScope operators(env.executor, stop);
    if (index == 0 && run->scenario.has_fault(FaultKind::store_restored)) {
        operators.spawn(run_operator(env, *client, run, operators.token()));
    }
    if (index == 0 && run->scenario.workload.moves_interval.has_value()) {
        operators.spawn(run_moves(env, *client, run, operators.token()));
    }
    if (index == 0 && run->scenario.workload.admission_delay.has_value()) {
        operators.spawn(run_admissions(env, *client, run, operators.token()));
    }
    if (index == 0 && run->scenario.unclean_policy == UncleanPolicy::never) {
        operators.spawn(run_allowance(env, *client, run, operators.token()));
    }
    TaskScope workers(env.executor, stop);
    if (!stop.cancelled()) {
        spawn_workers(env, *client, run, index, workers);
    }
    co_await workers.join();
    run->clients_done[index] = true;
    if (index == 0) {
        while (!all_done(*run) && !stop.cancelled()) {
            run->waiting_for = "the producers and consumers to end";
            co_await pause(env, Duration::from_ms(50), stop);
        }
        if (!stop.cancelled()) {
            co_await verify_everything(env, *client, run, stop);
        }
    }
    Event stopped(env.executor);
    static_cast<void>(co_await stopped.wait(stop));
    co_await operators.close();
    co_await client->close();
    co_return Result<void>();
}

}  // namespace weir::sim
