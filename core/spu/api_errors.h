// What clients are told: from the errors of the log and of the assignment to the codes of the
// protocol (data-plane spec 4.2, 4.5, 5).
#pragma once

#include "core/base/result.h"
#include "core/spu/context.h"
#include "core/spu/replica.h"
#include "core/wire/error_code.h"
#include "core/wire/smartmodule_invocation.h"

namespace weir::spu {

// Why an append failed. A replica that was taken away meanwhile is NotLeaderForPartition.
wire::ApiError append_error(const Error& error, const Replica& replica);
// Why a read failed. `offset` is what was asked for; `log` is where. A replica that was found to be
// damaged does not lead any more.
wire::ApiError read_error(const Error& error, Offset offset, const Replica& replica,
                          const log::Log& log);
// Why a log could not be opened.
wire::ApiError open_error(const Error& error, const Replica& replica);
// The answer to a chain of SmartModules where no engine is built in; never to pass records through
// as if the modules had run (spec 6.2). The list is not empty; `cluster` says which modules exist.
wire::ApiError smartmodule_refusal(const std::vector<wire::SmartModuleInvocation>& chain,
                                   const ClusterView& cluster);
// A request in a version that has no layout (below 0 or above kVersionMax).
wire::ApiError version_refusal(wire::Version version);

}  // namespace weir::spu
