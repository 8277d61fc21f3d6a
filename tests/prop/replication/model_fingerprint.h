// A cluster's whole state as 128 bits, by which a search knows that it has been there.
//
// Pure. Two states with one fingerprint behave alike: everything that a rule, the SC or the oracle
// looks at goes in. What only grows or is only compared is numbered by its rank in this state:
// - boots and nonces of each SPU, since they are only compared with others of that SPU, and a new
//   one is above all that there are;
// - epochs and versions, where a distance of one stays one and any larger one becomes two, since
//   nothing but x < y, x == y and x + 1 is asked of them, and a new one is one above the record's;
// - values of records and uids, in order of appearance: they are only compared for equality.
// The oracle's memory of an epoch that nobody knows any more is left out: nobody can write in it
// again.
#pragma once

#include "tests/prop/replication/model_cluster.h"

#include <cstdint>
#include <vector>

namespace weir::replication::model {

struct Fingerprint {
    std::uint64_t high = 0;
    std::uint64_t low = 0;
    friend auto operator<=>(const Fingerprint&, const Fingerprint&) = default;
};

// What there is to look at; views of what a cluster owns.
struct Whole {
    const std::vector<Node>& nodes;
    const Sc& sc;
    const Oracle& oracle;
    // In order on each way; the order between two ways does not matter.
    const std::vector<Mail>& network;
    // Messages that may come at any time.
    const std::vector<Mail>& late;
    Instant now;
};

Fingerprint fingerprint(const Whole& whole);

}  // namespace weir::replication::model
