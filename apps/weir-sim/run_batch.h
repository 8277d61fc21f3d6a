// Runs cases in child processes, so that one that stops itself or crashes costs only itself.
#pragma once

#include "apps/weir-sim/bundle.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace weir::app {

// What is left of a run that took place in another process.
struct RunOutcome {
    Expected seen;
    std::vector<sim::Fault> faults;
    std::vector<sim::OperationId> operations;
    std::optional<sim::Tape> tape;
};

struct BatchOptions {
    unsigned job_count = 1;
    // Write the tape of each run down, too.
    bool record = false;
};

// Runs `cases` in order, up to `job_count` at a time. Answers the index of the first case whose
// outcome `wanted` accepts, and that outcome; later ones are broken off. A process that died counts
// as an assertion with its last words; what it did until then is told by a second run, broken off
// before the end, and there is no tape.
std::optional<std::pair<std::size_t, RunOutcome>> first_of(
    const std::vector<sim::Case>& cases, const BatchOptions& options,
    const std::function<bool(const RunOutcome&)>& wanted);

// One case in a child that keeps standard error. Of the options, those that write into this process
// have no effect.
RunOutcome run_apart(const sim::Case& one, const sim::RunOptions& options);

}  // namespace weir::app
