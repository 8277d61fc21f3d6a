#include "apps/weir-sim/replay.h"

#include "apps/commit.h"
#include "apps/weir-sim/report_text.h"
#include "apps/weir-sim/sweep.h"

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

}  // namespace

std::string first_difference(const std::vector<std::uint64_t>& expected,
                             const std::vector<std::uint64_t>& seen) {
    const std::size_t common = std::min(expected.size(), seen.size());
    for (std::size_t i = 0; i < common; ++i) {
        if (expected[i] != seen[i]) {
            return fmt::format("the traces part between events {} and {}",
                               i * sim::Trace::kCheckpointEvents,
                               (i + 1) * sim::Trace::kCheckpointEvents);
        }
    }
    return {};
}

Replayed replay(const Bundle& bundle, const sim::RunOptions& options) {
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
