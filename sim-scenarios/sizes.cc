#include "sim-scenarios/sizes.h"

#include <algorithm>

namespace weir::sim {

namespace {

constexpr std::uint64_t kQueueSize = 64U << 10U;
constexpr std::uint64_t kBufferMin = 256;
constexpr std::uint64_t kSegmentMin = 256;
constexpr std::uint64_t kIndexIntervalMin = 64;

class Sizes {
public:
    Sizes(const Scenario& scenario, std::uint64_t seed)
        : scenario_(scenario),
          draw_(Prng::derive(seed, "scenario.draw")),
          swarm_(Prng::derive(seed, "scenario.swarm")),
          heal_(Prng::derive(seed, "scenario.heal")),
          smallest_(scenario.swarm_tiny && swarm_.chance(1, 4)) {}

    // The order of the draws is part of what a seed means.
    DrawnSizes draw_all() {
        DrawnSizes sizes;
        sizes.chooser = scenario_.chooser.any ? static_cast<Chooser>(draw_.below(kAnyChooserCount))
                                              : scenario_.chooser.chooser;
        sizes.heals = scenario_.heal == HealMode::always ||
                      (scenario_.heal == HealMode::any && heal_.chance(1, 2));
        draw_link(sizes.link);
        sizes.server.disk.capacity_bytes = scenario_.capacity_bytes;
        sizes.server.disk.sync_ns = draw(scenario_.sync_time, draw_).ns();
        sizes.server.disk.access_ns = draw(scenario_.access_time, draw_).ns();
        draw_log(sizes.log);
        sizes.chunk_bytes = static_cast<std::size_t>(
            std::max<std::uint64_t>(draw(scenario_.chunk_bytes, draw_), 1));
        if (tiny()) {
            sizes.chunk_bytes = 1;
        }
        return sizes;
    }

private:
    void draw_link(LinkOptions& link) {
        link.latency_ns = draw(scenario_.latency, draw_).ns();
        link.jitter_ns = draw(scenario_.jitter, draw_).ns();
        link.ns_per_kib = static_cast<std::int64_t>(scenario_.ns_per_kib);
        link.buffer_bytes =
            static_cast<std::size_t>(std::max(draw(scenario_.buffer_bytes, draw_), kBufferMin));
        link.tail_ns = scenario_.tail.ns();
        if (tiny()) {
            link.buffer_bytes = kBufferMin;
        }
    }

    void draw_log(log::LogConfig& log) {
        log.durability = scenario_.durability;
        log.segment_size_bytes_max = std::max(draw(scenario_.segment_bytes, draw_), kSegmentMin);
        log.index_interval_bytes =
            std::max(draw(scenario_.index_interval_bytes, draw_), kIndexIntervalMin);
        log.preallocate_bytes_max = draw(scenario_.preallocate_bytes, draw_);
        log.checkpoint_interval_bytes = draw(scenario_.checkpoint_interval_bytes, draw_);
        log.tail_cache_bytes_max =
            static_cast<std::size_t>(draw(scenario_.tail_cache_bytes, draw_));
        if (tiny()) {
            log.segment_size_bytes_max = 512;
        }
        if (tiny()) {
            log.index_interval_bytes = kIndexIntervalMin;
            log.checkpoint_interval_bytes = 64;
        }
        if (tiny()) {
            log.preallocate_bytes_max = 0;
            log.tail_cache_bytes_max = 0;
        }
        // An overload is refused instead of being worked off for longer than a run takes.
        log.queue_size_bytes_max =
            std::max(kQueueSize, 4 * scenario_.workload.record_size_bytes.high);
        log.disk_full_retry_interval = Duration::from_ms(200);
        log.idle_after = Duration::from_s(2);
    }

    // One more size of a swarm: whether it is as small as can be.
    bool tiny() { return scenario_.swarm_tiny && (smallest_ || swarm_.chance(1, 2)); }

    const Scenario& scenario_;
    Prng draw_;
    Prng swarm_;
    Prng heal_;
    // All sizes are as small as can be.
    bool smallest_;
};

}  // namespace

DrawnSizes draw_sizes(const Scenario& scenario, std::uint64_t seed) {
    return Sizes(scenario, seed).draw_all();
}

}  // namespace weir::sim
