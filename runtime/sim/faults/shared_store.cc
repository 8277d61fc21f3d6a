#include "runtime/sim/faults/shared_store.h"

#include "runtime/sim/sched/heap_account.h"

#include <algorithm>
#include <utility>

namespace weir::sim {

Task<Result<std::optional<sc::StoreValue>>> SharedStore::get(sc::StoreKey key) {
    const auto found = shared_.state.find(key);
    if (found == shared_.state.end()) {
        co_return std::optional<sc::StoreValue>();
    }
    co_return std::optional<sc::StoreValue>(found->second);
}

Task<Result<std::vector<sc::StoreItem>>> SharedStore::list(sc::RecordKind kind) {
    std::vector<sc::StoreItem> items;
    for (const auto& [key, value] : shared_.state) {
        if (key.kind == kind) {
            items.push_back(sc::StoreItem{key.name, value});
        }
    }
    co_return std::move(items);
}

Task<Result<std::uint64_t>> SharedStore::commit(std::vector<sc::Mutation> mutations) {
    WEIR_CO_CHECK(sc::check_preconditions(shared_.state, mutations));
    std::erase_if(mutations, [](const sc::Mutation& one) { return one.only_compares; });
    ++shared_.revision;
    {
        // It outlives the machine.
        const OutsideHeap outside;
        sc::apply_mutations(shared_.state, shared_.revision, mutations);
    }
    changed_.notify_all();
    co_return shared_.revision;
}

Result<std::vector<sc::StoreChange>> SharedStore::changes_since(std::uint64_t revision) const {
    if (revision != shared_.revision) {
        return fail(ErrorCode::offset_evicted, "this store keeps no history");
    }
    return std::vector<sc::StoreChange>();
}

Task<Result<void>> SharedStore::tick() {
    co_return Result<void>();
}

Task<Result<void>> SharedStore::close() {
    co_return Result<void>();
}

}  // namespace weir::sim
