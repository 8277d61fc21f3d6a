#include "core/log/scan.h"

#include "core/base/mutant.h"
#include "core/log/epochs.h"
#include "core/log/format.h"

#include <algorithm>

namespace weir::log {

namespace {

constexpr std::size_t kScanChunkSize = 256U << 10;

bool at_end(const SegmentScan& scan, const ScanBounds& bounds) {
    return bounds.end_offset.has_value() && scan.next_offset >= *bounds.end_offset;
}

// What the batches of one chunk add to the scan.
void take_batches(SegmentScan& scan, BatchWalker& walker, std::uint64_t chunk_position,
                  const ScanBounds& bounds) {
    while (!at_end(scan, bounds)) {
        const auto batch = walker.next();
        if (!batch.has_value()) {
            break;
        }
        scan.index.note(batch->header.base_offset, chunk_position + batch->position,
                        bounds.index_interval_bytes);
        note_batch(scan.epochs, batch->header.partition_leader_epoch, batch->header.base_offset);
        scan.producers.note(batch->header);
        scan.max_time_stamp = std::max(scan.max_time_stamp, batch->header.max_time_stamp);
        scan.next_offset = batch->header.next_offset();
    }
    scan.end_position = chunk_position + walker.position();
    scan.end = walker.end();
    scan.fault = walker.fault();
}

// The bytes needed to get on when `rest` was too short for the batch it begins with; 0 when the
// file cannot hold it.
std::uint64_t needed_size(ByteSpan rest, std::uint64_t remaining) {
    if (rest.size() < kBatchHeaderSize) {
        return remaining < kBatchHeaderSize ? 0 : kBatchHeaderSize;
    }
    const std::uint64_t size = read_batch_header(rest).size_bytes();
    return size > remaining ? 0 : size;
}

}  // namespace

Task<Result<bool>> only_zeros_from(File& file, std::uint64_t position) {
    WEIR_CO_TRY(const std::uint64_t file_size, co_await file.size());
    Bytes chunk(static_cast<std::size_t>(
        std::min<std::uint64_t>(kScanChunkSize, file_size > position ? file_size - position : 0)));
    while (position < file_size) {
        WEIR_CO_TRY(const std::size_t size, co_await file.read_at(FilePosition(position), chunk));
        if (!all_zeros(ByteSpan(chunk).first(size))) {
            co_return false;
        }
        if (size == 0) {
            break;
        }
        position += size;
    }
    co_return true;
}

Task<Result<SegmentScan>> scan_segment(File& file, ScanBounds bounds) {
    SegmentScan scan;
    scan.next_offset = bounds.base_offset;
    scan.end_position = kSegmentHeaderSize;
    WEIR_CO_TRY(scan.file_size_bytes, co_await file.size());
    const auto check = mutant(Mutant::crc_unchecked_at_recovery)
                           ? BatchWalker::Check::header
                           : BatchWalker::Check::header_and_crc;
    Bytes chunk;
    std::uint64_t wanted = kScanChunkSize;
    while (scan.end_position < scan.file_size_bytes && !at_end(scan, bounds)) {
        const std::uint64_t position = scan.end_position;
        const std::uint64_t remaining = scan.file_size_bytes - position;
        chunk.resize(static_cast<std::size_t>(std::min(wanted, remaining)));
        WEIR_CO_TRY(const std::size_t size, co_await file.read_at(FilePosition(position), chunk));
        if (size < chunk.size()) {
            co_return fail(ErrorCode::io_error, "segment shrank while it was scanned");
        }
        const LeaderEpoch epoch_min =
            scan.epochs.empty() ? bounds.previous_epoch : last_epoch(scan.epochs);
        BatchWalker walker(chunk, check, scan.next_offset, epoch_min);
        take_batches(scan, walker, position, bounds);
        if (scan.end == BatchWalker::End::clean || at_end(scan, bounds)) {
            wanted = kScanChunkSize;
            continue;
        }
        // A header that the chunk cuts may begin with zeros, so that is not the end yet either.
        const ByteSpan rest = ByteSpan(chunk).subspan(walker.position());
        const bool cut_by_chunk =
            position + size < scan.file_size_bytes &&
            (scan.end == BatchWalker::End::torn ||
             (scan.end == BatchWalker::End::zeros && rest.size() < kBatchHeaderSize));
        if (cut_by_chunk) {
            wanted = needed_size(rest, scan.file_size_bytes - scan.end_position);
            if (wanted != 0) {
                wanted = std::max<std::uint64_t>(wanted, kScanChunkSize);
                continue;
            }
        }
        if (scan.end != BatchWalker::End::damaged ||
            scan.fault == BatchFault::batch_len_too_small) {
            // Zeros, or zeros and then something, perhaps beyond this chunk.
            WEIR_CO_TRY(const bool zeros, co_await only_zeros_from(file, scan.end_position));
            if (zeros) {
                scan.end = BatchWalker::End::zeros;
                scan.fault = BatchFault::none;
            } else if (scan.end == BatchWalker::End::zeros) {
                scan.end = BatchWalker::End::damaged;
                scan.fault = BatchFault::batch_len_too_small;
            }
        }
        co_return scan;
    }
    scan.end = BatchWalker::End::clean;
    scan.fault = BatchFault::none;
    co_return scan;
}

}  // namespace weir::log
