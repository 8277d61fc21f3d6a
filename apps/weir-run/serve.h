// The main task of a server: what weir-run runs, and what a replay of its recording runs again.
#pragma once

#include "apps/weir-run/options.h"
#include "core/env/env.h"

#include <string>

namespace weir::run {

// What the servers say on standard output; scripts wait for it.
using PrintLine = void (*)(const std::string& line);

// The SC or the SPU that `options` asks for, until `stop`. `env` outlives the call.
Task<Result<void>> serve(Env& env, Options options, CancelToken stop, PrintLine print);

}  // namespace weir::run
