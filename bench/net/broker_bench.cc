// The broker against the limits of the machine: produce, durable produce, tail and catch-up, each
// beside a probe of its limit taken in the same run. See docs/performance.md.
#include "bench/net/allocations.h"
#include "bench/net/cluster.h"
#include "bench/net/consume.h"
#include "bench/net/load.h"
#include "bench/net/null_broker.h"
#include "bench/net/probes.h"
#include "bench/net/report.h"
#include "bench/net/requests.h"

#include <fmt/core.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <sys/prctl.h>
#include <vector>

namespace weir::bench {
namespace {

struct Arguments {
    std::string json_path;
    std::string dir;
    std::string program = WEIR_RUN_PATH;
    // Only the rows whose name contains this.
    std::string only;
    // Tiny sizes: shows that everything works, measures nothing.
    bool smoke = false;
};

struct Plan {
    std::size_t round_count = 3;
    Duration load = Duration::from_ms(1000);
    Duration probe = Duration::from_ms(500);
    Duration tail = Duration::from_s(3);
    // What one round may write to the page cache.
    std::size_t warm_memory_size = 1000U << 20;
};

class Bench {
public:
    Bench(Arguments arguments, std::string dir)
        : arguments_(std::move(arguments)), dir_(std::move(dir)) {
        if (arguments_.smoke) {
            plan_.round_count = 1;
            plan_.load = plan_.probe = Duration::from_ms(100);
            plan_.tail = Duration::from_ms(200);
            plan_.warm_memory_size = 0;
        }
    }

    Result<void> run() {
        WEIR_CHECK(fast_cluster());
        WEIR_CHECK(durable_cluster());
        WEIR_CHECK(replicated_clusters());
        WEIR_CHECK(allocations());
        return {};
    }
    const Report& report() const { return report_; }

private:
    bool wanted(std::string_view name) const {
        return name.find(arguments_.only) != std::string_view::npos;
    }
    void step(std::string_view what) const {
        fmt::print("  {} ...\n", what);
        std::fflush(stdout);
    }

    Result<std::string> make_dir(const std::string& name) const {
        std::string path = dir_ + "/" + name;
        std::error_code error;
        std::filesystem::create_directories(path, error);
        if (error) {
            return fail(ErrorCode::io_error, "cannot create " + path + ": " + error.message());
        }
        return path;
    }

    Result<std::unique_ptr<Cluster>> start_cluster(const std::string& durability,
                                                   std::vector<std::string> topics,
                                                   std::int32_t spu_count = 1) {
        ClusterOptions options;
        options.program = arguments_.program;
        WEIR_TRY(options.data_dir, make_dir(fmt::format("{}-{}", durability, spu_count)));
        options.durability = durability;
        options.spu_count = spu_count;
        options.topics = std::move(topics);
        return Cluster::start(options);
    }

    // What needs no durability: the acknowledgement follows the write to the page cache.
    Result<void> fast_cluster() {
        step("start a cluster that acknowledges before syncing");
        WEIR_TRY(const std::unique_ptr<Cluster> cluster,
                 start_cluster("async", {"bench-16", "bench-25", "bench-tl"}));
        WEIR_CHECK(produce_row(*cluster, {"produce 100 B records, 16 KiB batches, 1 x 8",
                                          "bench-16", BatchShape{100, 16U << 10}, 8, 0.6}));
        WEIR_CHECK(produce_row(*cluster, {"produce 1 KiB records, 256 KiB batches, 1 x 2",
                                          "bench-25",
                                          BatchShape{1024, 256U << 10},
                                          2,
                                          {}}));
        WEIR_CHECK(tail_row(*cluster));
        WEIR_CHECK(catch_up_row(*cluster, "catch-up consume, 1 MiB answers", 1U << 20));
        WEIR_CHECK(catch_up_row(*cluster, "catch-up consume, 8 MiB answers", 8U << 20));
        Row memory;
        memory.name = "SPU memory after this";
        memory.value = cluster->spu_rss_mb();
        memory.unit = "MB";
        report_.add(std::move(memory));
        return {};
    }

    struct ProduceCase {
        std::string name;
        std::string topic;
        BatchShape shape;
        std::size_t in_flight = 8;
        std::optional<double> goal;
        // -1: when it is committed.
        std::int16_t acks = 1;
    };

    struct CpuWindow {
        std::function<double()> read;
        double start = 0;
        double end = 0;
    };
    static LoadHooks hooks_of(CpuWindow& window) {
        LoadHooks hooks;
        hooks.context = &window;
        hooks.on_start = [](void* context) {
            auto* self = static_cast<CpuWindow*>(context);
            self->start = self->read();
        };
        hooks.on_end = [](void* context) {
            auto* self = static_cast<CpuWindow*>(context);
            self->end = self->read();
        };
        return hooks;
    }

    // Weir and the null broker in turns, under the same generator.
    Result<void> produce_row(const Cluster& cluster, const ProduceCase& one) {
        if (!wanted(one.name)) {
            return {};
        }
        step(one.name);
        const Bytes batch = make_bench_batch(one.shape);
        LoadOptions load;
        load.in_flight = one.in_flight;
        load.duration = plan_.load;
        load.frame = produce_frame(one.topic, batch, one.acks);
        const double mb = static_cast<double>(batch.size()) / 1e6;
        std::vector<double> real_rates;
        std::vector<double> null_rates;
        std::vector<double> real_cpu;
        std::vector<double> null_cpu;
        Histogram latency;
        for (std::size_t round = 0; round < plan_.round_count; ++round) {
            CpuWindow cpu{[&cluster] { return cluster.spu_cpu_s(); }};
            load.broker = cluster.spu_address();
            warm_memory(plan_.warm_memory_size);
            WEIR_TRY(const LoadResult real, run_load(load, hooks_of(cpu)));
            real_rates.push_back(real.requests_per_s() * mb);
            real_cpu.push_back((cpu.end - cpu.start) * 1e3 /
                               (static_cast<double>(real.request_count) * mb));
            latency.merge(real.latency);
            WEIR_TRY(const std::unique_ptr<NullBroker> null,
                     NullBroker::start(dir_ + "/null", load.frame, batch.size()));
            CpuWindow idle{[&null] { return null->cpu_s(); }};
            load.broker.port = null->port();
            warm_memory(plan_.warm_memory_size);
            WEIR_TRY(const LoadResult limit, run_load(load, hooks_of(idle)));
            null_rates.push_back(limit.requests_per_s() * mb);
            null_cpu.push_back((idle.end - idle.start) * 1e3 /
                               (static_cast<double>(limit.request_count) * mb));
        }
        Row row;
        row.name = one.name;
        row.value = median(real_rates);
        row.unit = "MB/s";
        row.limit_name = "null broker";
        row.limit = median(null_rates);
        row.goal_min = one.goal;
        row.details = {{"cpu_s_per_gb", median(real_cpu)},
                       {"limit_cpu_s_per_gb", median(null_cpu)},
                       {"p50_us", latency.quantile_us(0.5)},
                       {"p99_us", latency.quantile_us(0.99)}};
        report_.add(std::move(row));
        return {};
    }

    Result<void> tail_row(const Cluster& cluster) {
        if (!wanted("tail consume")) {
            return {};
        }
        step("tail consume, 1,000 records/s");
        TailOptions options;
        options.broker = cluster.spu_address();
        options.topic = "bench-tl";
        options.duration = plan_.tail / static_cast<std::int64_t>(plan_.round_count);
        Histogram tail;
        Histogram echo;
        for (std::size_t round = 0; round < plan_.round_count; ++round) {
            WEIR_TRY(const Histogram measured, run_tail(options));
            tail.merge(measured);
            options.start_offset += static_cast<std::int64_t>(measured.count());
            WEIR_TRY(const Histogram limit, probe_echo(options.interval, options.duration));
            echo.merge(limit);
        }
        Row row;
        row.name = "tail consume 1,000/s of 100 B, p50";
        row.value = tail.quantile_us(0.5);
        row.unit = "us";
        row.limit_name = "bare echo of 64 B";
        row.limit = echo.quantile_us(0.5);
        row.goal_max = 2.0;
        row.details = {{"p99_us", tail.quantile_us(0.99)},
                       {"p999_us", tail.quantile_us(0.999)},
                       {"limit_p99_us", echo.quantile_us(0.99)},
                       {"limit_p999_us", echo.quantile_us(0.999)}};
        report_.add(std::move(row));
        return {};
    }

    Result<void> catch_up_row(const Cluster& cluster, const std::string& name,
                              std::uint32_t max_bytes) {
        // They read what the row of large batches left.
        if (!arguments_.only.empty()) {
            return {};
        }
        step(name);
        CatchUpOptions options;
        options.broker = cluster.spu_address();
        options.topic = "bench-25";
        options.max_bytes = max_bytes;
        std::vector<double> rates;
        std::vector<double> cpu;
        std::vector<double> limits;
        std::vector<double> limit_cpu;
        for (std::size_t round = 0; round < plan_.round_count; ++round) {
            const double cpu_start = cluster.spu_cpu_s();
            WEIR_TRY(const CatchUpResult result, run_catch_up(options));
            cpu.push_back((cluster.spu_cpu_s() - cpu_start) * 1e9 /
                          static_cast<double>(result.size_bytes));
            rates.push_back(result.bytes_per_s() / 1e9);
            WEIR_TRY(const SendfileProbe probe, probe_bare_sendfile(result.size_bytes));
            limits.push_back(probe.bytes_per_s / 1e9);
            limit_cpu.push_back(probe.cpu_s_per_gb);
        }
        Row row;
        row.name = name;
        row.value = median(rates);
        row.unit = "GB/s";
        row.limit_name = "bare sendfile";
        row.limit = median(limits);
        row.details = {{"cpu_s_per_gb", median(cpu)}, {"limit_cpu_s_per_gb", median(limit_cpu)}};
        report_.add(std::move(row));
        return {};
    }

    // Over the null broker's file, which is as warm as the log.
    Result<SendfileProbe> probe_bare_sendfile(std::uint64_t size_bytes) {
        std::error_code error;
        const std::uint64_t there = std::filesystem::file_size(dir_ + "/null", error);
        if (error || there == 0) {
            return fail(ErrorCode::io_error, "the null broker's file is missing");
        }
        return probe_sendfile(dir_ + "/null", std::min<std::uint64_t>(size_bytes, there));
    }

    Result<void> durable_cluster() {
        step("start a cluster that syncs before acknowledging");
        WEIR_TRY(const std::unique_ptr<Cluster> cluster,
                 start_cluster("fsync", {"bench-64", "bench-01", "bench-n1"}));
        WEIR_CHECK(durable_row(
            *cluster, {"durable append 1 KiB, 64 connections x 1", "bench-64", 64, 1, 64, 30'000}));
        WEIR_CHECK(durable_row(
            *cluster, {"durable append 1 KiB, 1 connection x 64", "bench-01", 1, 64, 64, {}}));
        WEIR_CHECK(durable_row(
            *cluster, {"durable append 1 KiB, 1 connection x 1", "bench-n1", 1, 1, 1, {}}));
        return {};
    }

    struct DurableCase {
        std::string name;
        std::string topic;
        std::size_t connection_count = 1;
        std::size_t in_flight = 1;
        std::size_t group_size = 64;
        std::optional<double> goal_per_s;
    };

    Result<void> durable_row(const Cluster& cluster, const DurableCase& one) {
        if (!wanted(one.name)) {
            return {};
        }
        step(one.name);
        const Bytes batch = make_bench_batch(BatchShape{940, 1024});
        LoadOptions load;
        load.broker = cluster.spu_address();
        load.connection_count = one.connection_count;
        load.in_flight = one.in_flight;
        load.duration = plan_.load;
        load.frame = produce_frame(one.topic, batch, -1);
        SyncProbeOptions probe;
        probe.path = dir_ + "/probe";
        probe.group_size = one.group_size;
        probe.duration = plan_.probe;
        std::vector<double> rates;
        std::vector<double> limits;
        std::vector<double> cpu_per_request;
        Histogram latency;
        Histogram sync;
        for (std::size_t round = 0; round < plan_.round_count; ++round) {
            CpuWindow cpu{[&cluster] { return cluster.spu_cpu_s(); }};
            WEIR_TRY(const LoadResult real, run_load(load, hooks_of(cpu)));
            rates.push_back(real.requests_per_s());
            cpu_per_request.push_back((cpu.end - cpu.start) * 1e6 /
                                      static_cast<double>(real.request_count));
            latency.merge(real.latency);
            WEIR_TRY(const SyncProbe limit, probe_group_commit(probe));
            limits.push_back(limit.appends_per_s);
            sync.merge(limit.latency);
        }
        Row row;
        row.name = one.name;
        row.value = median(rates);
        row.unit = "/s";
        row.limit_name = fmt::format("write and fdatasync of {}", one.group_size);
        row.limit = median(limits);
        row.goal_min = one.goal_per_s;
        row.goal_is_ratio = false;
        row.details = {{"cpu_us_per_request", median(cpu_per_request)},
                       {"p50_us", latency.quantile_us(0.5)},
                       {"p99_us", latency.quantile_us(0.99)},
                       {"limit_p50_us", sync.quantile_us(0.5)},
                       {"limit_p99_us", sync.quantile_us(0.99)}};
        report_.add(std::move(row));
        return {};
    }

    // Acknowledgements at ReadCommitted by a leader and two followers, all on this machine.
    Result<void> replicated_clusters() {
        if (!wanted("replicated")) {
            return {};
        }
        step("start clusters of three SPUs");
        {
            WEIR_TRY(const std::unique_ptr<Cluster> cluster,
                     start_cluster("async", {"bench-16", "bench-n1"}, 3));
            WEIR_CHECK(produce_row(*cluster, {"replicated produce of 16 KiB batches, 1 x 8",
                                              "bench-16",
                                              BatchShape{100, 16U << 10},
                                              8,
                                              {},
                                              -1}));
            WEIR_CHECK(ack_latency_row(*cluster, "bench-n1"));
        }
        WEIR_TRY(const std::unique_ptr<Cluster> cluster,
                 start_cluster("fsync", {"bench-64", "bench-n1"}, 3));
        WEIR_CHECK(durable_row(
            *cluster,
            {"replicated durable append 1 KiB, 64 connections x 1", "bench-64", 64, 1, 64, {}}));
        WEIR_CHECK(durable_row(
            *cluster,
            {"replicated durable append 1 KiB, 1 connection x 1", "bench-n1", 1, 1, 1, {}}));
        return {};
    }

    // One record in flight, nothing synced: what the messages between the three cost.
    Result<void> ack_latency_row(const Cluster& cluster, const std::string& topic) {
        step("replicated acknowledgement");
        LoadOptions load;
        load.broker = cluster.spu_address();
        load.in_flight = 1;
        load.duration = plan_.load;
        load.frame = produce_frame(topic, make_bench_batch(BatchShape{940, 1024}), -1);
        Histogram latency;
        Histogram echo;
        for (std::size_t round = 0; round < plan_.round_count; ++round) {
            WEIR_TRY(const LoadResult real, run_load(load, LoadHooks()));
            latency.merge(real.latency);
            WEIR_TRY(const Histogram limit, probe_echo(Duration::from_us(200), plan_.probe));
            echo.merge(limit);
        }
        Row row;
        row.name = "replicated acknowledgement of 1 KiB, not synced, 1 x 1, p50";
        row.value = latency.quantile_us(0.5);
        row.unit = "us";
        row.limit_name = "bare echo of 64 B";
        row.limit = echo.quantile_us(0.5);
        row.details = {{"p99_us", latency.quantile_us(0.99)},
                       {"limit_p99_us", echo.quantile_us(0.99)}};
        report_.add(std::move(row));
        return {};
    }

    Result<void> allocations() {
        for (const bool durable : {false, true}) {
            const std::string name = durable ? "allocations per durable produce request"
                                             : "allocations per produce request";
            if (!wanted(name)) {
                continue;
            }
            step(name);
            AllocationOptions options;
            WEIR_TRY(options.data_dir, make_dir(durable ? "count-fsync" : "count-async"));
            options.durable = durable;
            options.duration_ms = static_cast<std::uint64_t>(plan_.load.ms());
            WEIR_TRY(const AllocationResult result, count_allocations(options));
            Row row;
            row.name = name;
            row.value = result.per_request();
            row.unit = "each";
            row.details = {{"requests", static_cast<double>(result.request_count)}};
            report_.add(std::move(row));
        }
        return {};
    }

    Arguments arguments_;
    std::string dir_;
    Plan plan_;
    Report report_;
};

Result<Arguments> parse(int argc, char** argv) {
    Arguments arguments;
    for (int i = 1; i < argc; ++i) {
        const std::string name = argv[i];
        if (name == "--smoke") {
            arguments.smoke = true;
            continue;
        }
        const std::map<std::string, std::string*> options = {{"--json", &arguments.json_path},
                                                             {"--dir", &arguments.dir},
                                                             {"--only", &arguments.only},
                                                             {"--weir-run", &arguments.program}};
        const auto option = options.find(name);
        if (option == options.end() || i + 1 == argc) {
            return fail(ErrorCode::invalid_argument,
                        "usage: broker_bench [--smoke] [--json FILE] [--dir DIR] "
                        "[--only TEXT] [--weir-run PROGRAM]");
        }
        *option->second = argv[++i];
    }
    return arguments;
}

Result<std::string> make_bench_dir(const std::string& wanted) {
    const std::filesystem::path parent =
        wanted.empty() ? std::filesystem::temp_directory_path() : std::filesystem::path(wanted);
    std::string name = (parent / "weir-bench-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        return fail(ErrorCode::io_error, "cannot create a directory in " + parent.string());
    }
    return name;
}

Result<void> run_main(int argc, char** argv) {
    WEIR_TRY(const Arguments arguments, parse(argc, argv));
    // Timers of the generator: as sharp as the system has them.
    WEIR_MAYBE(::prctl(PR_SET_TIMERSLACK, 1) != 0);
    WEIR_TRY(const std::string dir, make_bench_dir(arguments.dir));
    Bench bench(arguments, dir);
    Result<void> result = bench.run();
    if (result.has_value()) {
        std::error_code ignored;
        std::filesystem::remove_all(dir, ignored);
    } else {
        result.error().context += " (files left in " + dir + ")";
    }
    bench.report().print_table();
    if (!arguments.json_path.empty()) {
        std::ofstream(arguments.json_path) << bench.report().to_json();
    }
    return result;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
    const weir::Result<void> result = weir::bench::run_main(argc, argv);
    if (!result.has_value()) {
        fmt::print(stderr, "broker_bench: {}\n", weir::to_string(result.error()));
        return 1;
    }
    return 0;
}
