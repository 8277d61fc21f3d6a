// Two processes of the SC on one store: who began last writes.
#include "core/sc/term.h"

#include "core/sc/embedded_store.h"
#include "runtime/sim/cluster/world.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace weir {
namespace {

using sc::TermStore;

constexpr Duration kSession = Duration::from_s(3);

std::vector<sc::Mutation> put(sc::RecordKind kind, const std::string& name, Bytes bytes) {
    std::vector<sc::Mutation> mutations(1);
    mutations[0].key.kind = kind;
    mutations[0].key.name = name;
    mutations[0].value = std::move(bytes);
    return mutations;
}

Task<Result<bool>> has_topic(sc::MetadataStore& store, const char* name) {
    sc::StoreKey key;
    key.kind = sc::RecordKind::topic;
    key.name = name;
    WEIR_CO_TRY(const std::optional<sc::StoreValue> found, co_await store.get(std::move(key)));
    co_return found.has_value();
}

// Runs `body` with a store, and waits for it.
class ScTerm : public testing::Test {
protected:
    using Body = Task<Result<void>> (*)(Env& env, sc::MetadataStore& store);

    static Task<Result<void>> with_store(Env& env, Body body, bool* done, CancelToken) {
        sc::EmbeddedStoreConfig config;
        config.dir = "metadata";
        WEIR_CO_TRY(const std::unique_ptr<sc::MetadataStore> store,
                    co_await sc::EmbeddedStore::open(env, std::move(config)));
        const Result<void> result = co_await body(env, *store);
        EXPECT_TRUE(result.has_value()) << to_string(result.error());
        *done = true;
        co_return co_await store->close();
    }

    static void run(Body body) {
        bool done = false;
        sim::World world(1);
        world.add_machine("sc").boot(sim::Main(with_store, body, &done));
        world.run_for(Duration::from_s(10));
        EXPECT_TRUE(done);
    }
};

TEST_F(ScTerm, TermsGoUpAndTheClusterStays) {
    run([](Env& env, sc::MetadataStore& store) -> Task<Result<void>> {
        Prng uids = env.random.stream("uids");
        TermStore first(env, store);
        WEIR_CO_TRY(const sc::ClusterRecord one, co_await first.begin(&uids));
        TermStore second(env, store);
        WEIR_CO_TRY(const sc::ClusterRecord two, co_await second.begin(&uids));
        EXPECT_FALSE(one.cluster_id.is_none());
        EXPECT_EQ(one.cluster_id, two.cluster_id);
        EXPECT_EQ(one.sc_epoch, ScEpoch(1));
        EXPECT_EQ(two.sc_epoch, ScEpoch(2));
        co_return Result<void>();
    });
}

TEST_F(ScTerm, TheOneBeforeChangesNothingAndKnowsIt) {
    run([](Env& env, sc::MetadataStore& store) -> Task<Result<void>> {
        Prng uids = env.random.stream("uids");
        TermStore old(env, store);
        WEIR_CO_CHECK(co_await old.begin(&uids));
        WEIR_CO_CHECK(co_await old.commit(put(sc::RecordKind::topic, "before", Bytes(1))));
        TermStore next(env, store);
        WEIR_CO_CHECK(co_await next.begin(&uids));
        EXPECT_FALSE(old.over().is_set());
        const auto refused = co_await old.commit(put(sc::RecordKind::topic, "late", Bytes(1)));
        EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
        EXPECT_TRUE(old.over().is_set());
        WEIR_CO_TRY(const bool late, co_await has_topic(next, "late"));
        EXPECT_FALSE(late);
        WEIR_CO_CHECK(co_await next.commit(put(sc::RecordKind::topic, "after", Bytes(1))));
        WEIR_CO_TRY(const bool after, co_await has_topic(next, "after"));
        EXPECT_TRUE(after);
        EXPECT_FALSE(next.over().is_set());
        co_return Result<void>();
    });
}

TEST_F(ScTerm, ALookFindsOutAsWell) {
    run([](Env& env, sc::MetadataStore& store) -> Task<Result<void>> {
        Prng uids = env.random.stream("uids");
        TermStore old(env, store);
        WEIR_CO_CHECK(co_await old.begin(&uids));
        WEIR_CO_CHECK(co_await old.look());
        EXPECT_FALSE(old.over().is_set());
        TermStore next(env, store);
        WEIR_CO_CHECK(co_await next.begin(&uids));
        WEIR_CO_CHECK(co_await old.look());
        EXPECT_TRUE(old.over().is_set());
        co_return Result<void>();
    });
}

// It counts boots in the record that its term is in.
TEST_F(ScTerm, ItsOwnChangesOfTheRecordDoNotEndIt) {
    run([](Env& env, sc::MetadataStore& store) -> Task<Result<void>> {
        Prng uids = env.random.stream("uids");
        TermStore term(env, store);
        WEIR_CO_TRY(sc::ClusterRecord record, co_await term.begin(&uids));
        for (std::uint64_t boot = 1; boot <= 3; ++boot) {
            record.boot_counter = BootEpoch(boot);
            WEIR_CO_CHECK(co_await term.commit(
                put(sc::RecordKind::cluster, sc::kClusterRecordName, encode_record(record))));
            WEIR_CO_CHECK(co_await term.look());
            WEIR_CO_CHECK(co_await term.commit(put(sc::RecordKind::topic, "orders", Bytes(1))));
        }
        EXPECT_FALSE(term.over().is_set());
        co_return Result<void>();
    });
}

// A conflict of the caller's own is none of the term.
TEST_F(ScTerm, AConflictAboutAnotherKeyIsTheCallersMatter) {
    run([](Env& env, sc::MetadataStore& store) -> Task<Result<void>> {
        Prng uids = env.random.stream("uids");
        TermStore term(env, store);
        WEIR_CO_CHECK(co_await term.begin(&uids));
        std::vector<sc::Mutation> change = put(sc::RecordKind::topic, "orders", Bytes(1));
        change[0].expected_revision = 7;
        const auto refused = co_await term.commit(std::move(change));
        EXPECT_EQ(refused.error().code, ErrorCode::already_exists);
        EXPECT_FALSE(term.over().is_set());
        co_return Result<void>();
    });
}

// Whatever the clocks do within their bound of 1 %: a lease ends before the next SC, which began
// after `lasted`, takes the SPU for gone.
TEST(ScLease, EndsBeforeTheNextScTakesTheSpuForGone) {
    const Instant lasted = Instant::from_ns(1'000'000'000'000);
    Instant heard = lasted;
    while (sc::may_lease(lasted, heard, kSession)) {
        heard = heard + Duration::from_ms(1);
    }
    EXPECT_GT(heard, lasted + Duration::from_ms(200));
    const Instant lease_end = heard + sc::lease_of(kSession) * 102 / 100;
    EXPECT_LT(lease_end, lasted + kSession);
    EXPECT_TRUE(sc::may_lease(lasted, lasted - Duration::from_s(9), kSession));
}

}  // namespace
}  // namespace weir
