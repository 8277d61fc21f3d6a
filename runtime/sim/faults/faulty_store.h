// A metadata store in front of another one, which is slow, refuses changes now and then, and has
// another writer.
//
// It keeps to the contract of MetadataStore: a conflict is answered only where a precondition could
// have failed, and nothing of the transaction was done then. Owner: the main coroutine of a
// simulated SC; the store behind it, the faults and the environment outlive it.
#pragma once

#include "core/env/env.h"
#include "core/sc/metadata_store.h"

#include <cstdint>
#include <vector>

namespace weir::sim {

// What is in force now. Owned by the FaultInjector; a value.
struct StoreFaults {
    // Waited before and after each operation.
    Duration before;
    Duration after;
    // The next so many conditional commits are refused.
    std::uint32_t conflicts = 0;
    // Before so many commits that change the record of a partition, somebody else changes it.
    std::uint32_t foreign_changes = 0;
};

class FaultyStore final : public sc::MetadataStore {
public:
    FaultyStore(Env& env, sc::MetadataStore& store, StoreFaults& faults)
        : env_(env), store_(store), faults_(faults) {}

    bool is_shared() const override { return store_.is_shared(); }
    std::uint64_t revision() const override { return store_.revision(); }
    Task<Result<std::optional<sc::StoreValue>>> get(sc::StoreKey key) override;
    Task<Result<std::vector<sc::StoreItem>>> list(sc::RecordKind kind) override;
    Task<Result<std::uint64_t>> commit(std::vector<sc::Mutation> mutations) override;
    Result<std::vector<sc::StoreChange>> changes_since(std::uint64_t revision) const override {
        return store_.changes_since(revision);
    }
    Notifier& changed() override { return store_.changed(); }
    Task<Result<void>> tick() override;
    Task<Result<void>> close() override;

private:
    Task<void> wait(Duration duration);
    Task<Result<void>> change_first(sc::StoreKey key);

    Env& env_;
    sc::MetadataStore& store_;
    StoreFaults& faults_;
};

}  // namespace weir::sim
