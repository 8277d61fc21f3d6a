#include "runtime/sim/check/watched_store.h"

#include <utility>

namespace weir::sim {

Task<Result<void>> WatchedStore::tell_all() {
    for (const sc::RecordKind kind :
         {sc::RecordKind::cluster, sc::RecordKind::spu, sc::RecordKind::partition}) {
        WEIR_CO_TRY(const std::vector<sc::StoreItem> items, co_await store_.list(kind));
        oracle_.found(kind, items);
    }
    co_return Result<void>();
}

Task<Result<std::optional<sc::StoreValue>>> WatchedStore::get(sc::StoreKey key) {
    WEIR_CO_TRY(std::optional<sc::StoreValue> value, co_await store_.get(key));
    if (value.has_value()) {
        tell_seen(key, *value);
    }
    co_return value;
}

Task<Result<std::vector<sc::StoreItem>>> WatchedStore::list(sc::RecordKind kind) {
    WEIR_CO_TRY(std::vector<sc::StoreItem> items, co_await store_.list(kind));
    sc::StoreKey key;
    key.kind = kind;
    for (const sc::StoreItem& item : items) {
        key.name = item.name;
        tell_seen(key, item.value);
    }
    co_return items;
}

Task<Result<std::uint64_t>> WatchedStore::commit(std::vector<sc::Mutation> mutations) {
    const auto commit = commits_.insert(commits_.end(), Commit{mutations, false});
    Result<std::uint64_t> committed = co_await store_.commit(std::move(mutations));
    if (committed.has_value()) {
        tell(*commit);
    }
    commits_.erase(commit);
    co_return committed;
}

void WatchedStore::tell(Commit& commit) {
    if (!std::exchange(commit.is_told, true)) {
        for (const sc::Mutation& mutation : commit.mutations) {
            oracle_.stored(mutation);
        }
    }
}

void WatchedStore::tell_seen(const sc::StoreKey& key, const sc::StoreValue& value) {
    for (Commit& commit : commits_) {
        for (const sc::Mutation& mutation : commit.mutations) {
            if (mutation.key == key && mutation.value == value.bytes) {
                tell(commit);
                break;
            }
        }
    }
}

Task<Result<void>> WatchedStore::tick() {
    co_return co_await store_.tick();
}

Task<Result<void>> WatchedStore::close() {
    co_return co_await store_.close();
}

}  // namespace weir::sim
