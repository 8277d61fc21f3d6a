// What all workers of a client machine use.
#pragma once

#include "core/client/client.h"
#include "core/env/env.h"

#include <cstdint>
#include <memory>

namespace weir::sim {

Task<void> pause(Env& env, Duration duration, CancelToken stop);
// Retries until it works or `stop`; null after `stop`.
Task<std::unique_ptr<client::Client>> connect_client(Env& env, CancelToken stop);

// Workers of the churn are counted from here.
inline constexpr std::uint32_t kFirstChurnWorker = 10'000;

}  // namespace weir::sim
