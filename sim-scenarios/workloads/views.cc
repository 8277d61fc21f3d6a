#include "sim-scenarios/workloads/views.h"

#include "core/client/admin.h"
#include "sim-scenarios/workloads/worker.h"

#include <fmt/core.h>

#include <set>
#include <string>

namespace weir::sim {

namespace {

// The heartbeat's timeout of the SC, and time for the news.
constexpr Duration kOfflineLimit = Duration::from_s(13);
constexpr Duration kViewLimit = Duration::from_s(30);

}  // namespace

Task<void> run_status_watch(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    client::Admin admin(client);
    while (run->load && !stop.cancelled()) {
        co_await pause(env, *run->scenario.workload.status_interval, stop);
        // Before the question: an SPU that comes back meanwhile may well be online.
        std::set<SpuId> long_gone;
        for (std::uint32_t i = 0; i < run->scenario.spu_count; ++i) {
            const SpuId id(kFirstSpuId + static_cast<std::int32_t>(i));
            if (run->down_for(id) > kOfflineLimit) {
                long_gone.insert(id);
            }
        }
        const Result<std::vector<SpuObject>> spus = co_await admin.spus(stop);
        if (!spus.has_value()) {
            continue;
        }
        for (const SpuObject& spu : *spus) {
            const bool still_gone =
                long_gone.contains(spu.spec.id) && run->down_for(spu.spec.id) > kOfflineLimit;
            if (still_gone && spu.status.resolution == SpuResolution::online) {
                run->oracle.report(Invariant::a15_metadata,
                                   fmt::format("{} has been down for {} s and is listed as online",
                                               spu.name, run->down_for(spu.spec.id).s()));
            }
        }
    }
}

Task<bool> verify_view(Env& env, client::Client& client, RunState* run, CancelToken stop) {
    client::Admin admin(client);
    const Instant limit = env.clock.now() + kViewLimit;
    std::string difference;
    while (!stop.cancelled()) {
        run->waiting_for = "a client's view to be what is listed";
        const Result<std::vector<TopicObject>> topics =
            co_await admin.topics({}, client::Listing::user_objects, stop);
        std::set<std::string> listed;
        if (topics.has_value()) {
            for (const TopicObject& topic : *topics) {
                listed.insert(topic.name);
            }
            difference.clear();
            for (const auto& [name, topic] : client.metadata().topics()) {
                if (!topic.spec.system && listed.erase(name) == 0) {
                    difference = fmt::format("topic {} is not listed and still watched", name);
                }
            }
            if (!listed.empty()) {
                difference = fmt::format("topic {} is listed and not watched", *listed.begin());
            }
            if (difference.empty()) {
                co_return true;
            }
        }
        if (env.clock.now() > limit && !difference.empty()) {
            run->oracle.report(Invariant::a15_metadata,
                               fmt::format("for {} s: {}", kViewLimit.s(), difference));
            co_return false;
        }
        co_await pause(env, Duration::from_ms(100), stop);
    }
    co_return false;
}

}  // namespace weir::sim
