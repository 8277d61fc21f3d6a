#include "runtime/sim/check/ghost_log.h"

#include "core/base/assert.h"
#include "core/log/format.h"
#include "core/model/batch.h"
#include "runtime/sim/check/segment_path.h"

#include <algorithm>
#include <string>
#include <utility>

namespace weir::sim {

namespace {

struct FoundSegment {
    std::int64_t base;
    ByteSpan content;
};

std::vector<FoundSegment> find_segments(const DiskImage& image, std::string_view dir) {
    std::vector<FoundSegment> segments;
    for (const auto& [path, node] : image.files()) {
        const auto segment = parse_segment_path(path);
        if (segment.has_value() && segment->dir == dir && node->size() >= log::kSegmentHeaderSize) {
            segments.push_back(FoundSegment{segment->base, node->content()});
        }
    }
    return segments;
}

}  // namespace

void GhostLog::append(const GhostBatch& batch) {
    WEIR_ASSERT(batch.base == end_);
    WEIR_ASSERT(batch.next > batch.base);
    batches_.push_back(batch);
    end_ = batch.next;
}

void GhostLog::cut(std::int64_t to) {
    while (!batches_.empty() && batches_.back().next > to) {
        batches_.pop_back();
    }
    end_ = batches_.empty() ? std::min(end_, std::max(to, start_)) : batches_.back().next;
    if (to < start_) {
        start_ = end_ = to;
    }
}

const GhostBatch* GhostLog::find(std::int64_t offset) const {
    const auto after = std::upper_bound(
        batches_.begin(), batches_.end(), offset,
        [](std::int64_t value, const GhostBatch& batch) { return value < batch.next; });
    return after == batches_.end() || after->base > offset ? nullptr : &*after;
}

const GhostBatch* GhostLog::last_of(std::int64_t producer_id) const {
    const auto found = std::find_if(
        batches_.rbegin(), batches_.rend(),
        [producer_id](const GhostBatch& batch) { return batch.producer_id == producer_id; });
    return found == batches_.rend() ? nullptr : &*found;
}

std::optional<std::int64_t> GhostLog::first_difference(const GhostLog& other, std::int64_t from,
                                                       std::int64_t to) const {
    while (from < to) {
        const GhostBatch* own = find(from);
        const GhostBatch* theirs = other.find(from);
        if (own == nullptr || theirs == nullptr || *own != *theirs) {
            return from;
        }
        from = own->next;
    }
    return std::nullopt;
}

std::int64_t stored_batches_size_bytes(const DiskImage& image, std::string_view dir) {
    const std::vector<FoundSegment> segments = find_segments(image, dir);
    std::int64_t size_bytes = 0;
    for (std::size_t i = 0; i < segments.size(); ++i) {
        // What lies behind the base of the next one was cut.
        const std::int64_t end = i + 1 < segments.size() ? segments[i + 1].base : INT64_MAX;
        BatchWalker walker(segments[i].content.subspan(log::kSegmentHeaderSize),
                           BatchWalker::Check::header, Offset(segments[i].base));
        while (const auto batch = walker.next()) {
            if (batch->header.next_offset().value() > end) {
                break;
            }
            size_bytes += static_cast<std::int64_t>(batch->bytes.size());
        }
    }
    return size_bytes;
}

GhostLog read_ghost_log(const DiskImage& image, std::string_view dir, std::int64_t log_start,
                        std::int64_t leo) {
    const std::vector<FoundSegment> segments = find_segments(image, dir);
    GhostLog log(log_start);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        // What lies behind the base of the next one was cut.
        const std::int64_t end =
            i + 1 < segments.size() ? std::min(segments[i + 1].base, leo) : leo;
        BatchWalker walker(segments[i].content.subspan(log::kSegmentHeaderSize),
                           BatchWalker::Check::header, Offset(segments[i].base));
        while (const auto batch = walker.next()) {
            const BatchHeader& header = batch->header;
            if (header.next_offset().value() > end) {
                break;
            }
            if (header.base_offset.value() == log.end()) {
                log.append(GhostBatch{header.base_offset.value(), header.next_offset().value(),
                                      header.partition_leader_epoch.value(), header.crc,
                                      header.producer_id, header.producer_epoch,
                                      header.first_sequence});
            }
        }
    }
    return log;
}

}  // namespace weir::sim
