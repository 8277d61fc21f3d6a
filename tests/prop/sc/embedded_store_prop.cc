// The metadata store on the simulated disk: whatever is lost with the power, what was answered is
// there afterwards, and the state is that of some prefix of the transactions.

#include "core/sc/embedded_store.h"
#include "runtime/sim/cluster/run_in_sim.h"
#include "tests/support/rapidcheck.h"

#include <functional>
#include <memory>

namespace weir::sc {

namespace {

// What the test knows about a store over all its lives.
struct History {
    // Every transaction that was sent, in order; revision 1 is the first.
    std::vector<std::vector<Mutation>> sent;
    // The last one that was answered.
    std::uint64_t answered = 0;
    std::uint64_t opened_count = 0;
    std::uint64_t snapshot_count = 0;
    // The first thing that was not as it must be.
    std::string wrong;

    void require(bool condition, const std::string& text) {
        if (!condition && wrong.empty()) {
            wrong = text;
        }
    }
    StoreState state_at(std::uint64_t revision) const {
        StoreState state;
        for (std::uint64_t i = 0; i < revision; ++i) {
            apply_mutations(state, i + 1, sent[i]);
        }
        return state;
    }
};

std::vector<Mutation> random_transaction(Prng& prng) {
    std::vector<Mutation> mutations(1 + prng.below(4));
    for (Mutation& mutation : mutations) {
        mutation.key.kind = prng.chance(1, 2) ? RecordKind::topic : RecordKind::partition;
        mutation.key.name = "n" + std::to_string(prng.below(12));
        if (prng.chance(3, 4)) {
            const std::uint64_t limit = prng.chance(1, 10) ? 5'000 : 200;
            const std::uint64_t size = prng.below(limit);
            mutation.value = Bytes(size, static_cast<std::uint8_t>(prng.next()));
        }
    }
    return mutations;
}

EmbeddedStoreConfig small_config() {
    EmbeddedStoreConfig config;
    config.dir = "metadata";
    config.segment_size_bytes = 8U << 10;
    config.snapshot_after_size_bytes = 16U << 10;
    return config;
}

void check_opened(History& history, const EmbeddedStore& store) {
    const std::uint64_t revision = store.revision();
    history.require(revision >= history.answered, "answered " + std::to_string(history.answered) +
                                                      " but found " + std::to_string(revision));
    history.require(revision <= history.sent.size(), "a revision that was never sent");
    if (!history.wrong.empty()) {
        return;
    }
    history.require(store.state_for_test() == history.state_at(revision),
                    "the state at revision " + std::to_string(revision) + " is another one");
    history.sent.resize(revision);
    history.answered = revision;
    ++history.opened_count;
}

Task<Result<void>> use_store(Env& env, History* history, std::uint64_t count, CancelToken stop) {
    EmbeddedStoreConfig config = small_config();
    auto opened = co_await EmbeddedStore::open(env, std::move(config));
    if (!opened.has_value()) {
        history->require(false, "cannot open: " + to_string(opened.error()));
        co_return Result<void>();
    }
    const std::unique_ptr<EmbeddedStore> store = *std::move(opened);
    check_opened(*history, *store);
    Prng prng = env.random.stream("transactions");
    for (std::uint64_t i = 0; i < count && history->wrong.empty() && !stop.cancelled(); ++i) {
        std::vector<Mutation> mutations = random_transaction(prng);
        history->sent.push_back(mutations);
        const auto committed = co_await store->commit(std::move(mutations));
        if (committed.has_value()) {
            history->answered = *committed;
            history->require(*committed == history->sent.size(), "a wrong revision");
        } else if (committed.error().code == ErrorCode::disk_full) {
            history->sent.pop_back();
        } else {
            history->require(false, "commit: " + to_string(committed.error()));
        }
    }
    history->snapshot_count += store->snapshot_count();
    const Result<void> closed = co_await store->close();
    // A full disk may have no room for what makes the next start a short one.
    history->require(closed.has_value() || closed.error().code == ErrorCode::disk_full,
                     "close: " + (closed.has_value() ? "" : to_string(closed.error())));
    co_return Result<void>();
}

}  // namespace

RC_GTEST_PROP(EmbeddedStore, what_was_answered_survives_power_loss, (std::uint64_t seed)) {
    sim::World world(seed);
    sim::Machine& machine = world.add_machine("sc");
    History history;
    Prng prng = world.stream("test");
    for (int life = 0; life < 5; ++life) {
        machine.boot(sim::Main(use_store, &history, std::uint64_t{300}));
        world.run_for(Duration::from_us(prng.between(100, 400'000)));
        if (machine.running()) {
            if (prng.chance(1, 4)) {
                machine.crash();
            } else {
                machine.power_loss(static_cast<sim::LossMode>(prng.below(4)));
            }
        }
        RC_ASSERT(history.wrong == "");
    }
    machine.boot(sim::Main(use_store, &history, std::uint64_t{10}));
    world.run_until_stopped(Duration::from_s(60));
    RC_ASSERT(history.wrong == "");
    RC_ASSERT(machine.exit_result().has_value());
    RC_ASSERT(!machine.leaks().any());
    RC_TAG(history.snapshot_count > 0 ? "snapshots" : "no snapshot");
}

TEST(EmbeddedStoreSnapshot, KeepsTheJournalSmall) {
    History history;
    const Result<void> result =
        sim::run_in_sim(7, sim::Main(use_store, &history, std::uint64_t{3'000}));
    ASSERT_TRUE(result.has_value());
    EXPECT_EQ(history.wrong, "");
    EXPECT_EQ(history.answered, 3'000U);
    EXPECT_GT(history.snapshot_count, 5U);
}

RC_GTEST_PROP(EmbeddedStore, a_full_disk_refuses_and_loses_nothing, (std::uint64_t seed)) {
    sim::World world(seed);
    sim::Machine& machine = world.add_machine("sc");
    History history;
    Prng prng = world.stream("test");
    machine.disk_image().set_capacity_bytes(
        static_cast<std::uint64_t>(prng.between(60'000, 200'000)));
    machine.boot(sim::Main(use_store, &history, std::uint64_t{400}));
    world.run_until_stopped(Duration::from_s(600));
    RC_ASSERT(!machine.running());
    RC_ASSERT(history.wrong == "");
    machine.disk_image().set_capacity_bytes(std::uint64_t{1} << 30);
    machine.boot(sim::Main(use_store, &history, std::uint64_t{50}));
    world.run_until_stopped(Duration::from_s(600));
    RC_ASSERT(history.wrong == "");
    RC_ASSERT(history.answered >= 50U);
}

namespace {

struct Opened {
    std::optional<ErrorCode> error;
    std::uint64_t revision = 0;
    StoreState state;
};

Task<Result<void>> open_only(Env& env, Opened* opened, CancelToken) {
    EmbeddedStoreConfig config = small_config();
    auto store = co_await EmbeddedStore::open(env, std::move(config));
    if (!store.has_value()) {
        opened->error = store.error().code;
        co_return Result<void>();
    }
    opened->revision = (*store)->revision();
    opened->state = (*store)->state_for_test();
    co_return co_await (*store)->close();
}

}  // namespace

// One changed byte anywhere: the SC starts with exactly what was answered, or does not start.
RC_GTEST_PROP(EmbeddedStore, damage_is_reported_and_never_served, (std::uint64_t seed)) {
    sim::World world(seed);
    sim::Machine& machine = world.add_machine("sc");
    History history;
    Prng prng = world.stream("damage");
    const std::uint64_t count = prng.below(120) + 1;
    machine.boot(sim::Main(use_store, &history, count));
    world.run_until_stopped(Duration::from_s(60));
    RC_ASSERT(history.wrong == "");
    const auto files = machine.disk_image().files();
    RC_ASSERT(!files.empty());
    const auto& [path, file] = files[prng.below(files.size())];
    RC_PRE(!file->content().empty());
    const std::uint64_t position = prng.below(file->content().size());
    file->content_for_damage()[position] ^= static_cast<std::uint8_t>(prng.between(1, 255));
    Opened opened;
    machine.boot(sim::Main(open_only, &opened));
    world.run_until_stopped(Duration::from_s(60));
    if (opened.error.has_value()) {
        RC_ASSERT(*opened.error == ErrorCode::corrupt);
    } else {
        RC_ASSERT(opened.revision == history.answered);
        RC_ASSERT(opened.state == history.state_at(history.answered));
    }
}

TEST(EmbeddedStoreLock, ASecondOneIsRefused) {
    struct Both {
        static Task<Result<void>> run(Env& env, bool* refused, CancelToken) {
            EmbeddedStoreConfig first_config = small_config();
            EmbeddedStoreConfig second_config = small_config();
            WEIR_CO_TRY(const auto first,
                        co_await EmbeddedStore::open(env, std::move(first_config)));
            const auto second = co_await EmbeddedStore::open(env, std::move(second_config));
            *refused = !second.has_value() && second.error().code == ErrorCode::unavailable;
            co_return co_await first->close();
        }
    };
    bool refused = false;
    ASSERT_TRUE(sim::run_in_sim(1, sim::Main(&Both::run, &refused)).has_value());
    EXPECT_TRUE(refused);
}

TEST(EmbeddedStoreRevisions, PreconditionsAndChanges) {
    struct Steps {
        static Mutation set(const std::string& name, std::optional<std::uint64_t> expected) {
            Mutation mutation;
            mutation.key.kind = RecordKind::topic;
            mutation.key.name = name;
            mutation.value = Bytes{1};
            mutation.expected_revision = expected;
            return mutation;
        }
        static Task<Result<void>> run(Env& env, int* done, CancelToken) {
            EmbeddedStoreConfig config = small_config();
            WEIR_CO_TRY(const auto store, co_await EmbeddedStore::open(env, std::move(config)));
            std::vector<Mutation> first = {set("a", 0)};
            const auto created = co_await store->commit(first);
            EXPECT_EQ(*created, 1U);
            const auto again = co_await store->commit(first);
            EXPECT_EQ(again.error().code, ErrorCode::already_exists);
            std::vector<Mutation> mixed = {set("b", 0), set("a", 7)};
            const auto refused = co_await store->commit(std::move(mixed));
            EXPECT_FALSE(refused.has_value());
            EXPECT_EQ(store->state_for_test().size(), 1U);
            std::vector<Mutation> second = {set("a", 1), set("b", std::nullopt)};
            const auto changed = co_await store->commit(std::move(second));
            EXPECT_EQ(*changed, 2U);
            const auto all = store->changes_since(0);
            EXPECT_EQ(all->size(), 3U);
            const auto some = store->changes_since(1);
            EXPECT_EQ(some->size(), 2U);
            EXPECT_EQ(some->front().key.name, "a");
            StoreKey key;
            key.kind = RecordKind::topic;
            key.name = "a";
            const auto value = co_await store->get(key);
            EXPECT_EQ((*value)->revision, 2U);
            const auto items = co_await store->list(RecordKind::topic);
            EXPECT_EQ(items->size(), 2U);
            *done = 1;
            co_return co_await store->close();
        }
    };
    int done = 0;
    ASSERT_TRUE(sim::run_in_sim(1, sim::Main(&Steps::run, &done)).has_value());
    EXPECT_EQ(done, 1);
}

}  // namespace weir::sc
