#include "core/model/uid.h"

#include <fmt/core.h>

namespace weir {

Uid draw_uid(Prng& prng) {
    Uid uid;
    do {
        uid.high = prng.next();
        uid.low = prng.next();
    } while (uid.is_none());
    return uid;
}

std::string to_string(const Uid& uid) {
    return fmt::format("{:016x}{:016x}", uid.high, uid.low);
}

}  // namespace weir
