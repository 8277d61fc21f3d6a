// Scrubbing of all replicas at a limited rate.

#include "core/spu/replica_manager.h"

#include <algorithm>

namespace weir::spu {

namespace {

// Of one read; the replicas take turns.
constexpr std::uint64_t kScrubStepBytes = 256U << 10;
// A step costs so much of the rate however little there is to read: it opens a file.
constexpr std::uint64_t kScrubStepCostBytes = 64U << 10;
// When nothing is due.
constexpr Duration kScrubRest = Duration::from_s(1);

Duration time_for(std::uint64_t bytes, std::uint64_t bytes_per_second) {
    const std::uint64_t cost = std::max(bytes, kScrubStepCostBytes);
    return Duration::from_us(static_cast<std::int64_t>(cost * 1'000'000 / bytes_per_second));
}

}  // namespace

// One step of each replica after another, for ever.
Task<void> ReplicaManager::run_scrub(CancelToken token) {
    const std::uint64_t rate = context_.config.scrub_bytes_per_second;
    Result<void> slept;
    while (rate != 0 && slept.has_value()) {
        bool was_due = false;
        // By key: the map may change at each wait.
        std::optional<ReplicaKey> at;
        while (slept.has_value()) {
            const auto next = at.has_value() ? replicas_.upper_bound(*at) : replicas_.begin();
            if (next == replicas_.end()) {
                break;
            }
            at = next->first;
            const std::shared_ptr<Replica> replica = next->second;
            const std::uint64_t bytes = co_await replica->scrub(kScrubStepBytes);
            if (bytes != 0) {
                was_due = true;
                slept = co_await sleep_for(context_.env.clock, context_.env.executor,
                                           time_for(bytes, rate), token);
            }
        }
        if (!was_due) {
            slept =
                co_await sleep_for(context_.env.clock, context_.env.executor, kScrubRest, token);
        }
    }
}

}  // namespace weir::spu
