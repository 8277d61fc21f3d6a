// What the faults of the metadata store do to a writer: each must happen, keep to the contract of
// MetadataStore, and end.

#include "core/sc/embedded_store.h"
#include "core/sc/records.h"
#include "runtime/sim/cluster/world.h"
#include "runtime/sim/faults/faulty_store.h"

#include <gtest/gtest.h>

namespace weir::sim {
namespace {

sc::StoreKey partition_key() {
    sc::StoreKey key;
    key.kind = sc::RecordKind::partition;
    key.name = "orders-0";
    return key;
}

std::vector<sc::Mutation> set_version(std::uint64_t version,
                                      std::optional<std::uint64_t> expected) {
    sc::StoredPartition partition;
    partition.record.version = RecordVersion(version);
    std::vector<sc::Mutation> mutations(1);
    mutations[0].key = partition_key();
    mutations[0].value = sc::encode_record(partition);
    mutations[0].expected_revision = expected;
    return mutations;
}

Task<Result<std::uint64_t>> stored_version(sc::MetadataStore& store) {
    WEIR_CO_TRY(const std::optional<sc::StoreValue> found, co_await store.get(partition_key()));
    WEIR_CO_TRY(const sc::StoredPartition stored, sc::decode_stored_partition(found->bytes));
    co_return stored.record.version.value();
}

// Runs `body` with a store that has one partition, at version 1 and revision 1, and waits for it.
class FaultyStoreTest : public testing::Test {
protected:
    using Body = Task<Result<void>> (*)(Env& env, sc::MetadataStore& store, StoreFaults& faults);

    static Task<Result<void>> with_store(Env& env, FaultyStoreTest* test, CancelToken) {
        sc::EmbeddedStoreConfig config;
        config.dir = "metadata";
        WEIR_CO_TRY(const std::unique_ptr<sc::MetadataStore> inner,
                    co_await sc::EmbeddedStore::open(env, std::move(config)));
        WEIR_CO_CHECK(co_await inner->commit(set_version(1, 0)));
        FaultyStore store(env, *inner, test->faults_);
        const Result<void> done = co_await test->body_(env, store, test->faults_);
        EXPECT_TRUE(done.has_value()) << to_string(done.error());
        test->is_done_ = true;
        co_return co_await inner->close();
    }

    void run(Body body) {
        body_ = body;
        World world(1);
        world.add_machine("sc").boot(Main(with_store, this));
        world.run_for(Duration::from_ms(10'000));
        EXPECT_TRUE(is_done_);
    }

    StoreFaults faults_;
    Body body_ = nullptr;
    bool is_done_ = false;
};

}  // namespace

TEST_F(FaultyStoreTest, WithoutAFaultItIsTheStoreBehindIt) {
    run([](Env&, sc::MetadataStore& store, StoreFaults&) -> Task<Result<void>> {
        WEIR_CO_CHECK(co_await store.commit(set_version(2, 1)));
        WEIR_CO_TRY(const std::uint64_t version, co_await stored_version(store));
        EXPECT_EQ(version, 2U);
        EXPECT_EQ(store.revision(), 2U);
        co_return Result<void>();
    });
}

TEST_F(FaultyStoreTest, AConflictRefusesConditionalChangesOnlyAndDoesNothing) {
    faults_.conflicts = 1;
    run([](Env&, sc::MetadataStore& store, StoreFaults& faults) -> Task<Result<void>> {
        WEIR_CO_CHECK(co_await store.commit(set_version(2, std::nullopt)));
        EXPECT_EQ(faults.conflicts, 1U);
        const Result<std::uint64_t> refused = co_await store.commit(set_version(3, 2));
        EXPECT_EQ(refused.error().code, ErrorCode::already_exists);
        WEIR_CO_TRY(const std::uint64_t version, co_await stored_version(store));
        EXPECT_EQ(version, 2U);
        WEIR_CO_CHECK(co_await store.commit(set_version(3, 2)));
        co_return Result<void>();
    });
}

TEST_F(FaultyStoreTest, SomebodyElseChangesTheRecordFirstSoThatTheChangeMustBeMadeAgain) {
    faults_.foreign_changes = 1;
    run([](Env&, sc::MetadataStore& store, StoreFaults& faults) -> Task<Result<void>> {
        const Result<std::uint64_t> refused = co_await store.commit(set_version(7, 1));
        EXPECT_EQ(refused.error().code, ErrorCode::already_exists);
        EXPECT_EQ(faults.foreign_changes, 0U);
        // The other writer's change is one version on, and stays.
        WEIR_CO_TRY(const std::uint64_t version, co_await stored_version(store));
        EXPECT_EQ(version, 2U);
        EXPECT_EQ(store.revision(), 2U);
        WEIR_CO_CHECK(co_await store.commit(set_version(7, 2)));
        co_return Result<void>();
    });
}

TEST_F(FaultyStoreTest, ARecordThatIsCreatedOrDeletedHasNoOtherWriter) {
    faults_.foreign_changes = 1;
    run([](Env&, sc::MetadataStore& store, StoreFaults& faults) -> Task<Result<void>> {
        std::vector<sc::Mutation> created = set_version(1, 0);
        created[0].key.name = "orders-1";
        WEIR_CO_CHECK(co_await store.commit(std::move(created)));
        std::vector<sc::Mutation> deleted = set_version(1, 1);
        deleted[0].value.reset();
        WEIR_CO_CHECK(co_await store.commit(std::move(deleted)));
        EXPECT_EQ(faults.foreign_changes, 1U);
        co_return Result<void>();
    });
}

TEST_F(FaultyStoreTest, ASlowStoreAnswersLaterAndStillDoesWhatWasAsked) {
    faults_.before = Duration::from_ms(300);
    faults_.after = Duration::from_ms(200);
    run([](Env& env, sc::MetadataStore& store, StoreFaults& faults) -> Task<Result<void>> {
        const Instant begin = env.clock.now();
        WEIR_CO_CHECK(co_await store.commit(set_version(2, 1)));
        EXPECT_GE((env.clock.now() - begin).ms(), 500);
        faults = StoreFaults();
        WEIR_CO_TRY(const std::uint64_t version, co_await stored_version(store));
        EXPECT_EQ(version, 2U);
        co_return Result<void>();
    });
}

}  // namespace weir::sim
