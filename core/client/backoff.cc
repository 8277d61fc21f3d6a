#include "core/client/backoff.h"

#include <algorithm>

namespace weir::client {

Backoff::Backoff(Env& env, Duration min, Duration max)
    : env_(env),
      jitter_(env.random.stream("client.backoff")),
      min_(min),
      max_(std::max(min, max)),
      current_(min) {}

Task<Result<void>> Backoff::wait(Instant deadline, CancelToken token) {
    const std::int64_t half = current_.ns() / 2;
    const Duration pause = Duration::from_ns(half + jitter_.between(0, half));
    current_ = std::min(current_ * 2, max_);
    const Instant until = std::min(deadline, env_.clock.now() + pause);
    co_return co_await sleep_until(env_.clock, env_.executor, until, token);
}

}  // namespace weir::client
