// Where the SC keeps its metadata: small named values with revisions, changed in transactions.
//
// An implementation is linearizable and durable: when commit() answers, the change survives the
// loss of power, and what it refused has left no trace. The values are opaque here; records.h gives
// them meaning. Owned by the service, used from one shard, closed before it is destroyed. Views and
// references returned are valid until the next await.
//
// Errors of commit: already_exists (a precondition does not hold: somebody else changed the key),
// disk_full and io_error (definitely not done), unavailable (the store is closing; may be done).
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/task/sync.h"
#include "core/task/task.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::sc {

// Stable on disk: never renumber.
enum class RecordKind : std::uint8_t {
    cluster = 1,
    topic = 2,
    partition = 3,
    spu = 4,
    smartmodule = 5,
    table_format = 6,
    spu_group = 7,
    mirror = 8,
};

struct StoreKey {
    RecordKind kind = RecordKind::cluster;
    std::string name;
    friend bool operator==(const StoreKey&, const StoreKey&) = default;
    friend auto operator<=>(const StoreKey&, const StoreKey&) = default;
};

struct StoreValue {
    Bytes bytes;
    // Of the transaction that wrote it; from 1.
    std::uint64_t revision = 0;
    friend bool operator==(const StoreValue&, const StoreValue&) = default;
};

struct Mutation {
    StoreKey key;
    // nullopt: delete.
    std::optional<Bytes> value;
    // Changes nothing, whatever the value: only the precondition counts, for the whole transaction.
    bool only_compares = false;
    // The revision that the key must have; 0: it must not exist; nullopt: whatever it has.
    std::optional<std::uint64_t> expected_revision;
};

struct StoreItem {
    std::string name;
    StoreValue value;
};

struct StoreChange {
    std::uint64_t revision = 0;
    StoreKey key;
};

class MetadataStore {
public:
    virtual ~MetadataStore() = default;

    // Whether other processes can write to it while this one has it open.
    virtual bool is_shared() const = 0;

    // The revision of the last transaction; 0: none yet.
    virtual std::uint64_t revision() const = 0;
    virtual Task<Result<std::optional<StoreValue>>> get(StoreKey key) = 0;
    // Sorted by name.
    virtual Task<Result<std::vector<StoreItem>>> list(RecordKind kind) = 0;

    // All of it or nothing, in one step; answers the new revision.
    virtual Task<Result<std::uint64_t>> commit(std::vector<Mutation> mutations) = 0;

    // The keys that transactions after `revision` changed, oldest first. offset_evicted when that
    // is too long ago: list again.
    virtual Result<std::vector<StoreChange>> changes_since(std::uint64_t revision) const = 0;
    // Notified after each transaction.
    virtual Notifier& changed() = 0;

    // Upkeep; call it every few seconds.
    virtual Task<Result<void>> tick() = 0;
    virtual Task<Result<void>> close() = 0;
};

}  // namespace weir::sc
