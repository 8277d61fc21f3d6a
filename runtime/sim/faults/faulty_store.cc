#include "runtime/sim/faults/faulty_store.h"

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
    const bool is_conditional = std::any_of(
        mutations.begin(), mutations.end(),
        [](const sc::Mutation& mutation) { return mutation.expected_revision.has_value(); });
    if (is_conditional && faults_.conflicts > 0) {
        --faults_.conflicts;
        co_await wait(faults_.after);
        co_return fail(ErrorCode::already_exists, "somebody else has changed the key");
    }
    Result<std::uint64_t> committed = co_await store_.commit(std::move(mutations));
    co_await wait(faults_.after);
    co_return committed;
}

Task<Result<void>> FaultyStore::tick() {
    co_return co_await store_.tick();
}

Task<Result<void>> FaultyStore::close() {
    co_return co_await store_.close();
}

}  // namespace weir::sim
