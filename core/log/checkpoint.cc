#include "core/log/checkpoint.h"

#include "core/base/mutant.h"
#include "core/model/batch.h"

#include <utility>
#include <vector>

namespace weir::log {

Task<Result<std::optional<Checkpoint>>> CheckpointFile::read() {
    WEIR_CO_TRY(const std::vector<Bytes> slots, co_await file_.read());
    std::optional<Checkpoint> newest;
    for (std::size_t slot = 0; slot < slots.size(); ++slot) {
        auto checkpoint = decode_checkpoint_slot(slots[slot]);
        if (!checkpoint.has_value()) {
            if (checkpoint.error().code == ErrorCode::not_supported) {
                co_return fail(std::move(checkpoint).error());
            }
            damaged_slot_count_ += all_zeros(slots[slot]) ? 0U : 1U;
            continue;
        }
        if (!newest.has_value() || checkpoint->sequence > newest->sequence) {
            newest = *checkpoint;
            kept_slot_ = slot;
        }
    }
    sequence_ = newest.has_value() ? newest->sequence : 0;
    unsettled_ = newest;
    co_return newest;
}

Task<Result<void>> CheckpointFile::settle() {
    if (unsettled_.has_value()) {
        // The same bytes over themselves cannot be torn, and if the disk holds something else
        // there, the other slot holds what was synced last.
        Bytes slot = encode_checkpoint_slot(*unsettled_);
        WEIR_CO_CHECK(co_await file_.write(kept_slot_, std::move(slot), Sync::yes));
        unsettled_.reset();
    }
    co_return Result<void>();
}

Task<Result<void>> CheckpointFile::write(Checkpoint checkpoint, Sync sync) {
    WEIR_CO_CHECK(co_await settle());
    const std::size_t index =
        mutant(Mutant::synced_checkpoint_covered) ? (sequence_ + 1) % 2 : 1 - kept_slot_;
    checkpoint.sequence = sequence_ + 1;
    Bytes slot = encode_checkpoint_slot(checkpoint);
    WEIR_CO_CHECK(co_await file_.write(index, std::move(slot), sync));
    sequence_ = checkpoint.sequence;
    if (sync == Sync::yes) {
        kept_slot_ = index;
    }
    co_return Result<void>();
}

}  // namespace weir::log
