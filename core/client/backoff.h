// Waiting times between attempts: doubling from a least to a most, with jitter of up to a half, so
// that many clients of one server that comes back do not come back together.
//
// One per retrying task; the Env outlives it.
#pragma once

#include "core/env/env.h"

namespace weir::client {

class Backoff {
public:
    Backoff(Env& env, Duration min, Duration max);
    // The next wait, not beyond `deadline`; cancelled if the token is.
    Task<Result<void>> wait(Instant deadline, CancelToken token);
    void reset() { current_ = min_; }

private:
    Env& env_;
    Prng jitter_;
    Duration min_;
    Duration max_;
    Duration current_;
};

}  // namespace weir::client
