// What a fault point does that makes something late: a short wait, in which everybody else goes on.
#pragma once

#include "core/env/clock.h"
#include "core/env/env.h"
#include "core/task/cancel.h"
#include "core/task/task.h"

namespace weir {

// 2 ms; less when the token is cancelled.
Task<void> dawdle(Env& env, CancelToken token);

}  // namespace weir
