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

bool RunState::may_be_undone(const Confirmed& change) const {
    return std::any_of(restores.begin(), restores.end(), [&change](const Restore& restore) {
        return change.told_ns >= restore.backup_ns && change.asked_ns <= restore.at_ns;
    });
}

bool RunState::may_be_back(const Confirmed& deletion) const {
    return std::any_of(restores.begin(), restores.end(), [&deletion](const Restore& restore) {
        return deletion.asked_ns <= restore.at_ns;
    });
}

}  // namespace weir::sim
