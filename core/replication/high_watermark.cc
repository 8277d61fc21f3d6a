#include "core/replication/high_watermark.h"

#include "core/base/mutant.h"

#include <algorithm>
#include <vector>

namespace weir::replication {

namespace {

// Mutant::hw_counts_copies: what min_live replicas have, any of them.
Offset nth_position(const HwInput& input) {
    std::vector<Offset> positions{input.own};
    for (const AckedPosition& one : input.acked) {
        positions.push_back(one.acked);
    }
    std::sort(positions.rbegin(), positions.rend());
    return positions.size() < input.min_live ? input.hw : positions[input.min_live - 1];
}

}  // namespace

Offset compute_hw(const HwInput& input) {
    const bool enough = input.committed_lrs.size() >= input.min_live;
    if (!enough && !mutant(Mutant::hw_ignores_min_live)) {
        return input.hw;
    }
    if (mutant(Mutant::hw_counts_copies)) {
        return std::max(input.hw, nth_position(input));
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
            if (mutant(Mutant::silent_not_waited)) {
                continue;
            }
            return input.hw;
        }
        smallest = std::min(smallest, known->acked);
    }
    const bool has_entered = smallest >= input.leso || mutant(Mutant::hw_before_leso);
    return has_entered ? std::max(input.hw, smallest) : input.hw;
}

}  // namespace weir::replication
