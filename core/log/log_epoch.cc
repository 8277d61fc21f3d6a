// Who may append, and what a follower appends.

#include "core/base/mutant.h"
#include "core/log/log_impl.h"
#include "core/model/batch.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace weir::log {

namespace {

// Mutant::replica_batch_changed: whole batches, and the first is not what the leader has.
BufferSlice with_another_time(const BufferSlice& batches) {
    BufferSlice copy(Buffer::copy_of(batches.span()));
    BatchHeader header = read_batch_header(copy.span());
    ++header.max_time_stamp;
    write_batch_header(copy.mutable_span(), header);
    header.crc = compute_batch_crc(copy.mutable_span().first(header.size_bytes()));
    write_batch_header(copy.mutable_span(), header);
    return copy;
}

}  // namespace

// The second condition is for a log that was opened with batches of an epoch and for which nobody
// has begun one since.
Result<void> LogImpl::check_right(LeaderEpoch epoch, AppendRole role) const {
    const bool current = epoch == append_epoch_ && role == append_role_;
    if ((!current || epoch < assigned_epoch_) && !mutant(Mutant::epoch_token_unchecked)) {
        return fail(ErrorCode::not_leader,
                    fmt::format("{}: append in epoch {}, the log is in epoch {}", dir_,
                                epoch.value(), std::max(append_epoch_, assigned_epoch_).value()));
    }
    return {};
}

Task<Result<void>> LogImpl::begin_epoch(LeaderEpoch epoch, AppendRole role) {
    const Operation operation(*this);
    if (ending_ || failed_) {
        co_return fail(ErrorCode::unavailable, fmt::format("{}: {}", dir_, to_string(state())));
    }
    const bool same = epoch == append_epoch_ && role == append_role_;
    if (epoch < assigned_epoch_ || (!same && epoch <= append_epoch_)) {
        co_return fail(ErrorCode::invalid_argument,
                       fmt::format("{}: epoch {} cannot begin after {}", dir_, epoch.value(),
                                   std::max(append_epoch_, assigned_epoch_).value()));
    }
    append_epoch_ = epoch;
    append_role_ = role;
    const std::uint64_t last = assigned_sequence_;
    while (written_sequence_ < last && !ended_) {
        WEIR_CO_CHECK(co_await on_written_.wait());
    }
    if (written_sequence_ < last) {
        co_return fail(ErrorCode::unavailable, dir_ + ": closed");
    }
    co_return Result<void>();
}

Result<LogImpl::BatchesEnd> LogImpl::check_replicated(const BufferSlice& batches,
                                                      LeaderEpoch epoch) const {
    if (batches.size() < kBatchHeaderSize) {
        return fail(ErrorCode::corrupt, dir_ + ": append: not a whole batch");
    }
    Offset base_offset = read_batch_header(batches.span()).base_offset;
    if (base_offset != assigned_end_ && !mutant(Mutant::replica_base_unchecked)) {
        return fail(ErrorCode::offset_out_of_range,
                    fmt::format("{}: append at {}, the log ends at {}", dir_, base_offset.value(),
                                assigned_end_.value()));
    }
    BatchWalker walker(batches.span(), BatchWalker::Check::header_and_crc, base_offset,
                       assigned_epoch_);
    BatchesEnd end{base_offset, assigned_epoch_};
    while (const auto batch = walker.next()) {
        end = BatchesEnd{batch->header.next_offset(), batch->header.partition_leader_epoch};
    }
    if (walker.end() != BatchWalker::End::clean || end.epoch > epoch) {
        return fail(
            ErrorCode::corrupt,
            fmt::format("{}: append at {}: {}, epoch {} in {}", dir_, end.next_offset.value(),
                        to_string(walker.fault()), end.epoch.value(), epoch.value()));
    }
    return end;
}

Result<Appended> LogImpl::append_replicated(BufferSlice batches, LeaderEpoch epoch) {
    WEIR_CHECK(check_accepts(batches.size()));
    WEIR_CHECK(check_right(epoch, AppendRole::follower));
    WEIR_TRY(const BatchesEnd end, check_replicated(batches, epoch));
    if (mutant(Mutant::replica_batch_changed)) {
        batches = with_another_time(batches);
    }
    return enqueue(std::move(batches), end);
}

}  // namespace weir::log
