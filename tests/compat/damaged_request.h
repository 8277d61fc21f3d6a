// Well-formed public requests with a few bytes changed, cut or added, about objects that no model
// knows.
//
// Pure; any executor.
#pragma once

#include "core/base/bytes.h"
#include "core/base/prng.h"

namespace weir::test {

struct DamagedRequest {
    bool to_sc = true;
    // The whole byte stream, lengths included.
    Bytes bytes;
};
DamagedRequest damaged_request(Prng& prng);

}  // namespace weir::test
