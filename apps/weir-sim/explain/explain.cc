#include "apps/weir-sim/explain/explain.h"

#include "core/base/assert.h"

#include <fmt/core.h>

#include <utility>

namespace weir::app {

namespace {

// Log writers and assertion hooks are plain functions: this is what they belong to.
struct Under {
    Recorder* recorder = nullptr;
    const sim::Case* one = nullptr;
    std::function<void(const Story&)> on_assertion;
};
Under g_under;

void write_line(std::int64_t time_ns, std::string_view machine, LogLevel level,
                std::string_view component, std::string_view text) {
    g_under.recorder->line(time_ns, machine, level, component, text);
}

void tell_of_assertion(const char* expression, const char* file, int line) {
    Under under = std::exchange(g_under, Under());
    if (under.recorder == nullptr || under.recorder->world() == nullptr || !under.on_assertion) {
        return;
    }
    sim::World& world = *under.recorder->world();
    sim::RunReport report;
    report.scenario = under.one->scenario.name;
    report.seed = under.one->seed;
    report.verdict = sim::Verdict::assertion;
    report.violations.push_back(sim::Violation{sim::Invariant::assertion,
                                               fmt::format("{}:{}: {}", file, line, expression),
                                               world.scheduler().now_ns(), world.trace().events()});
    // As the oracle does, so that the violation is an event of the story.
    world.trace().event(sim::EventKind::oracle, 0xffff, world.scheduler().now_ns(),
                        static_cast<std::uint64_t>(sim::Invariant::assertion) + 1, 0);
    report.trace_hash = world.trace().hash();
    report.events = world.trace().events();
    report.simulated_ns = world.scheduler().now_ns();
    const Recording recording = under.recorder->finish();
    under.on_assertion(tell_story(*under.one, report, recording));
}

}  // namespace

Story explain(const sim::Case& one, std::function<void(const Story&)> on_assertion) {
    Recorder recorder;
    sim::RunOptions how;
    how.log = write_line;
    how.log_level = LogLevel::warn;
    how.events = recorder.events();
    how.watch = &recorder;
    g_under = Under{&recorder, &one, std::move(on_assertion)};
    set_assert_hook(tell_of_assertion);
    const sim::RunReport report = sim::run_case(one, how);
    set_assert_hook(nullptr);
    g_under = Under();
    return tell_story(one, report, recorder.finish());
}

}  // namespace weir::app
