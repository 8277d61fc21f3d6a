// The sparse index of one segment, in memory: some of the places where a batch starts.
//
// Grows at the end while the segment is active; a plain value. One shard.
#pragma once

#include "core/base/ids.h"
#include "core/log/format.h"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace weir::log {

class SparseIndex {
public:
    SparseIndex() = default;
    explicit SparseIndex(std::vector<IndexEntry> entries) : entries_(std::move(entries)) {}

    // A batch starts at `position`; kept when it is at least `interval_bytes` after the last kept.
    void note(Offset offset, std::uint64_t position, std::uint64_t interval_bytes) {
        if (entries_.empty() || position - entries_.back().position >= interval_bytes) {
            entries_.push_back(IndexEntry{offset, position});
        }
    }
    // The segment ends at `end_position` now.
    void cut(std::uint64_t end_position) {
        while (!entries_.empty() && entries_.back().position >= end_position) {
            entries_.pop_back();
        }
    }
    // The last entry at or before `offset`; nothing when the index is empty or starts after it.
    std::optional<IndexEntry> at_or_before(Offset offset) const;
    // The last entry with position <= `position_max` and offset <= `offset_max`.
    std::optional<IndexEntry> last_within(std::uint64_t position_max, Offset offset_max) const;

    const std::vector<IndexEntry>& entries() const { return entries_; }

private:
    std::vector<IndexEntry> entries_;
};

}  // namespace weir::log
