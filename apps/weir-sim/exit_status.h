// How weir-sim ends, so that scripts can tell the kinds of failure apart.
#pragma once

#include "sim-scenarios/runner.h"

namespace weir::app {

enum class ExitStatus : int {
    passed = 0,
    bad_usage = 2,
    safety_violated = 10,
    liveness_violated = 11,
    assertion_failed = 12,
    replay_mismatch = 13,
};

inline ExitStatus exit_status(sim::Verdict verdict) {
    switch (verdict) {
        case sim::Verdict::passed: return ExitStatus::passed;
        case sim::Verdict::safety: return ExitStatus::safety_violated;
        case sim::Verdict::liveness: return ExitStatus::liveness_violated;
        case sim::Verdict::assertion: return ExitStatus::assertion_failed;
    }
    return ExitStatus::assertion_failed;
}

}  // namespace weir::app
