// Replicas in turn over all SPUs, and over their racks when they have racks.
//
// A pure function of its input; any executor. Fluvio documents this as its replica assignment
// (architecture, "Replica Assignment"), while the 0.18 that clients know places by load
// (placement.h, control-plane spec 8.4). Topics that ask for racks get the rack order; the rest
// stays with placement.h.
//
// Row i takes SPUs from index start_index + i of an order that is repeated for ever:
// - without racks the order is that of the ids, and from the second replica on a gap is left that
//   grows by one with every round, so that the followers of one leader vary. The pattern repeats
//   after n x (n - rf + 1) rows.
//     n 5, rf 3: 012 123 234 340 401, 0.23 1.34 ..., 0..34 ..., 012 ...
// - with racks the order goes from rack to rack, the largest first, and one place further inside
//   them each time, so that neighbours are in different racks; no gaps.
//     a {0,1,2}, b {3,4,5}, c {6,7,8}, d {9,10,11}: 0 4 8 9 1 5 6 10 2 3 7 11
//   With racks of one size and rf <= racks, a row never has two replicas in one rack.
#pragma once

#include "core/base/ids.h"
#include "core/base/result.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::control {

struct EvenPlacementInput {
    // Ascending, without duplicates.
    std::vector<SpuId> spus;
    // Of none of them or of all.
    std::map<SpuId, std::string> racks;
    std::uint32_t row_count = 0;
    std::uint32_t replication_factor = 0;
    // Where the last placement ended: rows of two calls, of which the second starts at
    // start_index + row_count of the first, are the rows of one.
    std::uint32_t start_index = 0;
};

// Preferred leader first in each row; all rows or none. Errors: unavailable when there are fewer
// SPUs than replicas; invalid_argument when one SPU has no rack and another has.
Result<std::vector<std::vector<SpuId>>> place_evenly(const EvenPlacementInput& input);

}  // namespace weir::control
