#include "runtime/real/clock/real_random.h"

#include "runtime/real/loop/errno_text.h"

#include <cerrno>
#include <sys/random.h>

namespace weir::real {

Result<std::uint64_t> RealRandom::read_entropy() {
    std::uint64_t seed = 0;
    ssize_t got = 0;
    do {
        got = ::getrandom(&seed, sizeof(seed), 0);
    } while (got < 0 && errno == EINTR);
    if (got != static_cast<ssize_t>(sizeof(seed))) {
        return fail(ErrorCode::io_error, errno_text("read the system's entropy", errno));
    }
    return seed;
}

Prng RealRandom::stream(std::string_view label) {
    ++stream_count_;
    return Prng::derive(mix64(seed_ + stream_count_), label);
}

}  // namespace weir::real
