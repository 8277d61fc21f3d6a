#include "runtime/sim/faults/faulty_store.h"

#include "core/control/live_sets.h"
#include "core/sc/records.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

Task<void> FaultyStore::wait(Duration duration) {
    if (duration > Duration()) {
        // Not to be cancelled: what was asked of a store is waited for.
        static_cast<void>(co_await sleep_for(env_.clock, env_.executor, duration, CancelToken()));
    }
}

Task<Result<std::optional<sc::StoreValue>>> FaultyStore::get(sc::StoreKey key) {
    co_await wait(faults_.before);
    co_return co_await store_.get(std::move(key));
}

Task<Result<std::vector<sc::StoreItem>>> FaultyStore::list(sc::RecordKind kind) {
    co_await wait(faults_.before);
    co_return co_await store_.list(kind);
}

Task<Result<std::uint64_t>> FaultyStore::commit(std::vector<sc::Mutation> mutations) {
    co_await wait(faults_.before);
    const bool is_conditional =
        std::any_of(mutations.begin(), mutations.end(), [](const sc::Mutation& mutation) {
            return mutation.expected_revision.has_value() && !mutation.only_compares;
        });
    if (is_conditional && faults_.conflicts > 0) {
        --faults_.conflicts;
        co_await wait(faults_.after);
        co_return fail(ErrorCode::already_exists, "somebody else has changed the key");
    }
    const auto record =
        std::find_if(mutations.begin(), mutations.end(), [](const sc::Mutation& mutation) {
            return mutation.key.kind == sc::RecordKind::partition && mutation.value.has_value();
        });
    if (record != mutations.end() && faults_.foreign_changes > 0) {
        WEIR_CO_CHECK(co_await change_first(record->key));
    }
    Result<std::uint64_t> committed = co_await store_.commit(std::move(mutations));
    co_await wait(faults_.after);
    co_return committed;
}

// As after an addition to the LRS that was refused: the record is of a new version, and else as it
// was. So it is true, and whoever decided on the version before must look again.
Task<Result<void>> FaultyStore::change_first(sc::StoreKey key) {
    WEIR_CO_TRY(const std::optional<sc::StoreValue> found, co_await store_.get(key));
    if (!found.has_value()) {
        co_return Result<void>();  // about to be created
    }
    WEIR_CO_TRY(sc::StoredPartition stored, sc::decode_stored_partition(found->bytes));
    if (stored.in_doubt) {
        co_return Result<void>();  // no SC changes it
    }
    stored.record.version = control::next_version(stored.record.version);
    std::vector<sc::Mutation> change(1);
    change[0].key = std::move(key);
    change[0].value = sc::encode_record(stored);
    WEIR_CO_CHECK(co_await store_.commit(std::move(change)));
    --faults_.foreign_changes;
    co_return Result<void>();
}

Task<Result<void>> FaultyStore::tick() {
    co_return co_await store_.tick();
}

Task<Result<void>> FaultyStore::close() {
    co_return co_await store_.close();
}

}  // namespace weir::sim
