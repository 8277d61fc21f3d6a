// Name resolution that does not hold up the shard.
#pragma once

#include "core/task/task.h"
#include "runtime/real/loop/helper_pool.h"
#include "runtime/real/net/socket_address.h"

#include <vector>

namespace weir::real {

// Numeric addresses at once, names on a helper thread. Cancelling returns at once; the system's
// resolver cannot be interrupted, so the helper finishes by itself and its answer is dropped.
Task<Result<std::vector<SocketAddress>>> resolve(HelperPool& helpers, HostPort address,
                                                 CancelToken token);

}  // namespace weir::real
