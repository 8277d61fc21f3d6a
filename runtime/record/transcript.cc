#include "runtime/record/transcript.h"

#include "core/base/prng.h"

namespace weir::record {

void Transcript::call(const Fields& call) {
    if (take_call(call.span())) {
        ++call_count_;
        state_hash_ = mix64(state_hash_ ^ stable_hash(as_text(call.span())));
    }
}

std::uint64_t Transcript::start(const Fields& operation) {
    call(operation);
    return ++operation_count_;
}

}  // namespace weir::record
