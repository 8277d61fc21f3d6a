// The term of one process of the SC: nothing is stored, and no lease is given, once another process
// has begun a later one (replication.md 5.3, 5.14).
//
// The embedded store locks its folder. Any other can be reached by two processes that both believe
// to be the SC: one was paused, or cut off, while another took its place. `TermStore` is the store
// of one of them. Each change is made on the condition that the cluster's record is as this process
// wrote it last, and beginning a term changes that record: whoever began last writes, and the one
// before is refused, with all of the transaction. A refusal for this reason, and a look at the
// record that finds another one, set `over`, for good; the service then ends.
//
// What needs no change needs a look: a lease is only given while the term is known to have lasted
// until shortly before the SPU was heard. An SPU's lease then ends before the next SC, which waits
// for a session, takes it for gone.
//
// Owned by the Context, used from one shard; the store behind it outlives it.
#pragma once

#include "core/base/prng.h"
#include "core/base/time.h"
#include "core/env/env.h"
#include "core/sc/metadata_store.h"
#include "core/sc/records.h"
#include "core/task/sync.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weir::sc {

// Ends, on the SPU's clock and counted from when it sent the heartbeat, before the SC takes the SPU
// for gone, counted from when it received it: clocks run at rates that differ by 1 % at most
// (replication.md 5.11).
Duration lease_of(Duration session);

// Whether an SPU that was heard at `heard` may have a lease from an SC whose term lasted at
// `lasted` at least. Half of what a session is longer than a lease is for this, the rest for clocks
// that do not run alike.
bool may_lease(Instant lasted, Instant heard, Duration session);

class TermStore final : public MetadataStore {
public:
    TermStore(Env& env, MetadataStore& store)
        : clock_(env.clock), store_(store), writing_(env.executor), over_(env.executor) {}

    // Begins the next term and answers the record that says so; in an empty store a cluster with
    // an id from `uids`, which is used until this ends. Once, before anything is loaded: what the
    // SC before has stored is there then, and it stores nothing any more. Errors: of the store, and
    // corrupt; already_exists when another process has begun a term at the same time.
    Task<Result<ClusterRecord>> begin(Prng* uids);
    // Looks at the record. Errors: of the store; that the term is over is none.
    Task<Result<void>> look();
    Event& over() { return over_; }
    // See may_lease; always of a store that nobody else can write to.
    bool may_lease(Instant heard, Duration session) const;

    bool is_shared() const override { return store_.is_shared(); }
    std::uint64_t revision() const override { return store_.revision(); }
    Task<Result<std::optional<StoreValue>>> get(StoreKey key) override;
    Task<Result<std::vector<StoreItem>>> list(RecordKind kind) override;
    // unavailable: the term is over, nothing was done.
    Task<Result<std::uint64_t>> commit(std::vector<Mutation> mutations) override;
    Result<std::vector<StoreChange>> changes_since(std::uint64_t revision) const override {
        return store_.changes_since(revision);
    }
    Notifier& changed() override { return store_.changed(); }
    Task<Result<void>> tick() override;
    Task<Result<void>> close() override;

private:
    Task<Result<void>> compare();

    Clock& clock_;
    MetadataStore& store_;
    // The revision of the cluster's record is part of each change: one at a time.
    AsyncMutex writing_;
    Event over_;
    // Of the record as this process wrote it last; none before the term.
    std::optional<std::uint64_t> record_revision_;
    // When the newest question was asked that the store answered as this term's.
    Instant lasted_;
};

}  // namespace weir::sc
