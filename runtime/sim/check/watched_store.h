// A metadata store in front of another one, that tells the oracle of what was stored.
//
// Owner: the main coroutine of a simulated SC; the store behind it and the oracle outlive it.
#pragma once

#include "core/sc/metadata_store.h"
#include "runtime/sim/check/replication_oracle.h"

#include <vector>

namespace weir::sim {

class WatchedStore final : public sc::MetadataStore {
public:
    WatchedStore(sc::MetadataStore& store, ReplicationOracle& oracle)
        : store_(store), oracle_(oracle) {}

    // Before anything else: tells what is there.
    Task<Result<void>> tell_all();

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
    sc::MetadataStore& store_;
    ReplicationOracle& oracle_;
};

}  // namespace weir::sim
