#include "runtime/sim/trace/trace.h"

#include "core/base/prng.h"
#include "runtime/sim/sched/heap_account.h"

namespace weir::sim {

Trace::Trace(std::uint64_t seed) : hash_(mix64(seed ^ 0x5745495253494dULL)) {}

void Trace::note_checkpoint() {
    const OutsideHeap outside;
    checkpoints_.push_back(hash_);
}

void Trace::record(const TraceEvent& event) {
    const OutsideHeap outside;
    recording_->push_back(event);
}

std::uint64_t content_hash(ByteSpan bytes) {
    std::uint64_t hash = bytes.size() * 0x9e3779b97f4a7c15ULL;
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        std::uint64_t word = 0;
        for (std::size_t i = 0; i < 8; ++i) {
            word |= static_cast<std::uint64_t>(bytes[at + i]) << (8 * i);
        }
        hash = (hash ^ word) * 0x9fb21c651e98df25ULL;
        hash ^= hash >> 31;
    }
    for (; at < bytes.size(); ++at) {
        hash = (hash ^ bytes[at]) * 0x100000001b3ULL;
    }
    return mix64(hash);
}

}  // namespace weir::sim
