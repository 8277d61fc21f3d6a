#include "core/sc/term.h"

#include "core/base/mutant.h"

#include <algorithm>
#include <utility>

namespace weir::sc {

namespace {

constexpr const char* kOver = "the term of this SC is over: another one has begun the next";

StoreKey record_key() {
    StoreKey key;
    key.kind = RecordKind::cluster;
    key.name = kClusterRecordName;
    return key;
}

// Puts the condition into the transaction; answers whether that changes the record.
bool add_condition(std::vector<Mutation>& mutations, std::optional<std::uint64_t> revision) {
    const StoreKey key = record_key();
    const auto own = std::find_if(mutations.begin(), mutations.end(),
                                  [&key](const Mutation& one) { return one.key == key; });
    if (own != mutations.end()) {
        own->expected_revision = revision;
        return true;
    }
    Mutation condition;
    condition.key = key;
    condition.expected_revision = revision;
    condition.only_compares = true;
    mutations.push_back(std::move(condition));
    return false;
}

}  // namespace

Duration lease_of(Duration session) {
    return session * 5 / 6;
}

bool may_lease(Instant lasted, Instant heard, Duration session) {
    return heard <= lasted + (session - lease_of(session)) / 2;
}

Task<Result<ClusterRecord>> TermStore::begin(Prng* uids) {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await writing_.lock());
    const Instant asked = clock_.now();
    WEIR_CO_TRY(const std::optional<StoreValue> found, co_await store_.get(record_key()));
    ClusterRecord record;
    if (found.has_value()) {
        WEIR_CO_TRY(record, decode_cluster_record(found->bytes));
    } else if (store_.revision() != 0) {
        co_return fail(ErrorCode::corrupt, "the metadata do not say which cluster they are of");
    } else {
        record.cluster_id = draw_uid(*uids);
    }
    record.sc_epoch = ScEpoch(record.sc_epoch.value() + 1);
    std::vector<Mutation> mutations(1);
    mutations[0].key = record_key();
    mutations[0].value = encode_record(record);
    mutations[0].expected_revision = found.has_value() ? found->revision : 0;
    WEIR_CO_TRY(record_revision_, co_await store_.commit(std::move(mutations)));
    lasted_ = asked;
    co_return record;
}

Task<Result<std::uint64_t>> TermStore::commit(std::vector<Mutation> mutations) {
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await writing_.lock());
    bool changes_record = false;
    if (record_revision_.has_value()) {
        if (over_.is_set()) {
            co_return fail(ErrorCode::unavailable, kOver);
        }
        const bool blindly = mutant(Mutant::old_term_writes);
        changes_record = add_condition(mutations, blindly ? std::nullopt : record_revision_);
    }
    const Instant asked = clock_.now();
    Result<std::uint64_t> committed = co_await store_.commit(std::move(mutations));
    if (committed.has_value()) {
        lasted_ = asked;
        if (changes_record) {
            record_revision_ = *committed;
        }
    } else if (record_revision_.has_value() &&
               committed.error().code == ErrorCode::already_exists) {
        WEIR_CO_CHECK(co_await compare());
        if (over_.is_set()) {
            co_return fail(ErrorCode::unavailable, kOver);
        }
    }
    co_return committed;
}

Task<Result<void>> TermStore::look() {
    if (mutant(Mutant::old_term_leases)) {
        co_return Result<void>();
    }
    WEIR_CO_TRY(const AsyncMutex::Guard guard, co_await writing_.lock());
    co_return co_await compare();
}

// Called with `writing_` held, so that a change of this process is not taken for another's.
Task<Result<void>> TermStore::compare() {
    const Instant asked = clock_.now();
    WEIR_CO_TRY(const std::optional<StoreValue> found, co_await store_.get(record_key()));
    if (found.has_value() && found->revision == record_revision_) {
        lasted_ = asked;
    } else {
        over_.set();
    }
    co_return Result<void>();
}

bool TermStore::may_lease(Instant heard, Duration session) const {
    return !store_.is_shared() || mutant(Mutant::old_term_leases) ||
           sc::may_lease(lasted_, heard, session);
}

Task<Result<std::optional<StoreValue>>> TermStore::get(StoreKey key) {
    co_return co_await store_.get(std::move(key));
}

Task<Result<std::vector<StoreItem>>> TermStore::list(RecordKind kind) {
    co_return co_await store_.list(kind);
}

Task<Result<void>> TermStore::tick() {
    co_return co_await store_.tick();
}

Task<Result<void>> TermStore::close() {
    co_return co_await store_.close();
}

}  // namespace weir::sc
