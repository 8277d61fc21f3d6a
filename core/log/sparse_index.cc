#include "core/log/sparse_index.h"

#include <algorithm>

namespace weir::log {

std::optional<IndexEntry> SparseIndex::at_or_before(Offset offset) const {
    const auto after =
        std::upper_bound(entries_.begin(), entries_.end(), offset,
                         [](Offset o, const IndexEntry& entry) { return o < entry.offset; });
    if (after == entries_.begin()) {
        return std::nullopt;
    }
    return *(after - 1);
}

std::optional<IndexEntry> SparseIndex::last_within(std::uint64_t position_max,
                                                   Offset offset_max) const {
    // Both fields rise together, so the entries within both bounds are a prefix.
    const auto after =
        std::partition_point(entries_.begin(), entries_.end(), [=](const IndexEntry& entry) {
            return entry.position <= position_max && entry.offset <= offset_max;
        });
    if (after == entries_.begin()) {
        return std::nullopt;
    }
    return *(after - 1);
}

}  // namespace weir::log
