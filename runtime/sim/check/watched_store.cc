#include "runtime/sim/check/watched_store.h"

#include "runtime/sim/sched/heap_account.h"

#include <utility>

namespace weir::sim {

Task<Result<void>> WatchedStore::tell_all() {
    for (const sc::RecordKind kind :
         {sc::RecordKind::cluster, sc::RecordKind::spu, sc::RecordKind::partition}) {
        WEIR_CO_TRY(const std::vector<sc::StoreItem> items, co_await store_.list(kind));
        const OutsideHeap outside;
        oracle_.found(kind, items);
    }
    co_return Result<void>();
}

Task<Result<std::optional<sc::StoreValue>>> WatchedStore::get(sc::StoreKey key) {
    co_return co_await store_.get(std::move(key));
}

Task<Result<std::vector<sc::StoreItem>>> WatchedStore::list(sc::RecordKind kind) {
    co_return co_await store_.list(kind);
}

Task<Result<std::uint64_t>> WatchedStore::commit(std::vector<sc::Mutation> mutations) {
    std::vector<sc::Mutation> copy;
    {
        const OutsideHeap outside;
        copy = mutations;
    }
    Result<std::uint64_t> committed = co_await store_.commit(std::move(mutations));
    if (committed.has_value()) {
        const OutsideHeap outside;
        for (const sc::Mutation& mutation : copy) {
            if (!mutation.only_compares) {
                oracle_.stored(mutation);
            }
        }
    }
    co_return committed;
}

Task<Result<void>> WatchedStore::tick() {
    co_return co_await store_.tick();
}

Task<Result<void>> WatchedStore::close() {
    co_return co_await store_.close();
}

}  // namespace weir::sim
