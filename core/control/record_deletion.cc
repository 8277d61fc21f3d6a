#include "core/control/record_deletion.h"

#include "core/control/live_sets.h"

#include <fmt/core.h>

namespace weir::control {

Result<PartitionRecord> delete_records(const PartitionRecord& record, Offset before, Offset hw) {
    if (before < Offset(0) || before > hw) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("offset {} is not one of committed records, which end at {}",
                                before.value(), hw.value()));
    }
    PartitionRecord next = record;
    if (before > record.delete_before) {
        next.delete_before = before;
        next.version = next_version(record.version);
    }
    return next;
}

}  // namespace weir::control
