#include "apps/weir-sim/bundle.h"
#include "apps/weir-sim/minimize.h"
#include "apps/weir-sim/replay.h"
#include "apps/weir-sim/run_batch.h"
#include "apps/weir-sim/schedule.h"
#include "apps/weir-sim/simpler.h"
#include "apps/weir-sim/trace_difference.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <numeric>
#include <set>
#include <vector>

namespace weir::app {
namespace {

constexpr const char* kScenario = R"(
name = "small"
[run]
duration = "8s"
[topology]
spus = 2
clients = 2
[[topics]]
name = "a"
partitions = 2
[[topics]]
name = "b"
[[faults]]
kind = "power_loss"
target = "spu"
count = [1, 3]
lasts = ["100ms", "1s"]
)";

std::vector<int> numbers(int count) {
    std::vector<int> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

// Answers with the first list that holds all of `needed`.
auto holding(const std::vector<int>& needed, int* asked) {
    return [needed, asked](const std::vector<std::vector<int>>& lists) {
        for (std::size_t i = 0; i < lists.size(); ++i) {
            ++*asked;
            if (std::includes(lists[i].begin(), lists[i].end(), needed.begin(), needed.end())) {
                return std::optional<std::size_t>(i);
            }
        }
        return std::optional<std::size_t>();
    };
}

TEST(Minimize, FindsTheFewThatMatter) {
    int asked = 0;
    const std::vector<int> needed = {7, 300, 301, 999};
    EXPECT_EQ(minimize(numbers(1'000), holding(needed, &asked)), needed);
    EXPECT_LT(asked, 300);
}

TEST(Minimize, KeepsNothingWhenNothingMatters) {
    int asked = 0;
    EXPECT_TRUE(minimize(numbers(50), holding({}, &asked)).empty());
    EXPECT_EQ(asked, 1);
    EXPECT_TRUE(minimize(numbers(0), holding({}, &asked)).empty());
}

TEST(Minimize, KeepsAllWhenAllMatter) {
    int asked = 0;
    EXPECT_EQ(minimize(numbers(9), holding(numbers(9), &asked)), numbers(9));
    EXPECT_EQ(minimize(numbers(1), holding(numbers(1), &asked)), numbers(1));
}

Bundle some_bundle() {
    Bundle bundle;
    bundle.one.scenario = sim::parse_scenario(kScenario, "small").value();
    bundle.one.seed = 0xffff'ffff'ffff'fff1ULL;
    sim::Fault fault;
    fault.at = Duration::from_ms(1'234);
    fault.kind = sim::FaultKind::power_loss;
    fault.target_index = 7;
    fault.lasts = Duration::from_ms(50);
    fault.loss = sim::LossMode::prefix;
    fault.argument = 0x8000'0000'0000'0001ULL;
    bundle.one.faults = {{fault}};
    bundle.one.kept = {{sim::operation_id(1, 0), sim::operation_id(10'000, 5)}};
    bundle.one.tape = {{"sched.choose", {0, 3, 1}}, {"net sc>spu-0 #1", {4'000'000}}};
    return bundle;
}

TEST(Bundle, ComesBackAsItWas) {
    Bundle bundle = some_bundle();
    const sim::RunReport report = sim::run_case(bundle.one);
    bundle.expected = expected_of(report);
    bundle.commit = "abc";
    const std::string text = write_bundle(bundle);
    const Result<Bundle> back = read_bundle(text, "test");
    ASSERT_TRUE(back.has_value()) << to_string(back.error());
    EXPECT_EQ(write_bundle(*back), text);
    EXPECT_EQ(back->one.seed, bundle.one.seed);
    EXPECT_EQ(back->one.kept, bundle.one.kept);
    EXPECT_EQ(back->one.tape, bundle.one.tape);
    ASSERT_EQ(back->one.faults->size(), 1U);
    EXPECT_EQ(back->one.faults->front().argument, bundle.one.faults->front().argument);
    EXPECT_TRUE(replay(*back, {}).same);
}

TEST(Traces, TheFirstEventThatDiffersIsNamedOnBothSides) {
    sim::RunReport report;
    report.machines = {"sc", "spu-0"};
    sim::TraceEvent event;
    event.kind = sim::EventKind::disk_done;
    event.node = 1;
    event.time_ns = 1'500'000'000;
    const std::vector<sim::TraceEvent> events(5, event);
    EXPECT_EQ(first_different_event({report, events}, {report, events}), "");
    std::vector<sim::TraceEvent> other = events;
    // Which number it has and what asked for it follow from the events before.
    other[1].cause = 1;
    EXPECT_EQ(first_different_event({report, events}, {report, other}), "");
    other[3].kind = sim::EventKind::timer;
    other[3].node = 0;
    other[3].b = 255;
    other[4].a = 1;
    EXPECT_EQ(first_different_event({report, events}, {report, other}),
              "the traces part at event 4: a timer is due (sc, 1.500000000 s, 0, ff) instead of "
              "the disk is done (spu-0, 1.500000000 s, 0, 0)");
    other = events;
    other.pop_back();
    EXPECT_EQ(first_different_event({report, events}, {report, other}),
              "the traces part at event 5: the end of the run instead of the disk is done (spu-0, "
              "1.500000000 s, 0, 0)");
}

TEST(Bundle, WhatIsNoneSaysSo) {
    for (const char* text : {"", "[]", "{}", R"({"format": 99})", R"({"format": 1, "seed": []})"}) {
        const Result<Bundle> read = read_bundle(text, "FILE");
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_NE(read.error().context.find("FILE"), std::string::npos) << text;
    }
}

TEST(Case, TapeOfARunReplacesItsSeed) {
    sim::Case one;
    one.scenario = sim::parse_scenario(kScenario, "small").value();
    one.seed = 5;
    sim::Tape tape;
    sim::RunOptions recording;
    recording.record = &tape;
    const sim::RunReport plain = sim::run_case(one);
    EXPECT_EQ(sim::run_case(one, recording).trace_hash, plain.trace_hash);
    one.tape = tape;
    const sim::RunReport played = sim::run_case(one);
    EXPECT_EQ(played.trace_hash, plain.trace_hash);
    EXPECT_TRUE(played.tape_fit->exact());
    // A zeroed stream is another run, which the fit tells.
    one.tape->at("sched.choose").clear();
    const sim::RunReport other = sim::run_case(one);
    EXPECT_NE(other.trace_hash, plain.trace_hash);
    EXPECT_GT(other.tape_fit->missing, 0U);
}

TEST(Case, OnlyKeptOperationsTakePlace) {
    sim::Case one;
    one.scenario = sim::parse_scenario(kScenario, "small").value();
    one.faults.emplace();
    const sim::RunReport whole = sim::run_case(one);
    ASSERT_GT(whole.operations.size(), 20U);
    std::vector<sim::OperationId> kept = whole.operations;
    std::sort(kept.begin(), kept.end());
    kept.resize(5);
    one.kept = kept;
    const sim::RunReport few = sim::run_case(one);
    EXPECT_EQ(few.verdict, sim::Verdict::passed);
    EXPECT_LE(few.operations.size(), 5U);
    EXPECT_LE(few.records.sent, 5U);
}

TEST(Case, EventsBeforeTheBreakAreTheSame) {
    sim::Case one;
    one.scenario = sim::parse_scenario(kScenario, "small").value();
    const sim::RunReport whole = sim::run_case(one);
    sim::RunOptions until;
    until.events_max = 2'500;
    const sim::RunReport part = sim::run_case(one, until);
    EXPECT_TRUE(part.broken_off);
    EXPECT_EQ(part.verdict, sim::Verdict::passed);
    ASSERT_EQ(part.checkpoints.size(), 2U);
    EXPECT_EQ(first_difference(whole.checkpoints, part.checkpoints), "");
    EXPECT_EQ(first_difference({1, 2, 3}, {1, 5}), "the traces part between events 1000 and 2000");
}

TEST(Simpler, EveryStepIsAScenarioThatHasLess) {
    const std::vector<std::string> steps = simpler_scenarios(kScenario, 3'000'000'000);
    ASSERT_GT(steps.size(), 5U);
    bool one_spu = false;
    bool one_topic = false;
    for (const std::string& step : steps) {
        const Result<sim::Scenario> scenario = sim::parse_scenario(step, "step");
        ASSERT_TRUE(scenario.has_value()) << step;
        EXPECT_EQ(scenario->faults.size(), 1U);
        EXPECT_GT(scenario->duration.ns(), 3'000'000'000);
        one_spu = one_spu || scenario->spu_count == 1;
        one_topic = one_topic || scenario->topics.size() == 1;
    }
    EXPECT_TRUE(one_spu);
    EXPECT_TRUE(one_topic);
}

// --- schedules ----------------------------------------------------------------------------------

TEST(Schedules, EachChildIsThereOnce) {
    Schedule parent;
    parent.deviations.push_back({.event = 10, .choice = 3, .place = 2, .power_loss_at = {}});
    Branches branches;
    branches.choices = {{5, 20, 3}, {6, 21, 2}};
    branches.power_losses = {{15, Duration::from_us(7)}, {25, Duration::from_us(9)}};
    Children children;
    children.add(parent, branches);
    children.add(Schedule(), Branches());
    children.add(Schedule(), branches);
    EXPECT_EQ(children.count(), 10U);
    std::set<std::vector<std::uint64_t>> seen;
    std::size_t power_loss_count = 0;
    while (const auto child = children.next()) {
        std::vector<std::uint64_t> key = choices_of(*child);
        key.push_back(child->last_event());
        key.push_back(child->deviations.size());
        EXPECT_TRUE(seen.insert(key).second);
        power_loss_count += child->loses_power() ? 1U : 0U;
    }
    EXPECT_EQ(seen.size(), children.count());
    EXPECT_EQ(power_loss_count, 4U);
}

TEST(Schedules, ChoicesAreMildButForTheDeviations) {
    Schedule schedule;
    EXPECT_TRUE(choices_of(schedule).empty());
    schedule.deviations.push_back({.event = 9, .choice = 1, .place = 2, .power_loss_at = {}});
    schedule.deviations.push_back(
        {.event = 11, .choice = 0, .place = 0, .power_loss_at = Duration::from_ms(1)});
    schedule.deviations.push_back({.event = 30, .choice = 4, .place = 1, .power_loss_at = {}});
    EXPECT_EQ(choices_of(schedule), (std::vector<std::uint64_t>{0, 2, 0, 0, 1}));
}

// Ends the process in the middle of a run.
class Death : public sim::RunWatch {
public:
    enum class Kind : std::uint8_t { signal, assertion };
    explicit Death(Kind kind) : kind_(kind) {}
    void begins(sim::World&) override {}
    void opened(std::uint64_t, sim::HostId, sim::HostId, std::uint16_t) override {}
    void sent(std::uint64_t, int, ByteSpan) override {}
    void forgotten(std::uint64_t) override {}
    void log_moved(sim::HostId, const LogPosition&) override {}
    void replica_moved(sim::HostId, const ReplicaMoved&) override {}
    void operation(sim::OperationId) override {
        if (++count_ < 20) {
            return;
        }
        if (kind_ == Kind::signal) {
            ::raise(SIGSEGV);
        }
        WEIR_ASSERT(count_ < 20);
    }

private:
    Kind kind_;
    int count_ = 0;
};

RunOutcome outcome_of_death(Death::Kind kind) {
    sim::Case one;
    one.scenario = *sim::parse_scenario(kScenario, "test");
    Death death(kind);
    sim::RunOptions how;
    how.watch = &death;
    return run_apart(one, how);
}

// What a process did that died is known up to the last moment, and the same each time.
TEST(RunApart, TellsOfASignal) {
    const RunOutcome first = outcome_of_death(Death::Kind::signal);
    const RunOutcome again = outcome_of_death(Death::Kind::signal);
    EXPECT_EQ(first.seen.verdict, sim::Verdict::assertion);
    EXPECT_EQ(first.seen.text, "the process was ended by signal 11 (SIGSEGV)");
    EXPECT_GT(first.seen.events, 100U);
    EXPECT_GE(first.operations.size(), 19U);
    EXPECT_FALSE(first.faults.empty());
    EXPECT_EQ(first.seen.trace_hash, again.seen.trace_hash);
    EXPECT_EQ(first.seen.events, again.seen.events);
}

TEST(RunApart, TellsOfAnAssertion) {
    const RunOutcome outcome = outcome_of_death(Death::Kind::assertion);
    EXPECT_EQ(outcome.seen.verdict, sim::Verdict::assertion);
    EXPECT_EQ(outcome.seen.text.rfind("assertion failed: count_ < 20 (sim_app_test.cc:", 0), 0U)
        << outcome.seen.text;
    EXPECT_GE(outcome.operations.size(), 19U);
}

}  // namespace
}  // namespace weir::app
