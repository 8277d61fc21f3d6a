// Which leader epoch wrote which offsets of a log.
//
// A value: one entry for each epoch that wrote a batch, at the base offset of its first batch.
// Epochs and starts are strictly ascending; an epoch ends where the next one starts, the last one
// at the log's LEO. An epoch without a batch leaves no entry. core/replication compares two of
// them.
#pragma once

#include "core/base/ids.h"

#include <vector>

namespace weir {

struct EpochStart {
    LeaderEpoch epoch;
    Offset start;
    friend bool operator==(const EpochStart&, const EpochStart&) = default;
};

using Lineage = std::vector<EpochStart>;

}  // namespace weir
