// The records of the metadata journal, and how a state is made of them again.
//
// A journal is a sequence of records: transactions with revisions that rise by one, and now and
// then a snapshot (begin, items, end), after which everything before it can be dropped.
// `JournalReplay` takes the records in order and ends with the state, or says why they do not make
// one: bytes that follow no rule, a gap in the revisions, a snapshot that contradicts the
// transactions before it are `corrupt`, never skipped. A snapshot without an end is one that was
// not finished; it is dropped, which is safe because what it would have replaced is dropped only
// after its end is durable. Pure; docs/internals/control-plane.md has the layout.
#pragma once

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/sc/metadata_store.h"

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace weir::sc {

// Everything that is stored, by key.
using StoreState = std::map<StoreKey, StoreValue>;

// Bytes of items that one snapshot record holds, about.
inline constexpr std::size_t kSnapshotPartSize = 256U << 10;

Bytes encode_transaction(std::uint64_t revision, const std::vector<Mutation>& mutations);
// The records of one snapshot, in order.
std::vector<Bytes> encode_snapshot(std::uint64_t revision, const StoreState& state);

// already_exists when a mutation expects another revision than its key has.
Result<void> check_preconditions(const StoreState& state, const std::vector<Mutation>& mutations);

// Applies the mutations as transaction `revision`. Preconditions are not looked at.
void apply_mutations(StoreState& state, std::uint64_t revision,
                     const std::vector<Mutation>& mutations);

// A snapshot whose end has not come yet.
struct PartialSnapshot {
    std::uint64_t revision = 0;
    std::uint64_t item_count = 0;
    StoreState state;
};

class JournalReplay {
public:
    // `from_start`: the journal has never been cut, so that it begins with revision 1.
    explicit JournalReplay(bool from_start) : complete_(from_start) {}

    Result<void> apply(ByteSpan record);
    // After the last record. `corrupt` when the beginning is missing.
    Result<void> finish();

    std::uint64_t revision() const { return revision_; }
    const StoreState& state() const { return state_; }
    StoreState take_state() && { return std::move(state_); }

private:
    Result<void> apply_snapshot_end(std::uint64_t revision, std::uint64_t item_count);

    // There is a state: from the start, or from a snapshot.
    bool complete_;
    std::uint64_t revision_ = 0;
    StoreState state_;
    std::optional<PartialSnapshot> snapshot_;
};

}  // namespace weir::sc
