#include "core/replication/high_watermark.h"

#include "core/base/mutant.h"

#include <algorithm>

namespace weir::replication {

Offset compute_hw(const HwInput& input) {
    const bool enough = input.committed_lrs.size() >= input.min_live;
    if (!enough && !mutant(Mutant::hw_ignores_min_live)) {
        return input.hw;
    }
    Offset smallest = input.own;
    for (const SpuId member : input.maximal_lrs) {
        if (member == input.self) {
            continue;
        }
        const auto known =
            std::find_if(input.acked.begin(), input.acked.end(),
                         [member](const AckedPosition& one) { return one.spu == member; });
        if (known == input.acked.end()) {
            return input.hw;
        }
        smallest = std::min(smallest, known->acked);
    }
    return std::max(input.hw, smallest);
}

}  // namespace weir::replication
