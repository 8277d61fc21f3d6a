#include "core/log/slot_file.h"

#include "core/base/assert.h"

#include <array>

namespace weir::log {

Task<Result<std::shared_ptr<File>>> SlotFile::open_file() {
    if (file_ == nullptr) {
        WEIR_CO_TRY(std::unique_ptr<File> file,
                    co_await disk_.open(path_, OpenMode::open_or_create));
        file_ = std::move(file);
    }
    co_return file_;
}

Task<Result<std::vector<Bytes>>> SlotFile::read() {
    std::vector<Bytes> slots;
    auto opened = co_await disk_.open(path_, OpenMode::read_only);
    if (!opened.has_value()) {
        if (opened.error().code == ErrorCode::not_found) {
            co_return slots;
        }
        co_return fail(std::move(opened).error());
    }
    const std::unique_ptr<File> file = *std::move(opened);
    Bytes bytes(kSlotCount * kSlotSize);
    WEIR_CO_TRY(const std::size_t size, co_await file->read_at(FilePosition(0), bytes));
    for (std::size_t at = 0; at + kSlotSize <= size; at += kSlotSize) {
        const ByteSpan slot = ByteSpan(bytes).subspan(at, kSlotSize);
        slots.emplace_back(slot.begin(), slot.end());
    }
    co_return slots;
}

Task<Result<void>> SlotFile::write(std::size_t index, Bytes slot, Sync sync) {
    WEIR_ASSERT(index < kSlotCount);
    WEIR_ASSERT(slot.size() == kSlotSize);
    WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file());
    const std::array<ByteSpan, 1> slices = {ByteSpan(slot)};
    WEIR_CO_CHECK(co_await file->write_at(FilePosition(index * kSlotSize), slices));
    if (sync == Sync::yes) {
        WEIR_CO_CHECK(co_await file->sync_data());
    }
    co_return Result<void>();
}

Task<Result<void>> SlotFile::sync() {
    WEIR_CO_TRY(const std::shared_ptr<File> file, co_await open_file());
    co_return co_await file->sync_data();
}

}  // namespace weir::log
