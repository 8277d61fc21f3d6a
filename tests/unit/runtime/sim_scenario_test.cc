// What the keys of a scenario do to a run.
#include "runtime/sim/check/oracle.h"
#include "runtime/sim/sched/heap_account.h"
#include "sim-scenarios/run_watch.h"
#include "sim-scenarios/runner.h"
#include "sim-scenarios/sizes.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace weir::sim {
namespace {

Case case_of(const std::string& text, std::uint64_t seed = 1) {
    Result<Scenario> scenario =
        parse_scenario("name = \"small\"\n[[topics]]\nname = \"a\"\n" + text, "small.toml");
    EXPECT_TRUE(scenario.has_value()) << to_string(scenario.error());
    Case one;
    one.scenario = *std::move(scenario);
    one.seed = seed;
    return one;
}

std::string error_of(const std::string& text) {
    const Result<Scenario> scenario =
        parse_scenario("name = \"small\"\n[[topics]]\nname = \"a\"\n" + text, "small.toml");
    return scenario.has_value() ? "" : to_string(scenario.error());
}

// The SPU hangs when the load ends, and there is no time to get over it.
std::string hangs_at_the_end(const std::string& heal) {
    return "[run]\nduration = \"2s\"\nsettle = \"1ms\"\nheal = \"" + heal +
           "\"\n[[plan]]\nkind = \"pause\"\nat = \"1s\"\nlasts = \"1h\"\n";
}

TEST(Heal, ArunThatIsNotHealedNeedsNotConverge) {
    const RunReport healed = run_case(case_of(hangs_at_the_end("always")));
    EXPECT_EQ(healed.verdict, Verdict::liveness);
    EXPECT_TRUE(healed.healed);
    const RunReport left = run_case(case_of(hangs_at_the_end("never")));
    EXPECT_EQ(left.verdict, Verdict::passed);
    EXPECT_FALSE(left.healed);
    EXPECT_GT(left.records.acked, 0U);
    EXPECT_GT(left.records.recoveries_checked, 0U);
}

TEST(Heal, SeedsDrawWhetherTheirRunIsHealed) {
    int healed = 0;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        healed += draw_sizes(case_of(hangs_at_the_end("any")).scenario, seed).heals ? 1 : 0;
    }
    EXPECT_GT(healed, 4);
    EXPECT_LT(healed, 16);
}

TEST(Heal, ApromisedRecordMustBeInOneOfTheCopies) {
    World world(1);
    Oracle oracle(world);
    const TopicIndex topic = oracle.add_topic("a", 1);
    oracle.is_replicated(topic, false);
    const RecordId first = oracle.begin_send(0, topic);
    const RecordId second = oracle.begin_send(0, topic);
    oracle.acked(first, 0, 0, 1);
    oracle.acked(second, 0, 1, 1);
    const PartitionRef ref{topic, 0};
    Oracle::RecoveredLog shorter{0, 1, {first}};
    Oracle::RecoveredLog other{0, 2, {first, first}};
    Oracle::RecoveredLog whole{0, 2, {first, second}};
    oracle.copies(ref, {shorter, whole});
    EXPECT_TRUE(oracle.violations().empty());
    oracle.copies(ref, {shorter, other});
    ASSERT_EQ(oracle.violations().size(), 1U);
    EXPECT_EQ(oracle.violations()[0].invariant, Invariant::a1_acked_survive);
    EXPECT_NE(oracle.violations()[0].text.find("no copy of 2"), std::string::npos);
}

TEST(Heal, AnUnknownWordIsRefusedWithItsPlace) {
    EXPECT_NE(error_of("[run]\nheal = \"perhaps\"\n").find("small.toml:5:"), std::string::npos);
}

// The machines that lost power, by host: the SC is 0, the SPUs follow.
std::set<std::uint16_t> without_power(const std::string& text) {
    std::vector<TraceEvent> events;
    RunOptions options;
    options.events = &events;
    const RunReport report = run_case(case_of(text), options);
    EXPECT_EQ(report.verdict, Verdict::passed);
    std::set<std::uint16_t> hosts;
    for (const TraceEvent& event : events) {
        if (event.kind == EventKind::machine &&
            event.a == static_cast<std::uint64_t>(MachineStep::power_loss)) {
            hosts.insert(event.node);
        }
    }
    return hosts;
}

TEST(Racks, AfaultHitsAllSpusOfARack) {
    const std::string text =
        "[run]\nduration = \"4s\"\n[topology]\nspus = 5\nracks = 2\n"
        "[[plan]]\nkind = \"power_loss\"\ntarget = \"rack\"\nat = \"1s\"\nlasts = \"1s\"\n";
    EXPECT_EQ(without_power(text + "which = \"0\"\n"), (std::set<std::uint16_t>{1, 3, 5}));
    EXPECT_EQ(without_power(text + "which = \"1\"\n"), (std::set<std::uint16_t>{2, 4}));
}

TEST(Racks, ArackCutFromTheOtherCommitsNothing) {
    const std::string text =
        "replicas = 2\n[run]\nduration = \"6s\"\nheal = \"never\"\n[topology]\nspus = 2\n"
        "racks = 2\n[points]\nenabled = false\n";
    const std::string cut =
        "[[plan]]\nkind = \"block\"\ntarget = \"rack\"\npeer = \"rack\"\nwhich_peer = \"1\"\n"
        "argument = 0\nat = \"10ms\"\nlasts = \"6s\"\n";
    const RunReport whole = run_case(case_of(text));
    const RunReport split = run_case(case_of(text + cut));
    EXPECT_EQ(split.faults[static_cast<std::size_t>(FaultKind::block)], 1U);
    EXPECT_GT(whole.records.acked, 20U);
    // The leader has to do without the other one first, which takes seconds.
    EXPECT_LT(split.records.acked, whole.records.acked);
}

// --- Faults of links ------------------------------------------------------------------------

constexpr const char* kBlocked =
    "kind = \"block\"\ntarget = \"spu\"\nat = \"1s\"\nlasts = \"1s\"\n";

TEST(Links, AplannedFaultOfALinkToItselfIsRefused) {
    const std::string plan =
        "[topology]\nspus = 3\n[[plan]]\npeer = \"spu\"\n" + std::string(kBlocked);
    for (const char* same : {"", "which = \"1\"\nwhich_peer = \"4\"\n",
                             "which = \"other\"\nwhich_peer = \"other\"\n"}) {
        EXPECT_NE(error_of(plan + same).find("its target is its peer"), std::string::npos) << same;
    }
    for (const char* two :
         {"which = \"0\"\nwhich_peer = \"1\"\n", "which = \"leader\"\nwhich_peer = \"follower\"\n",
          "which = \"leader\"\nwhich_peer = \"0\"\n"}) {
        EXPECT_EQ(error_of(plan + two), "") << two;
    }
    const std::string drawn = "[[faults]]\nkind = \"reset\"\ntarget = \"spu\"\npeer = \"spu\"\n";
    EXPECT_NE(error_of(drawn).find("its target is its peer"), std::string::npos);
    EXPECT_EQ(error_of("[topology]\nspus = 2\n" + drawn), "");
    const std::string leader = "[[plan]]\npeer = \"client\"\nwhich_peer = \"leader\"\n";
    EXPECT_NE(error_of(leader + kBlocked).find("are SPUs"), std::string::npos);
}

TEST(Links, AfaultTellsWhomItHitAndCountsOnlyBetweenTwo) {
    const std::string text =
        "replicas = 3\n[run]\nduration = \"4s\"\n[topology]\nspus = 3\n[points]\n"
        "enabled = false\n[[plan]]\npeer = \"spu\"\nwhich = \"leader\"\n" +
        std::string(kBlocked);
    const auto blocked = [](const RunReport& report) {
        return report.faults[static_cast<std::size_t>(FaultKind::block)];
    };
    const RunReport known = run_case(case_of(text + "which_peer = \"follower\"\n"));
    ASSERT_EQ(known.fault_hits.size(), 1U);
    const FaultHit hit = known.fault_hits.front();
    EXPECT_EQ(hit.peer, hit.target % 3 + 1) << "the next SPU; the SC is machine 0";
    EXPECT_EQ(blocked(known), 1U);
    // One of these is the leader.
    std::uint64_t effective = 0;
    int to_itself = 0;
    for (const char* number : {"0", "1", "2"}) {
        const RunReport report = run_case(case_of(text + "which_peer = \"" + number + "\"\n"));
        ASSERT_EQ(report.fault_hits.size(), 1U);
        to_itself += report.fault_hits[0].target == report.fault_hits[0].peer ? 1 : 0;
        effective += blocked(report);
    }
    EXPECT_EQ(to_itself, 1);
    EXPECT_EQ(effective, 2U);
}

TEST(Racks, AfaultOfARackNeedsRacks) {
    const std::string fault = "[[faults]]\nkind = \"crash\"\ntarget = \"rack\"\n";
    EXPECT_NE(error_of(fault).find("topology.racks"), std::string::npos);
    EXPECT_EQ(error_of("[topology]\nracks = 2\n" + fault), "");
    const std::string clog = "[[faults]]\nkind = \"clog\"\ntarget = \"rack\"\n";
    EXPECT_NE(error_of("[topology]\nracks = 2\n" + clog).find("clog"), std::string::npos);
}

TEST(Links, OnlyTheNamedLinkLosesMessages) {
    const std::string run = "[run]\nduration = \"3s\"\n[topology]\nspus = 2\n";
    EXPECT_EQ(run_case(case_of(run)).network.lost, 0U);
    const std::string bad = "lost_per_mille = 300\n";
    EXPECT_GT(
        run_case(case_of(run + "[[links]]\nfrom = \"spu\"\nto = \"sc\"\n" + bad)).network.lost, 0U);
    // There is one client.
    EXPECT_EQ(run_case(case_of(run + "[[links]]\nfrom = \"client\"\nto = \"client\"\n" + bad))
                  .network.lost,
              0U);
}

TEST(Links, TheLastOneThatFitsCounts) {
    const Scenario scenario =
        case_of(
            "[network]\njitter = \"7us\"\n[[links]]\nfrom = \"spu-0\"\nto = \"sc\"\n"
            "latency = \"3ms\"\n")
            .scenario;
    const DrawnSizes sizes = draw_sizes(scenario, 1);
    ASSERT_EQ(sizes.links.size(), 1U);
    EXPECT_EQ(sizes.links[0].latency_ns, 3'000'000);
    EXPECT_EQ(sizes.links[0].jitter_ns, 7'000);
    EXPECT_EQ(sizes.link.latency_ns, 200'000);
}

TEST(Links, UnknownMachinesAreRefusedWithTheirPlace) {
    const std::string link = "[[links]]\nfrom = \"spu-1\"\nto = \"sc\"\n";
    EXPECT_NE(error_of(link).find("small.toml:5:"), std::string::npos);
    EXPECT_EQ(error_of("[topology]\nspus = 2\n" + link), "");
    EXPECT_NE(error_of("[[links]]\nto = \"sc\"\n").find("from is missing"), std::string::npos);
    EXPECT_NE(error_of("[[disks]]\nof = \"spud\"\n").find("disks.of"), std::string::npos);
    EXPECT_NE(error_of("[[disks]]\nof = \"spu\"\ncolour = 1\n").find("disks.colour"),
              std::string::npos);
    EXPECT_NE(error_of("[network]\nlost_per_mille = 700\n").find("small.toml:4:"),
              std::string::npos);
}

TEST(Disks, OnlyTheNamedDiskIsSmall) {
    const std::string run =
        "[run]\nduration = \"4s\"\nheal = \"never\"\n[workload]\nrecords_per_second = 100\n";
    const auto full = [&run](const std::string& of) {
        return run_case(case_of(run + "[[disks]]\nof = \"" + of + "\"\ncapacity = \"64KiB\"\n"))
            .disk_full_errors;
    };
    EXPECT_GT(full("spu-0"), 0U);
    EXPECT_EQ(full("client"), 0U);
}

TEST(Sizes, OfATinyCaseAreTheSmallestForEverySeed) {
    Scenario scenario = case_of("[network]\nbuffer = \"64KiB\"\n").scenario;
    const DrawnSizes drawn = draw_sizes(scenario, 1);
    EXPECT_GT(drawn.log.segment_size_bytes_max, 512U);
    scenario.always_tiny = true;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        const DrawnSizes sizes = draw_sizes(scenario, seed);
        EXPECT_EQ(sizes.log.segment_size_bytes_max, 512U);
        EXPECT_EQ(sizes.log.checkpoint_interval_bytes, 64U);
        EXPECT_EQ(sizes.log.index_interval_bytes, 64U);
        EXPECT_EQ(sizes.log.preallocate_bytes_max, 0U);
        EXPECT_EQ(sizes.log.tail_cache_bytes_max, 0U);
        EXPECT_EQ(sizes.link.buffer_bytes, 256U);
        EXPECT_EQ(sizes.chunk_bytes, 1U);
    }
}

TEST(Exploration, DepthIsOneMoreThanTheChangesOfPriority) {
    const auto changes = [](const std::string& depth) {
        return draw_sizes(case_of("[run]\ndepth = " + depth + "\n").scenario, 1).priority_changes;
    };
    EXPECT_EQ(changes("0"), std::nullopt);
    EXPECT_EQ(changes("1"), std::optional<std::uint64_t>(0));
    EXPECT_EQ(changes("4"), std::optional<std::uint64_t>(3));
}

TEST(Checks, ConvergenceHasALimit) {
    EXPECT_EQ(case_of("[checks]\nconvergence = \"3s\"\n").scenario.convergence,
              Duration::from_s(3));
    EXPECT_NE(error_of("[checks]\nspeed = 1\n").find("small.toml:5:"), std::string::npos);
}

constexpr const char* kNotCounted = "under a sanitizer the heap of machines is not counted";

TEST(Checks, MemoryHasABudget) {
    const RunReport wide = run_case(case_of("[run]\nduration = \"2s\"\n"));
    EXPECT_EQ(wide.verdict, Verdict::passed);
    if (!g_heap.counts) {
        GTEST_SKIP() << kNotCounted;
    }
    EXPECT_GT(wide.memory_bytes, 4'096U);
    const RunReport again = run_case(case_of("[run]\nduration = \"2s\"\n"));
    EXPECT_EQ(again.memory_bytes, wide.memory_bytes);
    const RunReport narrow =
        run_case(case_of("[run]\nduration = \"2s\"\n[checks]\nmemory = \"4KiB\"\n"));
    ASSERT_EQ(narrow.verdict, Verdict::safety);
    EXPECT_EQ(narrow.violations[0].invariant, Invariant::a17_leaks);
    EXPECT_NE(narrow.violations[0].text.find("4 KiB are enough"), std::string::npos);
}

Task<Result<void>> hoard(Env& env, CancelToken stop) {
    std::vector<Bytes> hoarded;
    while (!stop.cancelled()) {
        hoarded.emplace_back(1'000);
        static_cast<void>(co_await sleep_for(env.clock, env.executor, Duration::from_ms(1), stop));
    }
    co_return Result<void>();
}

TEST(Checks, MemoryIsThatOfTheMachineThatAskedForIt) {
    if (!g_heap.counts) {
        GTEST_SKIP() << kNotCounted;
    }
    World world(1);
    Machine& idle = world.add_machine("idle");
    Machine& busy = world.add_machine("busy");
    busy.boot(Main(hoard));
    world.run_for(Duration::from_s(1));
    EXPECT_GT(heap_bytes(busy.host()), 900'000);
    EXPECT_EQ(heap_bytes(idle.host()), 0);
    busy.crash();
    EXPECT_LT(heap_bytes(busy.host()), 1'000);
}

// Counts between two moments of the load.
class AllocationCount final : public RunWatch {
public:
    void begins(World& world) override {
        world.after(Duration::from_s(5), [this, &world] { begin_ = now(world); });
        world.after(Duration::from_s(20), [this, &world] { end_ = now(world); });
    }
    std::uint64_t events() const { return end_.events - begin_.events; }
    std::uint64_t blocks() const { return end_.blocks - begin_.blocks; }
    void opened(std::uint64_t, HostId, HostId, std::uint16_t) override {}
    void sent(std::uint64_t, int, ByteSpan) override {}
    void forgotten(std::uint64_t) override {}
    void log_moved(HostId, const LogPosition&) override {}
    void replica_moved(HostId, const ReplicaMoved&) override {}
    void operation(OperationId) override {}

private:
    struct Moment {
        std::uint64_t events = 0;
        std::uint64_t blocks = 0;
    };
    static Moment now(World& world) {
        return Moment{world.trace().events(), g_heap.simulator_block_count};
    }
    Moment begin_;
    Moment end_;
};

// What grows with the run doubles now and then; connections and files come and go. An event by
// itself allocates nothing.
TEST(Allocations, TheSimulatorMakesNonePerEvent) {
    if (!g_heap.counts) {
        GTEST_SKIP() << kNotCounted;
    }
    AllocationCount count;
    RunOptions options;
    options.watch = &count;
    const RunReport report = run_case(
        case_of("partitions = 2\nreplicas = 3\n[run]\nduration = \"22s\"\n[topology]\nspus = 3\n"
                "[storage]\nsegment = \"1MiB\"\n[points]\nenabled = false\n"
                "[workload]\nproducers = 2\nrecords_per_second = 200\n"),
        options);
    EXPECT_EQ(report.verdict, Verdict::passed);
    EXPECT_GT(count.events(), 100'000U);
    // One place that does so for each batch makes twenty times that.
    EXPECT_LT(count.blocks(), count.events() / 1'000);
}

}  // namespace
}  // namespace weir::sim
