// The simulator: raw events beside a bare heap, and a light scenario with all oracles on.
#include "bench/counting_new.h"
#include "bench/net/report.h"
#include "bench/sim/raw_worlds.h"
#include "sim-scenarios/runner.h"

#include <fmt/core.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace weir::bench {
namespace {

// One SC, three SPUs, ten records a second, faults on.
constexpr std::string_view kLightScenario = R"toml(
name = "light"
[run]
duration = "60s"
[topology]
spus = 3
clients = 1
[storage]
segment = "64KiB"
[[topics]]
name = "light"
partitions = 3
[workload]
producers = 1
records_per_second = 10
record_size = [64, 256]
committed_consumers = 1
uncommitted_consumers = 0
[[faults]]
kind = "crash"
target = "spu"
count = 1
lasts = "1s"
[[faults]]
kind = "reset"
target = "spu"
peer = "client"
count = 2
)toml";

// The limit: push and pop of (time, sequence) in a heap, with as many entries pending.
double bare_heap_rate(std::uint64_t count) {
    using Entry = std::pair<std::uint64_t, std::uint64_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap;
    Prng prng(1);
    std::uint64_t sequence = 0;
    for (; sequence < kSleepers; ++sequence) {
        heap.emplace(prng.below(1'000'000), sequence);
    }
    std::uint64_t sum = 0;
    const double elapsed = cpu_seconds_of([&] {
        for (std::uint64_t i = 0; i < count; ++i) {
            const Entry top = heap.top();
            heap.pop();
            sum += top.second;
            heap.emplace(top.first + 1 + prng.below(1'000'000), ++sequence);
        }
    });
    if (sum == 0) {
        fmt::print("\n");  // keeps the loop
    }
    return static_cast<double>(count) / elapsed;
}

void add_raw_rows(Report& report, std::uint64_t event_count) {
    const RawRun sleeping = run_sleepers(event_count);
    const RawRun echoing = run_echoes(event_count);
    Row row;
    row.name = "simulator, raw events (1,000 sleeping coroutines)";
    row.value = sleeping.events_per_s;
    row.unit = "events/s";
    row.limit_name = "push and pop of a bare heap";
    row.limit = bare_heap_rate(event_count);
    report.add(std::move(row));
    row = Row();
    row.name = "simulator, events of 100 echoing connections";
    row.value = echoing.events_per_s;
    row.unit = "events/s";
    report.add(std::move(row));
    row = Row();
    row.name = "simulator, allocations per raw event";
    row.value = std::max(sleeping.allocations_per_event, echoing.allocations_per_event);
    row.unit = "";
    // None, but for the list of checkpoints, which grows.
    row.goal_max = 0.001;
    report.add(std::move(row));
}

// Marks two moments of the load phase.
class SteadyState final : public sim::RunWatch {
public:
    void begins(sim::World& world) override {
        world.after(Duration::from_s(20), [this, &world] { begin_ = now(world); });
        world.after(Duration::from_s(50), [this, &world] { end_ = now(world); });
    }
    double allocations_per_event() const {
        return static_cast<double>(end_.allocations - begin_.allocations) /
               static_cast<double>(std::max<std::uint64_t>(end_.events - begin_.events, 1));
    }
    void opened(std::uint64_t, sim::HostId, sim::HostId, std::uint16_t) override {}
    void sent(std::uint64_t, int, ByteSpan) override {}
    void forgotten(std::uint64_t) override {}
    void log_moved(sim::HostId, const LogPosition&) override {}
    void replica_moved(sim::HostId, const ReplicaMoved&) override {}
    void operation(sim::OperationId) override {}

private:
    struct Moment {
        std::uint64_t allocations = 0;
        std::uint64_t events = 0;
    };
    static Moment now(sim::World& world) {
        return Moment{allocation_count(), world.trace().events()};
    }
    Moment begin_;
    Moment end_;
};

// One run of a case; fails when it has found something.
struct Ran {
    double simulated_s = 0;
    double events = 0;
    double cpu_s = 0;
};

Result<Ran> run_clean(const sim::Case& one, const sim::RunOptions& how = {}) {
    sim::RunReport report;
    Ran ran;
    ran.cpu_s = cpu_seconds_of([&] { report = sim::run_case(one, how); });
    if (!report.violations.empty()) {
        return fail(ErrorCode::corrupt,
                    fmt::format("{} has violations with seed {}", one.scenario.name, one.seed));
    }
    ran.simulated_s = static_cast<double>(report.simulated_ns) / 1e9;
    ran.events = static_cast<double>(report.events);
    return ran;
}

Result<void> add_light_rows(Report& report, std::uint64_t seed_count) {
    sim::Case one;
    WEIR_TRY(one.scenario, sim::parse_scenario(kLightScenario, "light"));
    Ran sum;
    for (one.seed = 1; one.seed <= seed_count; ++one.seed) {
        WEIR_TRY(const Ran ran, run_clean(one));
        sum.simulated_s += ran.simulated_s;
        sum.events += ran.events;
        sum.cpu_s += ran.cpu_s;
    }
    SteadyState steady;
    sim::RunOptions watched;
    watched.watch = &steady;
    one.seed = 1;
    WEIR_CHECK(run_clean(one, watched));
    Row row;
    row.name = "simulator, light scenario (1 SC, 3 SPUs, 10/s)";
    row.value = sum.simulated_s / sum.cpu_s;
    row.unit = "sim s/s";
    row.goal_min = 2'000;
    row.details.emplace_back("aimed at", 5'000);
    report.add(std::move(row));
    row = Row();
    row.name = "simulator, events of whole clusters, oracles on";
    row.value = sum.events / sum.cpu_s;
    row.unit = "events/s";
    row.goal_min = 500'000;
    row.details.emplace_back("aimed at", 2'000'000);
    report.add(std::move(row));
    row = Row();
    row.name = "simulator, allocations per event of a cluster";
    row.value = steady.allocations_per_event();
    row.unit = "";
    row.goal_max = 0.4;
    report.add(std::move(row));
    return {};
}

// What `weir-sim sweep` runs when it is told nothing else.
Result<void> add_sweep_row(Report& report, std::uint64_t seed_count) {
    double sum_s = 0;
    double slowest_s = 0;
    double count = 0;
    for (const sim::BuiltinScenario& builtin : sim::builtin_scenarios()) {
        if (builtin.slow) {
            continue;
        }
        sim::Case one;
        WEIR_TRY(one.scenario, sim::load_builtin(builtin.name));
        for (one.seed = 1; one.seed <= seed_count; ++one.seed) {
            WEIR_TRY(const Ran ran, run_clean(one));
            sum_s += ran.cpu_s;
            slowest_s = std::max(slowest_s, ran.cpu_s);
            count += 1;
        }
    }
    Row row;
    row.name = "simulator, one seed of a default sweep";
    row.value = sum_s / count;
    row.unit = "CPU s";
    row.goal_max = 0.25;
    row.details.emplace_back("slowest", slowest_s);
    report.add(std::move(row));
    return {};
}

Result<void> run_main(int argc, char** argv) {
    bool smoke = false;
    std::string json_path;
    for (int i = 1; i < argc; ++i) {
        const std::string argument = argv[i];
        if (argument == "--smoke") {
            smoke = true;
        } else if (argument == "--json" && i + 1 < argc) {
            json_path = argv[++i];
        } else {
            return fail(ErrorCode::invalid_argument, "usage: sim_bench [--smoke] [--json FILE]");
        }
    }
    Report report;
    add_raw_rows(report, smoke ? 10'000 : 5'000'000);
    WEIR_CHECK(add_light_rows(report, smoke ? 1 : 100));
    WEIR_CHECK(add_sweep_row(report, smoke ? 1 : 5));
    report.print_table();
    if (!json_path.empty()) {
        std::ofstream(json_path) << report.to_json();
    }
    return {};
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
    const weir::Result<void> result = weir::bench::run_main(argc, argv);
    if (!result.has_value()) {
        fmt::print(stderr, "sim_bench: {}\n", weir::to_string(result.error()));
        return 1;
    }
    return 0;
}
