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
    for (std::size_t at = 0; at + kCheckpointSlotSize <= size; at += kCheckpointSlotSize) {
        auto slot = decode_checkpoint_slot(ByteSpan(bytes).subspan(at, kCheckpointSlotSize));
        if (!slot.has_value()) {
            if (slot.error().code == ErrorCode::not_supported) {
                co_return fail(std::move(slot).error());
            }
            const ByteSpan bytes_of_slot = ByteSpan(bytes).subspan(at, kCheckpointSlotSize);
            damaged_slot_count_ += all_zeros(bytes_of_slot) ? 0U : 1U;
            continue;
        }
        if (!newest.has_value() || slot->sequence > newest->sequence) {
            newest = *slot;
        }
    }
    sequence_ = newest.has_value() ? newest->sequence : 0;
    co_return newest;
}

Task<Result<void>> CheckpointFile::write(Checkpoint checkpoint, Sync sync) {
    WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file());
    // A failed write leaves its slot in doubt: the next attempt takes the same slot again and
    // leaves the other one alone.
    checkpoint.sequence = sequence_ + 1;
    const Bytes slot = encode_checkpoint_slot(checkpoint);
    const std::array<ByteSpan, 1> slices = {ByteSpan(slot)};
    const std::uint64_t position = (checkpoint.sequence % 2) * kCheckpointSlotSize;
    WEIR_CO_CHECK(co_await file->write_at(FilePosition(position), slices));
    if (sync == Sync::yes) {
        WEIR_CO_CHECK(co_await file->sync_data());
    }
    sequence_ = checkpoint.sequence;
    co_return Result<void>();
}

}  // namespace weir::log
