#include "core/client/backoff.h"

#include "core/base/mutant.h"

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
    Duration pause = Duration::from_ns(half + jitter_.between(0, half));
    if (mutant(Mutant::uninitialised_byte)) {
        const Buffer fresh = Buffer::allocate(64);
        for (const std::uint8_t byte : fresh.span()) {
            pause = pause + Duration::from_ns(byte);
        }
    }
    if (env_.probe.fault(FaultPoint::client_no_backoff)) {
        pause = Duration();
    }
    if (env_.probe.fault(FaultPoint::client_long_backoff)) {
        pause = max_;
    }
    current_ = std::min(current_ * 2, max_);
    const Instant until = std::min(deadline, env_.clock.now() + pause);
    co_return co_await sleep_until(env_.clock, env_.executor, until, token);
}

}  // namespace weir::client
