#include "apps/weir-sim/replay.h"

#include "apps/commit.h"
#include "apps/weir-sim/report_text.h"
#include "apps/weir-sim/run_batch.h"
#include "apps/weir-sim/sweep.h"
#include "apps/weir-sim/trace_difference.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::app {

namespace {

std::string tape_text(const sim::TapeFit& fit) {
    if (fit.exact()) {
        return {};
    }
    return fmt::format(
        "; the tape does not fit any more: {} decisions were asked for that it does not have, {} "
        "were out of range, {} were not asked for",
        fit.missing, fit.misfits, fit.left_over);
}

// In a child, which may die as the one did that the bundle is of.
Replayed replay_death(const Bundle& bundle, const sim::RunOptions& options) {
    const Expected& expected = bundle.expected;
    const RunOutcome outcome = run_apart(bundle.one, options);
    const Expected& seen = outcome.seen;
    Replayed replayed;
    sim::RunReport& report = replayed.report;
    report.scenario = bundle.one.scenario.name;
    report.seed = bundle.one.seed;
    report.verdict = seen.verdict;
    report.trace_hash = seen.trace_hash;
    report.events = seen.events;
    report.checkpoints = seen.checkpoints;
    report.fault_plan = outcome.faults;
    report.operations = outcome.operations;
    report.broken_off = seen.verdict == sim::Verdict::passed && seen.events >= options.events_max;
    if (seen.verdict != sim::Verdict::passed) {
        sim::Violation violation;
        violation.invariant = sim::Invariant::assertion;
        violation.text = seen.text;
        violation.event = seen.event;
        report.violations.push_back(std::move(violation));
    }
    const std::string parted = first_difference(expected.checkpoints, seen.checkpoints);
    replayed.same =
        parted.empty() && (report.broken_off ||
                           (seen.text == expected.text && seen.trace_hash == expected.trace_hash));
    if (!replayed.same) {
        replayed.difference =
            fmt::format("it ended at event {} with '{}', and not at event {} with '{}'",
                        seen.events, seen.text, expected.events, expected.text);
    }
    return replayed;
}

}  // namespace

Replayed replay(const Bundle& bundle, const sim::RunOptions& options) {
    if (bundle.expected.verdict == sim::Verdict::assertion) {
        return replay_death(bundle, options);
    }
    TimedReport run = timed_run(bundle.one, options);
    Replayed replayed;
    replayed.report = std::move(run.report);
    replayed.wall_ns = run.wall_ns;
    const sim::RunReport& report = replayed.report;
    const std::string parted = first_difference(bundle.expected.checkpoints, report.checkpoints);
    if (report.broken_off) {
        replayed.same = parted.empty();
    } else {
        replayed.same = report.trace_hash == bundle.expected.trace_hash;
    }
    if (!replayed.same) {
        replayed.difference = parted.empty()
                                  ? fmt::format("the traces part after event {}",
                                                std::min(bundle.expected.checkpoints.size(),
                                                         report.checkpoints.size()) *
                                                    sim::Trace::kCheckpointEvents)
                                  : parted;
        if (report.tape_fit.has_value() && !report.broken_off) {
            replayed.difference += tape_text(*report.tape_fit);
        }
        if (bundle.commit != program_commit()) {
            replayed.difference +=
                fmt::format("; found at commit {}, this is {}", bundle.commit, program_commit());
        }
    }
    return replayed;
}

}  // namespace weir::app
