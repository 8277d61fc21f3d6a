// A bundle: everything that a bug report about a failed run needs, in one JSON file.
//
// It holds the case (scenario text, seed, faults, operations, the tape of decisions), what the run
// must end with, and the commit that found it. Values; text in and out is pure. Numbers above 2^53
// are hexadecimal strings.
#pragma once

#include "core/base/result.h"
#include "sim-scenarios/case.h"
#include "sim-scenarios/runner.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::app {

struct Expected {
    sim::Verdict verdict = sim::Verdict::passed;
    // Id of the first violated invariant, such as "A1"; empty when none was.
    std::string invariant;
    std::string text;
    std::int64_t time_ns = 0;
    std::uint64_t event = 0;
    std::uint64_t trace_hash = 0;
    std::uint64_t events = 0;
    // Of the trace, every Trace::kCheckpointEvents.
    std::vector<std::uint64_t> checkpoints;
};

struct Bundle {
    sim::Case one;
    Expected expected;
    // Name of the planted bug, in a build that has them; else empty.
    std::string mutant;
    std::string commit;
};

Expected expected_of(const sim::RunReport& report);

std::string write_bundle(const Bundle& bundle);
// Errors name what is wrong; `source` names the text in them.
Result<Bundle> read_bundle(std::string_view text, std::string_view source);

}  // namespace weir::app
