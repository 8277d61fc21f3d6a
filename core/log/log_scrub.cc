// Scrubbing: reading what nobody reads, so that damage is found while other copies are whole.

#include "core/log/log_impl.h"
#include "core/model/batch.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::log {

namespace {

// Of one read.
constexpr std::uint64_t kPartSizeMax = 1U << 20;

}  // namespace

// The segment that the cursor is in or before, with the cursor moved into it; null when there is
// none. The active one counts up to what is written.
std::shared_ptr<Segment> LogImpl::segment_to_scrub(ScrubCursor& cursor) const {
    if (cursor.cut_count != cut_count_) {
        cursor = ScrubCursor();
        cursor.cut_count = cut_count_;
    }
    for (const std::shared_ptr<Segment>& segment : segments_) {
        const bool inside = cursor.segment_base == segment->base_offset && cursor.position != 0;
        if (inside && cursor.position < segment->end_position) {
            return segment;
        }
        if (!inside && cursor.segment_base <= segment->base_offset) {
            cursor.segment_base = cursor.offset = segment->base_offset;
            cursor.position = kSegmentHeaderSize;
            return segment;
        }
    }
    return nullptr;
}

Task<Result<ScrubStep>> LogImpl::scrub(ScrubCursor from, std::uint64_t size_bytes_max) {
    const Operation operation(*this);
    ScrubStep step;
    step.next = from;
    while (true) {
        while (cutting_) {
            WEIR_CO_CHECK(co_await on_idle_.wait());
        }
        if (ending_) {
            co_return fail(ErrorCode::unavailable, dir_ + ": closed");
        }
        if (step.read_bytes != 0 && step.read_bytes >= size_bytes_max) {
            co_return step;
        }
        const std::shared_ptr<Segment> segment = segment_to_scrub(step.next);
        if (segment == nullptr) {
            step.next = ScrubCursor();
            step.finished = true;
            co_return step;
        }
        const std::uint64_t left = size_bytes_max - std::min(size_bytes_max, step.read_bytes);
        auto read = co_await scrub_part(segment, step.next, left);
        if (!read.has_value()) {
            if (segment->base_offset < log_start_) {
                continue;  // retention took it meanwhile
            }
            co_return fail(std::move(read).error());
        }
        step.read_bytes += read->position - step.next.position;
        step.next = *read;
    }
}

// From the cursor on, in one read; the cursor after the last good batch.
Task<Result<ScrubCursor>> LogImpl::scrub_part(std::shared_ptr<Segment> segment, ScrubCursor cursor,
                                              std::uint64_t size_bytes_max) {
    const FileReader reader(*this);
    const std::string path = path_of(*segment);
    WEIR_CO_TRY(const std::unique_ptr<File> file,
                co_await env_.disk.open(path, OpenMode::read_only));
    if (cursor.position == kSegmentHeaderSize) {
        Bytes header(kSegmentHeaderSize);
        WEIR_CO_TRY(const std::size_t size, co_await file->read_at(FilePosition(0), header));
        WEIR_CO_CHECK(check_segment_header(ByteSpan(header).first(size), *segment));
    }
    // The active segment grows meanwhile.
    const std::uint64_t end_position = segment->end_position;
    const Offset end_offset = segment->next_offset;
    const std::uint64_t start = cursor.position;
    const std::uint64_t left = end_position - start;
    if (left == 0) {
        co_return cursor;
    }
    std::uint64_t size =
        std::min(left, std::clamp<std::uint64_t>(size_bytes_max, kBatchHeaderSize, kPartSizeMax));
    while (true) {
        Bytes bytes(static_cast<std::size_t>(size));
        WEIR_CO_TRY(const std::size_t got, co_await file->read_at(FilePosition(start), bytes));
        BatchWalker walker(ByteSpan(bytes).first(got), BatchWalker::Check::header_and_crc,
                           cursor.offset);
        bool right_epoch = true;
        while (right_epoch) {
            const auto batch = walker.next();
            if (!batch.has_value()) {
                break;
            }
            right_epoch = cursor.offset < log_start_ ||
                          batch->header.partition_leader_epoch == epoch_at(lineage_, cursor.offset);
            if (right_epoch) {
                cursor.position = start + walker.position();
                cursor.offset = batch->header.next_offset();
            }
        }
        const bool at_end = cursor.position == end_position;
        if (cursor.position > start && (!at_end || cursor.offset == end_offset)) {
            co_return cursor;
        }
        // Perhaps only the first batch is larger than what was read.
        const std::uint64_t needed =
            got >= kBatchHeaderSize ? read_batch_header(bytes).size_bytes() : 0;
        if (walker.end() != BatchWalker::End::torn || needed <= size || needed > left) {
            const std::string_view what =
                right_epoch ? to_string(walker.fault()) : "not the epoch that wrote it";
            co_return fail(ErrorCode::corrupt,
                           fmt::format("segment {} position {}: {}", path, cursor.position, what));
        }
        size = needed;
    }
}

}  // namespace weir::log
