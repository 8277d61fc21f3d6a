// A scenario: what a simulated cluster looks like, what its clients do, and what goes wrong.
//
// Parsed from TOML (docs/internals/simulator.md documents every key). A value or a [low, high] pair
// may be given where a Range stands; a pair is drawn anew for each seed. Unknown keys and wrong
// types are errors that name line and column.
#pragma once

#include "core/base/result.h"
#include "core/log/config.h"
#include "core/model/partition_record.h"
#include "runtime/sim/disk/sim_disk.h"
#include "runtime/sim/faults/fault_plan.h"
#include "runtime/sim/net/fabric.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::sim {

struct TopicPlan {
    std::string name;
    std::uint32_t partition_count = 1;
    std::uint32_t replication_factor = 1;
    std::optional<std::uint64_t> partition_size_bytes_max;
    std::optional<Duration> retention_time;
    // Instead of storage.segment.
    std::optional<std::uint32_t> segment_bytes;
    bool has_retention() const {
        return partition_size_bytes_max.has_value() || retention_time.has_value();
    }
};

struct WorkloadPlan {
    // Of each topic.
    std::uint64_t producer_count = 1;
    Range<std::uint64_t> records_per_second{10, 10};  // of each producer
    Range<std::uint64_t> record_size_bytes{16, 400};
    // A producer sends so many at once now and then.
    Range<std::uint64_t> burst{1, 1};
    std::uint64_t committed_consumer_count = 1;
    std::uint64_t uncommitted_consumer_count = 1;
    // A consumer starts a new session after so long.
    Range<Duration> session{Duration::from_s(3), Duration::from_s(10)};
    Duration poll_interval = Duration::from_ms(500);
    // Creating, filling, deleting and recreating topics beside the others; none: no churn.
    std::optional<Duration> admin_interval;
    // Of each partition of those topics.
    std::uint32_t churn_replicas = 1;
    // An operator changes what the topics keep this often; none: never.
    std::optional<Duration> update_interval;
    // SmartModules are created and used this often; none: never.
    std::optional<Duration> smartmodule_interval;
    // An operator deletes records of the topics this often; none: never.
    std::optional<Duration> deletion_interval;
    bool compression = false;
    // Consumers of each topic that store their offsets and go on there.
    std::uint64_t offset_consumer_count = 0;
    // Of each topic, those that read with Fetch.
    std::uint64_t fetch_consumer_count = 0;
    // Producers are content with the leader's word: nothing is promised when there are replicas.
    bool leader_acks = false;
    // How often the status of the SPUs is looked at; none: never.
    std::optional<Duration> status_interval;
    // An operator moves leaders and replicas and drains SPUs, so often; none: never.
    std::optional<Duration> moves_interval;
    // So long after a wipe an operator admits the SPU with its empty disk; none: never.
    std::optional<Duration> admission_delay;
};

// One direction of a link.
struct LinkPlan {
    Range<Duration> latency{Duration::from_us(200), Duration::from_us(200)};
    Range<Duration> jitter{Duration::from_us(50), Duration::from_us(50)};
    // One message in a hundred is late by up to this on average. Zero: none.
    Duration tail;
    std::uint64_t ns_per_kib = 8'000;
    Range<std::uint64_t> buffer_bytes{128U << 10, 128U << 10};
    std::uint64_t lost_per_mille = 0;
};

struct DiskPlan {
    std::uint64_t capacity_bytes = 1ULL << 30;
    Range<Duration> sync_time{Duration::from_us(250), Duration::from_us(250)};
    Range<Duration> access_time{Duration::from_us(3), Duration::from_us(3)};
    std::uint64_t ns_per_kib = 400;
};

// Of the links between two machines, or all of a role. A name is a role or a machine ("spu-2").
struct NamedLink {
    std::string ends[2];
    LinkPlan link;
};

struct NamedDisk {
    std::string machine;
    DiskPlan disk;
};

// Random by default; fifo makes logs easier to read.
struct ChooserPlan {
    Chooser chooser = Chooser::random;
    // Each seed draws one.
    bool any = false;
    // With priorities: how many "unlucky" steps a bug may need, as PCT has it; 0: the changes grow
    // in number with the run.
    Range<std::uint64_t> depth;
};

// Whether the faults end with the load. If not, the run ends in the midst of them, with a power
// loss of everything, and only safety is checked: nothing had to come back.
enum class HealMode : std::uint8_t {
    always,
    never,
    any,  // each seed draws
};

struct Scenario {
    std::string name;
    std::string summary;
    // What it was parsed from.
    std::string text;

    // Faults and load last so long; then all heals, and everything must have ended after `settle`.
    Duration duration = Duration::from_s(20);
    Duration settle = Duration::from_s(120);
    HealMode heal = HealMode::always;
    // After everything was read, for the replicas to be as they should.
    Duration convergence = Duration::from_s(30);
    // What an SC or SPU may hold (sched/heap_account.h).
    std::uint64_t memory_bytes_max = 16U << 20;
    std::uint64_t events_max = 20'000'000;
    ChooserPlan chooser;

    std::uint32_t spu_count = 1;
    // SPUs are in them in turn; 0: they have none.
    std::uint32_t rack_count = 0;
    std::uint32_t client_count = 1;

    LinkPlan network;
    // The last one that fits counts.
    std::vector<NamedLink> links;
    DiskPlan disk;
    std::vector<NamedDisk> disks;

    Durability durability = Durability::fsync;
    Range<std::uint64_t> segment_bytes{16U << 10, 16U << 10};
    Range<std::uint64_t> index_interval_bytes{1'024, 1'024};
    Range<std::uint64_t> preallocate_bytes{0, 16U << 10};
    Range<std::uint64_t> checkpoint_interval_bytes{4U << 10, 4U << 10};
    Range<std::uint64_t> tail_cache_bytes{8U << 10, 8U << 10};

    // Replicas that must be live to commit; 0: what the cluster takes by itself.
    std::uint32_t min_live = 0;
    UncleanPolicy unclean_policy = UncleanPolicy::balanced;
    bool strict_reads = false;
    // Bytes of batches in one message to a follower.
    Range<std::uint64_t> chunk_bytes{64U << 10, 64U << 10};

    // Whether the fault points in the code fire.
    bool points = true;

    std::vector<TopicPlan> topics;
    WorkloadPlan workload;
    std::vector<FaultSpec> faults;
    // Single faults, the same for every seed.
    std::vector<Fault> plan;
    // Per seed: half of the kinds of faults do not happen; sizes are as small as can be: all of
    // them for one seed in four, else each with one half.
    bool swarm_families = false;
    bool swarm_tiny = false;
    // Not of the file: they are so for every seed (`weir-sim sweep --tiny`).
    bool always_tiny = false;

    // Of the slowest disk.
    Duration sync_time_max() const;
    bool has_fault(FaultKind kind) const {
        const auto is_kind = [kind](const auto& fault) { return fault.kind == kind; };
        return std::any_of(faults.begin(), faults.end(), is_kind) ||
               std::any_of(plan.begin(), plan.end(), is_kind);
    }
};

// `source` names the text in errors.
Result<Scenario> parse_scenario(std::string_view text, std::string_view source);

// The scenarios that are built in, by name: file name without folder and suffix.
struct BuiltinScenario {
    std::string_view name;
    // A run takes seconds: only in a sweep that names it.
    bool slow = false;
    std::string_view text;
};
const std::vector<BuiltinScenario>& builtin_scenarios();
Result<Scenario> load_builtin(std::string_view name);

}  // namespace weir::sim
