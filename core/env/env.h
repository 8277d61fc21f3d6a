// Everything a service needs from the world, by reference.
//
// Made by a runtime (one per shard or simulated node), passed through constructors, outlives every
// service. Nothing in core reaches the world by any other way.
#pragma once

#include "core/base/log.h"
#include "core/env/clock.h"
#include "core/env/disk.h"
#include "core/env/network.h"
#include "core/env/probe.h"
#include "core/env/process.h"
#include "core/env/random.h"
#include "core/task/executor.h"

namespace weir {

struct Env {
    Executor& executor;
    Clock& clock;
    Network& network;
    Disk& disk;
    Random& random;
    Process& process;
    LogSink& log;
    Probe& probe;
};

}  // namespace weir
