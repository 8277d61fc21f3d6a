// The metadata store in a folder of this machine: a journal with snapshots, over core/log.
//
// Owner: the service. `open` locks the folder, so that no second SC works on it, reads the journal
// and checks it; it answers `unavailable` when the folder is locked, `corrupt` when the journal is
// damaged (nothing is changed then: the bytes stay for a person to look at), and the errors of the
// disk. The whole state is in memory. One shard; close() before destruction.
//
// Layout: <dir>/journal is a log whose batches hold one journal record each (journal.h). Every
// transaction is synced before commit() answers. When the journal has grown, a new segment begins
// with a snapshot, and the segments before it are removed once it is durable.
#pragma once

#include "core/env/env.h"
#include "core/log/log.h"
#include "core/sc/journal.h"
#include "core/sc/metadata_store.h"

#include <deque>
#include <memory>
#include <string>

namespace weir::sc {

struct EmbeddedStoreConfig {
    std::string dir;
    std::uint32_t segment_size_bytes = 8U << 20;
    // A snapshot is written when the journal has grown by this much, and by as much as the last
    // snapshot was.
    std::uint64_t snapshot_after_size_bytes = 4U << 20;
    // Changes that changes_since() still knows.
    std::size_t change_count_max = 4'096;
};

class EmbeddedStore final : public MetadataStore {
public:
    static Task<Result<std::unique_ptr<EmbeddedStore>>> open(Env& env, EmbeddedStoreConfig config);

    bool is_shared() const override { return false; }
    std::uint64_t revision() const override { return revision_; }
    Task<Result<std::optional<StoreValue>>> get(StoreKey key) override;
    Task<Result<std::vector<StoreItem>>> list(RecordKind kind) override;
    Task<Result<std::uint64_t>> commit(std::vector<Mutation> mutations) override;
    Result<std::vector<StoreChange>> changes_since(std::uint64_t revision) const override;
    Notifier& changed() override { return changed_; }
    Task<Result<void>> tick() override;
    Task<Result<void>> close() override;

    const StoreState& state_for_test() const { return state_; }
    std::uint64_t snapshot_count() const { return snapshot_count_; }

private:
    EmbeddedStore(Env& env, EmbeddedStoreConfig config);
    Task<Result<void>> load();
    Task<Result<void>> append(std::vector<Bytes> records);
    Task<Result<void>> write_snapshot();
    void remember(const std::vector<Mutation>& mutations);

    Env& env_;
    Logger log_;
    EmbeddedStoreConfig config_;
    std::unique_ptr<DirectoryLock> lock_;
    std::unique_ptr<log::Log> journal_;
    // The preconditions of a transaction depend on the one before it, which is being written: one
    // at a time.
    AsyncMutex writing_;
    Notifier changed_;
    StoreState state_;
    std::uint64_t revision_ = 0;
    std::deque<StoreChange> changes_;
    // Every change after this revision is in changes_.
    std::uint64_t changes_known_since_ = 0;
    std::uint64_t size_at_snapshot_ = 0;
    std::uint64_t snapshot_count_ = 0;
    // The journal's state may differ from this one (an append of unknown outcome): no more writes.
    bool failed_ = false;
};

}  // namespace weir::sc
