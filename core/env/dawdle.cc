#include "core/env/dawdle.h"

namespace weir {

Task<void> dawdle(Env& env, CancelToken token) {
    const Result<void> slept =
        co_await sleep_for(env.clock, env.executor, Duration::from_ms(2), token);
    WEIR_MAYBE(slept.has_value());
}

}  // namespace weir
