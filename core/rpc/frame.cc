#include "core/rpc/frame.h"

#include "core/base/mutant.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::rpc {

namespace {

constexpr std::size_t kLengthSize = 4;
// More per receive keeps earlier replies waiting and busies the client (docs/performance.md).
constexpr std::size_t kReceiveSizeMax = 128U << 10;
constexpr std::size_t kSlabSize = kReceiveSizeMax;
// Up to this size a frame's buffer is allocated on its announcement; above, it grows with what
// came.
constexpr std::size_t kTrustedSizeMax = 2U << 20;
// Bounds one gathered write; the kernel takes 1,024 slices at most.
constexpr std::size_t kGatherSizeMax = 1U << 20;
constexpr std::size_t kGatherFramesMax = 256;
// What a connection keeps of the heads it has sent: those of the usual size, as many as are usually
// under way.
constexpr std::size_t kSpareSizeMax = 1024;
constexpr std::size_t kSparesMax = 32;

}  // namespace

FrameReader::FrameReader(Connection& connection, FrameLimits limits)
    : connection_(connection), limits_(limits) {
    WEIR_ASSERT(limits_.payload_size_min <= limits_.payload_size_max);
}

Result<std::uint32_t> FrameReader::announced_size() const {
    WEIR_ASSERT(available() >= kLengthSize);
    const std::uint8_t* p = slab_.data() + begin_;
    const std::uint32_t size = static_cast<std::uint32_t>(p[0]) << 24 |
                               static_cast<std::uint32_t>(p[1]) << 16 |
                               static_cast<std::uint32_t>(p[2]) << 8 | p[3];
    if (size < limits_.payload_size_min || size > limits_.payload_size_max) {
        return fail(ErrorCode::malformed,
                    fmt::format("frame length {} is not in {}..{}", static_cast<std::int32_t>(size),
                                limits_.payload_size_min, limits_.payload_size_max));
    }
    return size;
}

bool FrameReader::has_buffered_frame() const {
    if (available() < kLengthSize) {
        return false;
    }
    const Result<std::uint32_t> size = announced_size();
    return !size.has_value() || available() >= kLengthSize + *size;
}

// Makes the slab hold the unread bytes with room for `needed` bytes in all, or for as many as are
// allocated without trust, and at least one more byte.
void FrameReader::make_room(std::size_t needed) {
    if (begin_ == end_ && slab_.unique()) {
        begin_ = end_ = 0;
    }
    const std::size_t grown = std::max(kTrustedSizeMax, 2 * available());
    const std::size_t wanted = std::max(kSlabSize, std::min(needed, grown));
    if (slab_.size() - begin_ >= wanted ||
        (end_ < slab_.size() && begin_ + needed <= slab_.size())) {
        return;
    }
    const std::size_t unread = available();
    if (slab_.unique() && slab_.size() >= wanted) {
        std::memmove(slab_.data(), slab_.data() + begin_, unread);
    } else {
        Buffer fresh = Buffer::allocate(wanted);
        if (unread > 0) {
            std::memcpy(fresh.data(), slab_.data() + begin_, unread);
        }
        slab_ = std::move(fresh);
    }
    begin_ = 0;
    end_ = unread;
}

Task<Result<std::optional<BufferSlice>>> FrameReader::next(CancelToken token) {
    while (true) {
        std::size_t needed = kLengthSize;
        if (available() >= kLengthSize) {
            WEIR_CO_TRY(const std::uint32_t size, announced_size());
            needed += size;
            if (available() >= needed) {
                BufferSlice payload(slab_, begin_ + kLengthSize, size);
                begin_ += needed;
                co_return std::optional<BufferSlice>(std::move(payload));
            }
        }
        make_room(needed);
        const std::size_t room = std::min(slab_.size() - end_, kReceiveSizeMax);
        const MutByteSpan into(slab_.data() + end_, room);
        const Result<std::size_t> read = co_await connection_.read_some(into, token);
        if (mutant(Mutant::cut_frame_taken_as_whole) && read.value_or(0) == 0 &&
            2 * available() > needed && needed <= slab_.size() - begin_) {
            BufferSlice payload(slab_, begin_ + kLengthSize, needed - kLengthSize);
            begin_ = end_;
            co_return std::optional<BufferSlice>(std::move(payload));
        }
        WEIR_CO_TRY(const std::size_t received, read);
        if (received == 0) {
            if (available() == 0) {
                co_return std::optional<BufferSlice>();
            }
            co_return fail(ErrorCode::connection_closed,
                           fmt::format("peer ended the stream {} bytes into a frame", available()));
        }
        end_ += received;
    }
}

std::uint64_t OutFrame::size_bytes() const {
    std::uint64_t size = head.size() + file_size_bytes;
    for (const BufferSlice& slice : body) {
        size += slice.size();
    }
    return size;
}

FrameWriter::FrameWriter(Connection& connection, Executor& executor)
    : connection_(connection), progress_(executor) {}

void FrameWriter::enqueue(OutFrame frame) {
    WEIR_ASSERT(frame.head.size() >= kLengthSize);
    if (failed_.has_value()) {
        return;
    }
    queued_size_bytes_ += frame.size_bytes();
    ++enqueued_count_;
    queue_.push_back(std::move(frame));
}

Task<Result<void>> FrameWriter::send(OutFrame frame, CancelToken token) {
    enqueue(std::move(frame));
    co_return co_await flush(token);
}

Task<Result<void>> FrameWriter::flush(CancelToken token) {
    const std::uint64_t target = enqueued_count_;
    while (!failed_.has_value() && written_count_ < target) {
        if (writing_) {
            WEIR_CO_CHECK(co_await progress_.wait(token));
            continue;
        }
        writing_ = true;
        Result<void> written = co_await write_queued(token);
        writing_ = false;
        if (!written.has_value()) {
            failed_ = written.error();
            queue_.clear();
            queued_size_bytes_ = 0;
            if (failed_->code != ErrorCode::cancelled && !mutant(Mutant::failed_frame_left_open)) {
                // Part of a frame may be out, and nothing can follow it: a peer that waits for the
                // rest must hear of it.
                connection_.reset();
            }
        }
        progress_.notify_all();
    }
    if (failed_.has_value()) {
        co_return fail(*failed_);
    }
    co_return Result<void>();
}

Task<Result<void>> FrameWriter::write_queued(CancelToken token) {
    while (!queue_.empty()) {
        WEIR_CO_CHECK(co_await write_some(token));
        progress_.notify_all();
    }
    co_return Result<void>();
}

// Writes the longest run of queued frames that ends with a file range or a size limit.
Task<Result<void>> FrameWriter::write_some(CancelToken token) {
    in_flight_.clear();
    std::uint64_t size = 0;
    while (!queue_.empty() && size < kGatherSizeMax && in_flight_.size() < kGatherFramesMax) {
        size += queue_.front().size_bytes();
        in_flight_.push_back(queue_.pop_front());
        if (in_flight_.back().file != nullptr) {
            break;
        }
    }
    slices_.clear();
    for (const OutFrame& frame : in_flight_) {
        slices_.emplace_back(frame.head);
        for (const BufferSlice& slice : frame.body) {
            slices_.push_back(slice.span());
        }
    }
    WEIR_CO_CHECK(co_await connection_.write(slices_, token));
    const OutFrame& last = in_flight_.back();
    if (last.file != nullptr && last.file_size_bytes > 0) {
        std::uint64_t file_size = last.file_size_bytes;
        if (mutant(Mutant::short_send_taken_as_whole)) {
            file_size = std::min(file_size, kGatherSizeMax >> 10U);
        }
        WEIR_CO_CHECK(
            co_await connection_.send_file(*last.file, last.file_position, file_size, token));
    }
    written_count_ += in_flight_.size();
    queued_size_bytes_ -= size;
    keep_spares();
    in_flight_.clear();
    co_return Result<void>();
}

// The frames in flight are written: nobody looks at their heads any more.
void FrameWriter::keep_spares() {
    for (OutFrame& frame : in_flight_) {
        if (spares_.size() < kSparesMax && frame.head.capacity() <= kSpareSizeMax) {
            frame.head.clear();
            spares_.push_back(std::move(frame.head));
        }
    }
}

Bytes FrameWriter::take_spare() {
    if (spares_.empty()) {
        return Bytes();
    }
    Bytes spare = std::move(spares_.back());
    spares_.pop_back();
    return spare;
}

}  // namespace weir::rpc
