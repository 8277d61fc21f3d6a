// The simulator: raw events beside a bare heap, and a light scenario with all oracles on.
#include "bench/net/report.h"
#include "core/env/clock.h"
#include "core/task/task_scope.h"
#include "runtime/sim/cluster/world.h"
#include "sim-scenarios/runner.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <queue>
#include <string>
#include <utility>
#include <vector>

namespace weir::bench {
namespace {

constexpr int kSleepers = 1'000;
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

double seconds_of(const std::function<void()>& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    return std::max(elapsed.count(), 1e-9);
}

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
    const double elapsed = seconds_of([&] {
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

Task<void> sleeper(Env& env, std::uint64_t seed, CancelToken stop) {
    Prng prng(seed);
    while (!stop.cancelled()) {
        const Duration pause = Duration::from_ns(prng.between(1, 1'000'000));
        const Result<void> slept = co_await sleep_for(env.clock, env.executor, pause, stop);
        if (!slept.has_value()) {
            co_return;
        }
    }
}

Task<Result<void>> sleepers(Env& env, CancelToken stop) {
    TaskScope scope(env.executor, stop);
    for (int i = 0; i < kSleepers; ++i) {
        scope.spawn(sleeper(env, static_cast<std::uint64_t>(i), scope.token()));
    }
    co_await scope.join();
    co_return Result<void>();
}

Row raw_events(std::uint64_t budget) {
    sim::World world(1);
    sim::Machine& machine = world.add_machine("bench");
    machine.boot(sim::Main(sleepers));
    const double elapsed = seconds_of([&] { world.run_for(Duration::from_s(3'600), budget); });
    Row row;
    row.name = "simulator, raw events (1,000 sleeping coroutines)";
    row.value = static_cast<double>(world.trace().events()) / elapsed;
    row.unit = "events/s";
    row.limit_name = "push and pop of a bare heap";
    row.limit = bare_heap_rate(budget);
    return row;
}

Result<std::vector<Row>> light_scenario(std::uint64_t seed_count) {
    sim::Case one;
    WEIR_TRY(one.scenario, sim::parse_scenario(kLightScenario, "light"));
    double simulated_s = 0;
    double events = 0;
    std::uint64_t violations = 0;
    const double elapsed = seconds_of([&] {
        for (one.seed = 1; one.seed <= seed_count; ++one.seed) {
            const sim::RunReport report = sim::run_case(one);
            simulated_s += static_cast<double>(report.simulated_ns) / 1e9;
            events += static_cast<double>(report.events);
            violations += report.violations.size();
        }
    });
    if (violations != 0) {
        return fail(ErrorCode::corrupt, "the light scenario has violations");
    }
    std::vector<Row> rows(3);
    rows[0].name = "simulator, light scenario (1 SC, 3 SPUs, 10/s)";
    rows[0].value = simulated_s / elapsed;
    rows[0].unit = "sim s/s";
    rows[0].goal_min = 1'000;
    rows[1].name = "simulator, events of whole clusters, oracles on";
    rows[1].value = events / elapsed;
    rows[1].unit = "events/s";
    rows[1].goal_min = 500'000;
    rows[2].name = "simulator, one seed of 60 s of the light scenario";
    rows[2].value = elapsed / static_cast<double>(seed_count);
    rows[2].unit = "s";
    rows[2].goal_max = 0.25;
    return rows;
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
    report.add(raw_events(smoke ? 10'000 : 5'000'000));
    WEIR_TRY(std::vector<Row> rows, light_scenario(smoke ? 1 : 30));
    for (Row& row : rows) {
        report.add(std::move(row));
    }
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
