#include "core/log/checkpoint.h"

#include "core/model/batch.h"

#include <array>
#include <utility>

namespace weir::log {

Task<Result<std::shared_ptr<File>>> CheckpointFile::open_file() {
    if (file_ == nullptr) {
        WEIR_CO_TRY(std::unique_ptr<File> file,
                    co_await disk_.open(path_, OpenMode::open_or_create));
        file_ = std::move(file);
    }
    co_return file_;
}

Task<Result<std::optional<Checkpoint>>> CheckpointFile::read() {
    auto opened = co_await disk_.open(path_, OpenMode::read_only);
    if (!opened.has_value()) {
        if (opened.error().code == ErrorCode::not_found) {
            co_return std::optional<Checkpoint>();
        }
        co_return fail(std::move(opened).error());
    }
    const std::unique_ptr<File> file = *std::move(opened);
    Bytes bytes(kCheckpointFileSize);
    WEIR_CO_TRY(const std::size_t size, co_await file->read_at(FilePosition(0), bytes));
    std::optional<Checkpoint> newest;
    for (std::size_t slot = 0; (slot + 1) * kCheckpointSlotSize <= size; ++slot) {
        const ByteSpan slot_bytes =
            ByteSpan(bytes).subspan(slot * kCheckpointSlotSize, kCheckpointSlotSize);
        auto checkpoint = decode_checkpoint_slot(slot_bytes);
        if (!checkpoint.has_value()) {
            if (checkpoint.error().code == ErrorCode::not_supported) {
                co_return fail(std::move(checkpoint).error());
            }
            damaged_slot_count_ += all_zeros(slot_bytes) ? 0U : 1U;
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
        WEIR_CO_CHECK(co_await write_slot(kept_slot_, *unsettled_, Sync::yes));
        unsettled_.reset();
    }
    co_return Result<void>();
}

Task<Result<void>> CheckpointFile::write(Checkpoint checkpoint, Sync sync) {
    WEIR_CO_CHECK(co_await settle());
    const std::size_t slot = 1 - kept_slot_;
    checkpoint.sequence = sequence_ + 1;
    WEIR_CO_CHECK(co_await write_slot(slot, checkpoint, sync));
    sequence_ = checkpoint.sequence;
    if (sync == Sync::yes) {
        kept_slot_ = slot;
    }
    co_return Result<void>();
}

Task<Result<void>> CheckpointFile::write_slot(std::size_t slot, Checkpoint checkpoint, Sync sync) {
    WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file());
    const Bytes bytes = encode_checkpoint_slot(checkpoint);
    const std::array<ByteSpan, 1> slices = {ByteSpan(bytes)};
    WEIR_CO_CHECK(co_await file->write_at(FilePosition(slot * kCheckpointSlotSize), slices));
    if (sync == Sync::yes) {
        WEIR_CO_CHECK(co_await file->sync_data());
    }
    co_return Result<void>();
}

}  // namespace weir::log
