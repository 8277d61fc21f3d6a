// Reading: from the tail cache, or a range of a segment's file.

#include "core/log/log_impl.h"
#include "core/model/batch.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::log {

namespace {

// The headers of the batches in a file, read through a window.
class HeaderCursor {
public:
    HeaderCursor(std::shared_ptr<File> file, std::string path, const Segment& segment)
        : file_(std::move(file)),
          path_(std::move(path)),
          end_position_(segment.end_position),
          end_offset_(segment.next_offset) {}

    // Of the batch at `position`, which must start at `expected`, be all there, and end within the
    // segment: a count that says otherwise would hide the batch from every reader below it.
    Task<Result<BatchHeader>> at(std::uint64_t position, Offset expected);

private:
    static constexpr std::size_t kWindowSize = 16U << 10;
    std::shared_ptr<File> file_;
    std::string path_;
    std::uint64_t end_position_;
    Offset end_offset_;
    Buffer window_;
    std::size_t window_size_ = 0;  // how much of it is filled
    std::uint64_t window_start_ = 0;
};

Task<Result<BatchHeader>> HeaderCursor::at(std::uint64_t position, Offset expected) {
    const bool in_window =
        position >= window_start_ && position + kBatchHeaderSize <= window_start_ + window_size_;
    if (!in_window && position < end_position_) {
        window_start_ = position;
        window_size_ = 0;
        const auto wanted = static_cast<std::size_t>(
            std::min<std::uint64_t>(kWindowSize, end_position_ - position));
        if (window_.size() < wanted) {
            window_ = Buffer::allocate(wanted);
        }
        const MutByteSpan into = window_.span().first(wanted);
        WEIR_CO_TRY(window_size_, co_await file_->read_at(FilePosition(position), into));
    }
    const ByteSpan rest = position < end_position_
                              ? window_.span()
                                    .first(window_size_)
                                    .subspan(static_cast<std::size_t>(position - window_start_))
                              : ByteSpan();
    BatchFault fault = BatchFault::header_incomplete;
    if (rest.size() >= kBatchHeaderSize) {
        const BatchHeader header = read_batch_header(rest);
        fault = check_batch_header(header);
        if (fault == BatchFault::none && header.base_offset != expected) {
            fault = BatchFault::offset_gap;
        }
        if (fault == BatchFault::none && header.next_offset() > end_offset_) {
            fault = BatchFault::offset_gap;
        }
        if (fault == BatchFault::none && header.size_bytes() > end_position_ - position) {
            fault = BatchFault::body_incomplete;
        }
        if (fault == BatchFault::none) {
            co_return header;
        }
    }
    co_return fail(ErrorCode::corrupt,
                   fmt::format("segment {} position {}: {}", path_, position, to_string(fault)));
}

LogSlice nothing_at(Offset offset) {
    LogSlice nothing;
    nothing.base_offset = nothing.next_offset = offset;
    return nothing;
}

// Checksums, the chain, and (when there is a lineage) that each batch has the epoch that wrote it.
Result<void> check_batches(ByteSpan bytes, const LogSlice& slice, const Lineage* lineage,
                           const std::string& where) {
    BatchWalker walker(bytes, BatchWalker::Check::header_and_crc, slice.base_offset);
    Offset next = slice.base_offset;
    std::size_t position = 0;
    while (const auto batch = walker.next()) {
        if (lineage != nullptr &&
            batch->header.partition_leader_epoch != epoch_at(*lineage, next)) {
            return fail(ErrorCode::corrupt,
                        fmt::format("{}: offset {} (position {}): not the epoch that wrote it",
                                    where, next.value(), slice.file_position.value() + position));
        }
        next = batch->header.next_offset();
        position = walker.position();
    }
    if (next != slice.next_offset || walker.end() != BatchWalker::End::clean) {
        return fail(ErrorCode::corrupt,
                    fmt::format("{}: offset {} (position {}): {}", where, next.value(),
                                slice.file_position.value() + position, to_string(walker.fault())));
    }
    return {};
}

}  // namespace

Result<void> LogImpl::check_readable(Offset offset) const {
    if (ending_) {
        return fail(ErrorCode::unavailable, dir_ + ": closed");
    }
    if (offset < log_start_) {
        return fail(ErrorCode::offset_evicted,
                    fmt::format("{}: offset {} is below the log start {}", dir_, offset.value(),
                                log_start_.value()));
    }
    if (offset > leo_) {
        return fail(ErrorCode::offset_out_of_range,
                    fmt::format("{}: offset {} is above the log end {}", dir_, offset.value(),
                                leo_.value()));
    }
    return {};
}

Task<Result<LogSlice>> LogImpl::read(ReadRequest request) {
    const Operation operation(*this);
    note_use();
    WEIR_CO_CHECK(check_readable(request.offset));
    request.limit = std::min(request.limit, leo_);
    if (request.offset >= request.limit) {
        co_return nothing_at(request.offset);
    }
    if (env_.probe.fault(FaultPoint::log_read_one_batch)) {
        request.size_bytes_max = 1;
    }
    if (!tail_.empty() && request.offset >= tail_.base_offset() &&
        !env_.probe.fault(FaultPoint::log_cache_bypassed)) {
        ++stats_.tail_read_count;
        co_return read_tail(request);
    }
    while (cutting_) {
        WEIR_CO_CHECK(co_await on_idle_.wait());
        WEIR_CO_CHECK(check_readable(request.offset));
        request.limit = std::min(request.limit, leo_);
        if (request.offset >= request.limit) {
            co_return nothing_at(request.offset);
        }
    }
    ++stats_.file_read_count;
    auto slice = co_await read_file(request);
    if (!slice.has_value() && request.offset < log_start_) {
        // Deleted while it was being read.
        env_.probe.reached(Sometimes::log_evicted_while_reading);
        WEIR_CO_CHECK(check_readable(request.offset));
    }
    co_return slice;
}

LogSlice LogImpl::read_tail(const ReadRequest& request) {
    LogSlice slice;
    const TailCache::Read read =
        tail_.read(request.offset, request.limit, request.size_bytes_max, slice.body);
    slice.base_offset = read.base_offset;
    slice.next_offset = read.next_offset;
    slice.size_bytes = read.size_bytes;
    return slice;
}

std::shared_ptr<Segment> LogImpl::segment_of(Offset offset) const {
    const auto after = std::upper_bound(
        segments_.begin(), segments_.end(), offset,
        [](Offset o, const std::shared_ptr<Segment>& segment) { return o < segment->base_offset; });
    WEIR_ASSERT(after != segments_.begin());
    return *(after - 1);
}

// Several readers may open the same file at once; the first to finish is kept.
Task<Result<std::shared_ptr<File>>> LogImpl::open_file(std::shared_ptr<Segment> segment) {
    if (segment->file != nullptr) {
        co_return segment->file;
    }
    const OpenMode mode = segment == active() ? OpenMode::read_write : OpenMode::read_only;
    const std::string path = path_of(*segment);
    WEIR_CO_TRY(std::unique_ptr<File> opened, co_await env_.disk.open(path, mode));
    const std::shared_ptr<File> file = std::move(opened);
    Bytes bytes(kSegmentHeaderSize);
    WEIR_CO_TRY(const std::size_t size, co_await file->read_at(FilePosition(0), bytes));
    WEIR_CO_CHECK(check_segment_header(ByteSpan(bytes).first(size), *segment));
    if (segment->file == nullptr) {
        segment->file = file;
    }
    co_return segment->file;
}

Result<void> LogImpl::check_segment_header(ByteSpan bytes, const Segment& segment) const {
    const auto header = decode_segment_header(bytes);
    if (!header.has_value() || header->identity != config_.identity ||
        header->base_offset != segment.base_offset) {
        return fail(
            ErrorCode::corrupt,
            fmt::format("segment {} position 0: not the header expected", path_of(segment)));
    }
    return {};
}

std::string LogImpl::path_of(const Segment& segment) const {
    return join_path(dir_, segment_file_name(segment.base_offset));
}

Task<Result<LogSlice>> LogImpl::read_file(ReadRequest request) {
    const FileReader reader(*this);
    const std::shared_ptr<Segment> segment = segment_of(request.offset);
    WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file(segment));
    if (!segment->index.has_value()) {
        WEIR_CO_CHECK(co_await load_index(env_.disk, dir_, config_, segment));
    }
    WEIR_CO_TRY(LogSlice slice, co_await read_segment(segment, file, request));
    if (!slice.empty()) {
        slice.file = file;
    }
    co_return slice;
}

// Finds the range: from the batch that holds the offset to the last batch within the bounds. The
// index gives both ends where it can, and the headers in the file the rest. Not through
// segment->file: retention closes that when it deletes the segment.
Task<Result<LogSlice>> LogImpl::read_segment(std::shared_ptr<Segment> segment,
                                             std::shared_ptr<File> file, ReadRequest request) {
    const std::uint64_t end_position = segment->end_position;
    const Offset end_offset = segment->next_offset;
    HeaderCursor cursor(std::move(file), path_of(*segment), *segment);
    std::uint64_t position = kSegmentHeaderSize;
    Offset base = segment->base_offset;
    const auto entry = segment->index->at_or_before(request.offset);
    if (entry.has_value()) {
        position = entry->position;
        base = entry->offset;
    }
    while (base != request.offset) {
        WEIR_CO_TRY(const BatchHeader header, co_await cursor.at(position, base));
        if (header.next_offset() > request.offset) {
            break;
        }
        position += header.size_bytes();
        base = header.next_offset();
    }
    LogSlice slice;
    slice.base_offset = slice.next_offset = base;
    slice.file_position = FilePosition(position);
    const std::uint64_t size_max = std::min(request.size_bytes_max, end_position - position);
    if (end_offset <= request.limit && size_max == end_position - position) {
        slice.next_offset = end_offset;
        slice.size_bytes = end_position - position;
        co_return slice;
    }
    const auto last = segment->index->last_within(position + size_max, request.limit);
    if (last.has_value() && last->position > position) {
        slice.next_offset = last->offset;
        slice.size_bytes = last->position - position;
        co_return slice;
    }
    while (position + slice.size_bytes < end_position) {
        auto header = co_await cursor.at(position + slice.size_bytes, slice.next_offset);
        if (!header.has_value()) {
            if (slice.empty()) {
                co_return fail(std::move(header).error());
            }
            break;  // what comes before is whole; the next read reports it
        }
        const std::uint64_t size = slice.size_bytes + header->size_bytes();
        if (header->next_offset() > request.limit || (!slice.empty() && size > size_max)) {
            break;
        }
        slice.size_bytes = size;
        slice.next_offset = header->next_offset();
    }
    co_return slice;
}

Task<Result<BufferSlice>> LogImpl::read_checked(ReadRequest request) {
    const Operation operation(*this);
    WEIR_CO_TRY(const LogSlice slice, co_await read(request));
    if (slice.empty()) {
        co_return BufferSlice();
    }
    const std::uint64_t cut_count = cut_count_;
    BufferSlice bytes;
    if (slice.body.size() == 1) {
        bytes = slice.body.front();
    } else {
        bytes = BufferSlice(Buffer::allocate(static_cast<std::size_t>(slice.size_bytes)));
        std::size_t at = 0;
        for (const BufferSlice& part : slice.body) {
            const ByteSpan from = part.span();
            std::copy(from.begin(), from.end(), bytes.mutable_span().subspan(at).begin());
            at += from.size();
        }
    }
    if (slice.file != nullptr) {
        WEIR_CO_TRY(const std::size_t size,
                    co_await slice.file->read_at(slice.file_position, bytes.mutable_span()));
        bytes = bytes.sub(0, size);
    }
    // What was removed since then has no place and no lineage to compare with any more.
    const bool still_there = slice.base_offset >= log_start_ && cut_count == cut_count_;
    const std::string where = still_there ? path_of(*segment_of(slice.base_offset)) : dir_;
    WEIR_CO_CHECK(check_batches(bytes.span(), slice, still_there ? &lineage_ : nullptr, where));
    co_return bytes;
}

}  // namespace weir::log
