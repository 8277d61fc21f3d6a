// What the keys of a scenario do to a run.
#include "runtime/sim/check/oracle.h"
#include "sim-scenarios/runner.h"
#include "sim-scenarios/sizes.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace weir::sim
