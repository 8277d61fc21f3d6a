// The metadata journal against a model: a journal of random transactions and snapshots is damaged
// in one way (cut, record lost, record twice, records swapped, byte changed) and replayed. The
// result is the state after some prefix of the transactions, or `corrupt`; never another state.
//
// Damage inside a record is what the log's checksums find; here it is let through, so that the
// replay itself is what stands between it and the SC: then the only promise is that it does not
// crash. Input: bytes that steer everything.

#include "core/base/assert.h"
#include "core/sc/journal.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::sc {

namespace {

class Steering {
public:
    explicit Steering(ByteSpan bytes) : bytes_(bytes) {}
    bool empty() const { return at_ >= bytes_.size(); }
    std::uint8_t next() { return empty() ? std::uint8_t{0} : bytes_[at_++]; }
    std::size_t below(std::size_t bound) { return bound == 0 ? 0 : next() % bound; }

private:
    ByteSpan bytes_;
    std::size_t at_ = 0;
};

struct Journal {
    std::vector<Bytes> records;
    // After each revision; the first is the empty state.
    std::vector<StoreState> states;
};

std::vector<Mutation> transaction(Steering& steering) {
    std::vector<Mutation> mutations(1 + steering.below(3));
    for (Mutation& mutation : mutations) {
        mutation.key.kind = static_cast<RecordKind>(1 + steering.below(8));
        mutation.key.name = std::string(1, static_cast<char>('a' + steering.below(4)));
        if (steering.below(4) != 0) {
            mutation.value = Bytes(steering.below(9), steering.next());
        }
    }
    return mutations;
}

Journal build(Steering& steering) {
    Journal journal;
    journal.states.emplace_back();
    const std::size_t count = 1 + steering.below(24);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t revision = journal.states.size() - 1;
        if (steering.below(6) == 0) {
            for (Bytes& record : encode_snapshot(revision, journal.states.back())) {
                journal.records.push_back(std::move(record));
            }
            continue;
        }
        const std::vector<Mutation> mutations = transaction(steering);
        journal.records.push_back(encode_transaction(revision + 1, mutations));
        StoreState state = journal.states.back();
        apply_mutations(state, revision + 1, mutations);
        journal.states.push_back(std::move(state));
    }
    return journal;
}

// False: the bytes of a record were changed, so that only "no crash" is promised.
bool damage(Steering& steering, std::vector<Bytes>& records) {
    if (records.empty()) {
        return true;
    }
    const std::size_t at = steering.below(records.size());
    const auto place = records.begin() + static_cast<std::ptrdiff_t>(at);
    switch (steering.below(6)) {
        case 0: return true;
        case 1: records.resize(at); return true;
        case 2: records.erase(place); return true;
        case 3: {
            Bytes copy = *place;
            records.insert(place, std::move(copy));
            return true;
        }
        case 4: std::swap(records[at], records[steering.below(records.size())]); return true;
        default:
            if (!place->empty()) {
                (*place)[steering.below(place->size())] ^= steering.next();
            }
            return false;
    }
}

void run(ByteSpan bytes) {
    Steering steering(bytes);
    Journal journal = build(steering);
    const bool exact = damage(steering, journal.records);
    JournalReplay replay(true);
    Result<void> result = Result<void>();
    for (const Bytes& record : journal.records) {
        result = replay.apply(record);
        if (!result.has_value()) {
            break;
        }
    }
    if (result.has_value()) {
        result = replay.finish();
    }
    if (!result.has_value()) {
        WEIR_ASSERT(result.error().code == ErrorCode::corrupt);
        return;
    }
    if (exact) {
        WEIR_ASSERT(replay.revision() < journal.states.size());
        WEIR_ASSERT(replay.state() == journal.states[replay.revision()]);
    }
}

}  // namespace

}  // namespace weir::sc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const weir::ByteSpan bytes(data, size);
    weir::sc::run(bytes);
    // The bytes themselves as one record, too.
    weir::sc::JournalReplay replay(true);
    static_cast<void>(replay.apply(bytes));
    return 0;
}
