// The newest batches of a log, in memory: what tail readers get without touching a file.
//
// Owned by one Log; holds a run of offsets without gaps that ends at the log's end. Small appends
// are copied together into chunks, so that neither a large receive buffer is kept alive by a small
// batch nor a reader gets many tiny slices; large ones are shared as received. Slices given out
// stay valid whatever the cache does afterwards. One shard.
#pragma once

#include "core/base/bytes.h"
#include "core/base/ids.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace weir::log {

class TailCache {
public:
    explicit TailCache(std::size_t size_bytes_max) : size_bytes_max_(size_bytes_max) {}

    // Batches [base, next) that were written; base is where the cache ends, or the cache is empty.
    void push(Offset base_offset, Offset next_offset, const BufferSlice& batches);
    void clear();

    bool empty() const { return entries_.empty(); }
    // Meaningful when not empty.
    Offset base_offset() const { return entries_.front().base_offset; }
    std::size_t size_bytes() const { return size_bytes_; }

    struct Read {
        Offset base_offset;
        Offset next_offset;
        std::uint64_t size_bytes = 0;
    };
    // Whole batches from the one that contains `offset` up to `limit` and about `size_bytes_max`
    // (at least one), appended to `body`. The cache must hold `offset`. Size 0: nothing whole lies
    // below the limit.
    Read read(Offset offset, Offset limit, std::uint64_t size_bytes_max,
              std::vector<BufferSlice>& body) const;

private:
    struct Entry {
        Offset base_offset;
        Offset next_offset;
        BufferSlice batches;
    };
    BufferSlice keep(const BufferSlice& batches);
    BufferSlice copy_to_chunk(const BufferSlice& batches);
    void evict();

    std::size_t size_bytes_max_;
    std::size_t size_bytes_ = 0;
    std::deque<Entry> entries_;
    Buffer chunk_;
    std::size_t chunk_used_ = 0;
    // A chunk that nobody uses any more, kept for the next time.
    Buffer spare_;
};

}  // namespace weir::log
