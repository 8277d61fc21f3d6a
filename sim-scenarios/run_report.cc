#include "sim-scenarios/run_report.h"

namespace weir::sim {

std::string_view to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::passed: return "passed";
        case Verdict::safety: return "safety";
        case Verdict::liveness: return "liveness";
        case Verdict::assertion: return "assertion";
    }
    return "unknown";
}

}  // namespace weir::sim
