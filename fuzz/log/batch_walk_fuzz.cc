// Any bytes through the batch walk: what it gives lies inside the range, is well formed, one after
// the other, and ends where it says.
#include "core/model/batch.h"

#include <cstddef>
#include <cstdint>

namespace {

using weir::BatchFault;
using weir::BatchWalker;
using weir::ByteSpan;

void check_walk(ByteSpan range, BatchWalker walker, bool is_crc_checked) {
    std::size_t position = 0;
    while (const auto batch = walker.next()) {
        WEIR_ASSERT(batch->position == position);
        WEIR_ASSERT(batch->bytes.data() == range.data() + position);
        WEIR_ASSERT(batch->bytes.size() == batch->header.size_bytes());
        WEIR_ASSERT(weir::check_batch_shape(batch->bytes) == BatchFault::none);
        WEIR_ASSERT(batch->header.record_count() >= 1);
        WEIR_ASSERT(batch->header.payload_start() <= batch->bytes.size());
        WEIR_ASSERT(!is_crc_checked || weir::batch_crc_matches(batch->bytes));
        position += batch->bytes.size();
        WEIR_ASSERT(position <= range.size());
    }
    WEIR_ASSERT(walker.position() == position);
    const ByteSpan rest = range.subspan(position);
    switch (walker.end()) {
        case BatchWalker::End::clean: WEIR_ASSERT(rest.empty()); break;
        case BatchWalker::End::zeros: WEIR_ASSERT(weir::all_zeros(rest)); break;
        case BatchWalker::End::torn:
        case BatchWalker::End::damaged: WEIR_ASSERT(walker.fault() != BatchFault::none); break;
        case BatchWalker::End::not_reached: WEIR_ASSERT(false); break;
    }
    WEIR_ASSERT(!walker.next().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteSpan range(data, size);
    check_walk(range, BatchWalker(range, BatchWalker::Check::header), false);
    check_walk(range, BatchWalker(range, BatchWalker::Check::header_and_crc), true);
    check_walk(range, BatchWalker(range, BatchWalker::Check::header, weir::Offset(0)), false);
    if (size >= weir::kBatchHeaderSize) {
        // Reading and writing a header are inverse, whatever the bytes.
        weir::Bytes copy(weir::kBatchHeaderSize);
        weir::write_batch_header(copy, weir::read_batch_header(range));
        WEIR_ASSERT(weir::Bytes(data, data + weir::kBatchHeaderSize) == copy);
        if (weir::check_batch_shape(range) == BatchFault::none) {
            const auto header = weir::read_batch_header(range);
            weir::Bytes batch(data, data + header.size_bytes());
            weir::set_batch_base_offset(batch, weir::Offset(77));
            WEIR_ASSERT(weir::batch_crc_matches(batch) ==
                        weir::batch_crc_matches(range.first(header.size_bytes())));
        }
    }
    return 0;
}
