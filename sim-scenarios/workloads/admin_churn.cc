#include "sim-scenarios/workloads/admin_churn.h"

#include "core/client/admin.h"
#include "sim-scenarios/workloads/final_read.h"
#include "sim-scenarios/workloads/producers.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <utility>

namespace weir::sim {

namespace {

constexpr std::size_t kLiveMax = 3;

enum class Answer : std::uint8_t { yes, no, unknown };

Task<Answer> create(client::Admin& admin, std::string name, ComputedReplicas replicas,
                    CancelToken stop) {
    TopicSpec spec;
    spec.replicas = replicas;
    const Result<wire::Status> status =
        co_await admin.create_topic(std::move(name), std::move(spec), stop);
    if (!status.has_value()) {
        co_return status.error().code == ErrorCode::unavailable ? Answer::no : Answer::unknown;
    }
    if (status->error.tag == wire::ErrorTag::none) {
        co_return Answer::yes;
    }
    // "Exists" is a definite no for this request; other refusals may come after the fact (a wait
    // that timed out, say).
    co_return status->error.tag == wire::ErrorTag::topic_already_exists ? Answer::no
                                                                        : Answer::unknown;
}

Task<Answer> remove(client::Admin& admin, std::string name, CancelToken stop) {
    const Result<wire::Status> status = co_await admin.delete_topic(std::move(name), stop);
    if (!status.has_value()) {
        co_return Answer::unknown;
    }
    co_return status->error.tag == wire::ErrorTag::none ? Answer::yes : Answer::unknown;
}

struct Churn {
    Env& env;
    client::Client& client;
    RunState* run;
    Prng prng;
    std::uint32_t next_name = 0;
    std::uint32_t next_worker = kFirstChurnWorker + 1;
    // Names that are free to be used again: their deletion was confirmed.
    std::vector<std::string> free_names{};
    // Not where a restored SC may bring back the former life of a name: clients go by the name.
    bool reuses_names = true;
};

Task<void> create_one(Churn* churn, CancelToken stop) {
    RunState* run = churn->run;
    std::string name;
    if (churn->reuses_names && !churn->free_names.empty() && churn->prng.chance(1, 2)) {
        name = churn->free_names.back();
        churn->free_names.pop_back();
    } else {
        name = fmt::format("churn-{}", churn->next_name++);
    }
    ComputedReplicas replicas;
    replicas.partition_count = static_cast<std::uint32_t>(1 + churn->prng.below(2));
    replicas.replication_factor = run->scenario.workload.churn_replicas;
    client::Admin admin(churn->client);
    std::erase_if(run->deleted_topics,
                  [&name](const RunState::DeletedTopic& one) { return one.name == name; });
    RunState::ChurnTopic made;
    made.created.asked_ns = run->oracle.now_ns();
    const Answer created = co_await create(admin, name, replicas, stop);
    if (created != Answer::yes) {
        // A name of which nothing is known is not used again.
        co_return;
    }
    ++run->topics_created;
    const TopicIndex topic = run->oracle.add_topic(name, replicas.partition_count);
    if (replicas.replication_factor > 1) {
        run->oracle.is_replicated(topic, run->scenario.strict_reads);
    }
    made.topic = topic;
    made.created.told_ns = run->oracle.now_ns();
    run->churn_topics.push_back(made);
    ProducerPlan plan;
    plan.worker = churn->next_worker++;
    plan.topic = topic;
    plan.record_count = 1 + churn->prng.below(20);
    co_await run_producer(churn->env, churn->client, run, plan, stop);
}

Task<void> delete_one(Churn* churn, CancelToken stop) {
    RunState* run = churn->run;
    const std::size_t which = static_cast<std::size_t>(churn->prng.below(run->churn_topics.size()));
    const TopicIndex topic = run->churn_topics[which].topic;
    const std::string name = run->oracle.topic_name(topic);
    run->churn_topics.erase(run->churn_topics.begin() + static_cast<std::ptrdiff_t>(which));
    run->oracle.topic_deleted(topic);
    client::Admin admin(churn->client);
    RunState::DeletedTopic gone;
    gone.name = name;
    gone.deleted.asked_ns = run->oracle.now_ns();
    const Answer removed = co_await remove(admin, name, stop);
    if (removed == Answer::yes) {
        ++run->topics_deleted;
        churn->free_names.push_back(name);
        gone.deleted.told_ns = run->oracle.now_ns();
        run->deleted_topics.push_back(std::move(gone));
    }
}

}  // namespace

Task<void> run_admin_churn(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    Churn churn{env, client, run, env.random.stream("churn")};
    churn.reuses_names = !run->scenario.has_fault(FaultKind::store_restored);
    const std::int64_t interval_ns = run->scenario.workload.admin_interval->ns();
    while (run->load && !stop.cancelled()) {
        const std::size_t live = run->churn_topics.size();
        const bool grow = live == 0 || (live < kLiveMax && churn.prng.chance(1, 2));
        if (!run->next_operation(kFirstChurnWorker)) {
            // Left out of this case.
        } else if (grow) {
            co_await create_one(&churn, stop);
        } else {
            co_await delete_one(&churn, stop);
        }
        co_await pause(env, Duration::from_ns(churn.prng.exponential(interval_ns)), stop);
    }
}

Task<bool> verify_churn(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    client::Admin admin(client);
    std::set<std::string> names;
    while (true) {
        if (stop.cancelled()) {
            co_return false;
        }
        run->waiting_for = "the list of topics";
        const Result<std::vector<TopicObject>> topics =
            co_await admin.topics({}, client::Listing::user_objects, stop);
        if (topics.has_value()) {
            for (const TopicObject& topic : *topics) {
                names.insert(topic.name);
            }
            break;
        }
        co_await pause(env, Duration::from_ms(100), stop);
    }
    for (const RunState::DeletedTopic& one : run->deleted_topics) {
        if (names.contains(one.name) && !run->may_be_back(one.deleted)) {
            run->oracle.report(Invariant::a15_metadata,
                               fmt::format("topic {} was deleted and is listed", one.name));
        }
    }
    for (const TopicIndex topic : run->topics) {
        if (!names.contains(run->oracle.topic_name(topic))) {
            run->oracle.report(Invariant::a15_metadata,
                               fmt::format("topic {} was created and is not listed",
                                           run->oracle.topic_name(topic)));
            co_return false;
        }
    }
    const std::vector<RunState::ChurnTopic> expected = run->churn_topics;
    for (const auto& [topic, created] : expected) {
        const std::string& name = run->oracle.topic_name(topic);
        if (!names.contains(name) && run->may_be_undone(created)) {
            run->unlisted_topics.push_back(topic);
            continue;
        }
        if (!names.contains(name)) {
            run->oracle.report(Invariant::a15_metadata,
                               fmt::format("topic {} was created and is not listed", name));
            co_return false;
        }
        const bool read = co_await verify_topic(env, client, run, topic, stop);
        if (!read) {
            co_return false;
        }
    }
    co_return true;
}

}  // namespace weir::sim
