#include "sim-scenarios/workloads/operator.h"

#include "core/client/admin.h"
#include "sim-scenarios/workloads/worker.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

Task<void> run_operator(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    Prng prng = env.random.stream("operator");
    // What only an SPU that is away has is lost to one who does not wait for it: not where others
    // have another end of the same log.
    const bool may_force =
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

}  // namespace weir::sim
