// A metadata store that processes on several machines reach: one state, and a handle for each.
//
// Each operation takes effect at one instant; what it takes to get there and back is FaultyStore's
// matter. The state is as durable as the contract of MetadataStore wants: no fault touches it.
// Owner: the state belongs to the run, a handle to the main coroutine of a simulated SC.
#pragma once

#include "core/env/env.h"
#include "core/sc/journal.h"
#include "core/sc/metadata_store.h"

#include <cstdint>
#include <vector>

namespace weir::sim {

struct SharedMetadata {
    sc::StoreState state;
    std::uint64_t revision = 0;
};

class SharedStore final : public sc::MetadataStore {
public:
    SharedStore(Env& env, SharedMetadata& shared) : shared_(shared), changed_(env.executor) {}

    bool is_shared() const override { return true; }
    std::uint64_t revision() const override { return shared_.revision; }
    Task<Result<std::optional<sc::StoreValue>>> get(sc::StoreKey key) override;
    Task<Result<std::vector<sc::StoreItem>>> list(sc::RecordKind kind) override;
    Task<Result<std::uint64_t>> commit(std::vector<sc::Mutation> mutations) override;
    // It keeps no history: list again.
    Result<std::vector<sc::StoreChange>> changes_since(std::uint64_t revision) const override;
    // After the transactions of this handle only: the SC waits for none of another one.
    Notifier& changed() override { return changed_; }
    Task<Result<void>> tick() override;
    Task<Result<void>> close() override;

private:
    SharedMetadata& shared_;
    Notifier changed_;
};

}  // namespace weir::sim
