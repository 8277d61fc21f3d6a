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
          named_(Prng::derive(seed, "scenario.named")),
          depth_(Prng::derive(seed, "scenario.depth")),
          smallest_(scenario.always_tiny || (scenario.swarm_tiny && swarm_.chance(1, 4))) {}

    // The order of the draws is part of what a seed means.
    DrawnSizes draw_all() {
        DrawnSizes sizes;
        sizes.chooser = scenario_.chooser.any ? static_cast<Chooser>(draw_.below(kAnyChooserCount))
                                              : scenario_.chooser.chooser;
        sizes.heals = scenario_.heal == HealMode::always ||
                      (scenario_.heal == HealMode::any && heal_.chance(1, 2));
        sizes.link = link_of(scenario_.network, draw_);
        if (tiny()) {
            sizes.link.buffer_bytes = kBufferMin;
        }
        sizes.server.disk = disk_of(scenario_.disk, draw_);
        draw_log(sizes.log);
        sizes.chunk_bytes = static_cast<std::size_t>(
            std::max<std::uint64_t>(draw(scenario_.chunk_bytes, draw_), 1));
        if (tiny()) {
            sizes.chunk_bytes = 1;
        }
        draw_named(sizes);
        return sizes;
    }

private:
    static LinkOptions link_of(const LinkPlan& plan, Prng& prng) {
        LinkOptions link;
        link.latency_ns = draw(plan.latency, prng).ns();
        link.jitter_ns = draw(plan.jitter, prng).ns();
        link.ns_per_kib = static_cast<std::int64_t>(plan.ns_per_kib);
        link.buffer_bytes =
            static_cast<std::size_t>(std::max(draw(plan.buffer_bytes, prng), kBufferMin));
        link.tail_ns = plan.tail.ns();
        link.lost_per_mille = plan.lost_per_mille;
        return link;
    }

    static DiskOptions disk_of(const DiskPlan& plan, Prng& prng) {
        DiskOptions disk;
        disk.capacity_bytes = plan.capacity_bytes;
        disk.sync_ns = draw(plan.sync_time, prng).ns();
        disk.access_ns = draw(plan.access_time, prng).ns();
        disk.ns_per_kib = static_cast<std::int64_t>(plan.ns_per_kib);
        return disk;
    }

    // From streams of their own, so that one more moves nothing else.
    void draw_named(DrawnSizes& sizes) {
        for (const NamedLink& named : scenario_.links) {
            sizes.links.push_back(link_of(named.link, named_));
        }
        for (const NamedDisk& named : scenario_.disks) {
            sizes.disks.push_back(disk_of(named.disk, named_));
        }
        const std::uint64_t depth = draw(scenario_.chooser.depth, depth_);
        if (depth > 0) {
            sizes.priority_changes = depth - 1;
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
    bool tiny() { return smallest_ || (scenario_.swarm_tiny && swarm_.chance(1, 2)); }

    const Scenario& scenario_;
    Prng draw_;
    Prng swarm_;
    Prng heal_;
    Prng named_;
    Prng depth_;
    // All sizes are as small as can be.
    bool smallest_;
};

}  // namespace

DrawnSizes draw_sizes(const Scenario& scenario, std::uint64_t seed) {
    return Sizes(scenario, seed).draw_all();
}

}  // namespace weir::sim
