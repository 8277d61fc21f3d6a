// `weir-run repair`: what an operator decides about the damaged only copy of a partition
// (core/spu/repair.h). Says what would be lost, and cuts the log only when told to.
#pragma once

#include "apps/weir-run/options.h"
#include "apps/weir-run/serve.h"
#include "core/env/env.h"

namespace CLI {
class App;
}

namespace weir::run {

void add_repair(CLI::App& root, Options& options);

// An Error when there is damage and nothing was done about it. `env` outlives the call.
Task<Result<void>> repair(Env& env, RepairOptions options, PrintLine print);

}  // namespace weir::run
