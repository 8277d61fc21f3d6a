#include "core/log/replica_state.h"

#include "core/log/recovery.h"
#include "core/model/batch.h"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::log {

namespace {

// Raising the fence writes first the one and then the other; the hint only touches the second, so
// that no torn hint can meet a torn fence.
constexpr std::size_t kFenceSlot = 0;
constexpr std::size_t kHintSlot = 1;

using Fence = std::tuple<LeaderEpoch, RecordVersion>;

Fence fence_of(const ReplicaState& state) {
    return {state.fence_epoch, state.fence_version};
}

}  // namespace

ReplicaStateFile::ReplicaStateFile(Disk& disk, std::string dir, LogIdentity identity)
    : disk_(disk),
      dir_(std::move(dir)),
      file_(disk, join_path(dir_, std::string(kReplicaStateName))) {
    state_.identity = identity;
}

Task<Result<void>> ReplicaStateFile::load() {
    WEIR_CO_TRY(const std::vector<Bytes> slots, co_await file_.read());
    std::optional<ReplicaState> found;
    std::size_t damaged_count = 0;
    std::size_t same_count = 0;
    for (const Bytes& bytes : slots) {
        const auto slot = decode_replica_state(bytes);
        if (!slot.has_value()) {
            if (slot.error().code == ErrorCode::not_supported) {
                co_return fail(slot.error());
            }
            damaged_count += all_zeros(bytes) ? 0U : 1U;
            continue;
        }
        if (slot->identity != state_.identity) {
            co_return fail(ErrorCode::already_exists, dir_ + ": the state of another replica");
        }
        // The hint's slot comes last, and what is said in the other one is at least as new.
        const ReplicaState before = found.value_or(*slot);
        const bool is_same = fence_of(before) == fence_of(*slot) && before.entered == slot->entered;
        same_count += is_same ? 1U : 0U;
        found = *slot;
        std::tie(found->fence_epoch, found->fence_version) =
            std::max(fence_of(before), fence_of(*slot));
        found->entered = before.entered;
    }
    // The very first write may have been torn; nobody has acted on it.
    if (!found.has_value() && damaged_count == kSlotCount) {
        co_return fail(ErrorCode::corrupt, dir_ + ": the replica's fence epoch is lost");
    }
    const LogIdentity identity = state_.identity;
    state_ = found.value_or(ReplicaState{});
    state_.identity = identity;
    if (!found.has_value()) {
        co_return Result<void>();
    }
    // A raise was interrupted: what was read may not be on disk, and will be acted on.
    if (same_count != kSlotCount) {
        WEIR_CO_CHECK(co_await write_both(state_));
    }
    co_return Result<void>();
}

Task<Result<void>> ReplicaStateFile::raise_fence(LeaderEpoch epoch, RecordVersion version) {
    co_return co_await store_epochs(epoch, version, state_.entered);
}

Task<Result<void>> ReplicaStateFile::store_epochs(LeaderEpoch epoch, RecordVersion version,
                                                  EnteredEpoch entered) {
    ReplicaState changed = state_;
    std::tie(changed.fence_epoch, changed.fence_version) =
        std::max(fence_of(state_), Fence(epoch, version));
    changed.entered = entered;
    if (fence_of(changed) == fence_of(state_) && changed.entered == state_.entered) {
        co_return Result<void>();
    }
    co_return co_await store(changed);
}

Task<Result<void>> ReplicaStateFile::set_replica_uid(Uid uid) {
    ReplicaState changed = state_;
    changed.replica_uid = uid;
    co_return co_await store(changed);
}

Task<Result<void>> ReplicaStateFile::set_high_watermark(Offset high_watermark) {
    state_.high_watermark = high_watermark;
    co_return co_await store(state_);
}

Task<Result<void>> ReplicaStateFile::store(ReplicaState state) {
    if (hint_unsynced_) {
        WEIR_CO_CHECK(co_await file_.sync());
        hint_unsynced_ = false;
    }
    WEIR_CO_CHECK(co_await write_both(state));
    // The hint may have been noted meanwhile.
    state.high_watermark = state_.high_watermark;
    state_ = state;
    co_return Result<void>();
}

// The second is written when the first is on disk, so what both say is on disk.
Task<Result<void>> ReplicaStateFile::write_both(ReplicaState state) {
    WEIR_CO_CHECK(
        co_await file_.write(kFenceSlot, encode_replica_state(state), SlotFile::Sync::yes));
    WEIR_CO_CHECK(co_await disk_.sync_directory(dir_));
    co_return co_await file_.write(kHintSlot, encode_replica_state(state), SlotFile::Sync::yes);
}

Task<Result<void>> ReplicaStateFile::note_high_watermark(Offset high_watermark) {
    state_.high_watermark = high_watermark;
    hint_unsynced_ = true;
    co_return co_await file_.write(kHintSlot, encode_replica_state(state_), SlotFile::Sync::no);
}

}  // namespace weir::log
