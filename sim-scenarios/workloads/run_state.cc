#include "sim-scenarios/workloads/run_state.h"

#include <algorithm>

namespace weir::sim {

bool RunState::next_operation(std::uint32_t worker) {
    const OperationId id = operation_id(worker, operation_counts[worker]++);
    if (kept.has_value() && !std::binary_search(kept->begin(), kept->end(), id)) {
        return false;
    }
    operations.push_back(id);
    if (watch != nullptr) {
        watch->operation(id);
    }
    return true;
}

}  // namespace weir::sim
