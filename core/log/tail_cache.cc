#include "core/log/tail_cache.h"

#include "core/model/batch.h"

#include <algorithm>
#include <cstring>

namespace weir::log {

namespace {

constexpr std::size_t kChunkSize = 64U << 10;
// Appends up to this are copied; copying costs less than handling them apart later.
constexpr std::size_t kCopySizeMax = 16U << 10;
// What an entry itself takes, counted so that tiny batches stay within the limit, too.
constexpr std::size_t kEntryCost = 64;

// Two slices of one buffer, the second right after the first, as one.
bool join(BufferSlice& first, const BufferSlice& second) {
    const ByteSpan a = first.span();
    if (a.data() + a.size() != second.span().data()) {
        return false;
    }
    return first.extend_within_buffer(second.size());
}

}  // namespace

void TailCache::clear() {
    entries_.clear();
    size_bytes_ = 0;
    chunk_ = Buffer();
    chunk_used_ = 0;
    spare_ = Buffer();
}

BufferSlice TailCache::copy_to_chunk(const BufferSlice& batches) {
    if (!chunk_ || chunk_.size() - chunk_used_ < batches.size()) {
        chunk_ = spare_ ? std::move(spare_) : Buffer::allocate(kChunkSize);
        spare_ = Buffer();
        chunk_used_ = 0;
    }
    std::memcpy(chunk_.data() + chunk_used_, batches.span().data(), batches.size());
    BufferSlice copy(chunk_, chunk_used_, batches.size());
    chunk_used_ += batches.size();
    return copy;
}

BufferSlice TailCache::keep(const BufferSlice& batches) {
    if (batches.size() <= kCopySizeMax) {
        return copy_to_chunk(batches);
    }
    if (batches.size() * 2 < batches.buffer_size()) {
        // Sharing would keep more than twice of it alive.
        return BufferSlice(Buffer::copy_of(batches.span()));
    }
    return batches;
}

void TailCache::push(Offset base_offset, Offset next_offset, const BufferSlice& batches) {
    if (!entries_.empty() && entries_.back().next_offset != base_offset) {
        clear();
    }
    if (batches.size() > size_bytes_max_) {
        clear();
        return;
    }
    entries_.push_back(Entry{base_offset, next_offset, keep(batches)});
    size_bytes_ += batches.size() + kEntryCost;
    evict();
}

void TailCache::evict() {
    while (size_bytes_ > size_bytes_max_ && !entries_.empty()) {
        const std::size_t size = entries_.front().batches.size();
        Buffer buffer = entries_.front().batches.release_buffer();
        entries_.pop_front();
        size_bytes_ -= size + kEntryCost;
        if (!spare_ && buffer.unique() && buffer.size() == kChunkSize) {
            spare_ = std::move(buffer);
        }
    }
}

TailCache::Read TailCache::read(Offset offset, Offset limit, std::uint64_t size_bytes_max,
                                std::vector<BufferSlice>& body) const {
    WEIR_ASSERT(!entries_.empty());
    WEIR_ASSERT(offset >= entries_.front().base_offset);
    WEIR_ASSERT(offset < entries_.back().next_offset);
    auto entry = std::upper_bound(
        entries_.begin(), entries_.end(), offset,
        [](Offset o, const Entry& candidate) { return o < candidate.base_offset; });
    --entry;
    Read result{offset, offset, 0};
    for (; entry != entries_.end(); ++entry) {
        BatchWalker walker(entry->batches.span(), BatchWalker::Check::header);
        while (const auto batch = walker.next()) {
            const Offset batch_next = batch->header.next_offset();
            if (batch_next <= offset) {
                continue;
            }
            const std::size_t size = batch->bytes.size();
            if (batch_next > limit ||
                (result.size_bytes != 0 && result.size_bytes + size > size_bytes_max)) {
                return result;
            }
            if (result.size_bytes == 0) {
                result.base_offset = batch->header.base_offset;
            }
            BufferSlice slice = entry->batches.sub(batch->position, size);
            if (body.empty() || !join(body.back(), slice)) {
                body.push_back(std::move(slice));
            }
            result.size_bytes += size;
            result.next_offset = batch_next;
        }
    }
    return result;
}

}  // namespace weir::log
