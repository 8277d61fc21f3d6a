#include "core/log/replica_state.h"

#include "core/log/log.h"
#include "tests/support/log_world.h"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace weir::log {
namespace {

using test::LogWorld;

constexpr const char* kPath = "r/replica";

class ReplicaStateTest : public testing::Test {
protected:
    ReplicaStateTest() {
        identity_.uid = Uid{1, 2};
        WEIR_ASSERT(world_.image.create_directories("r").has_value());
        WEIR_ASSERT(world_.image.directory_synced("").has_value());
    }
    // What a start finds: fence and hint, or an error.
    std::string load() {
        const auto node = world_.boot();
        ReplicaStateFile file(node->env().disk, "r", identity_);
        const auto loaded = node->run(file.load()).value();
        return loaded.has_value() ? std::to_string(file.fence_epoch().value()) + " " +
                                        std::to_string(file.high_watermark().value())
                                  : std::string(to_string(loaded.error().code));
    }
    void damage(std::size_t slot) {
        world_.image.find(kPath)->content_for_damage()[slot * kSlotSize + 40] ^= 1U;
    }

    LogWorld world_;
    LogIdentity identity_;
};

TEST_F(ReplicaStateTest, FenceIsDurableTwice) {
    EXPECT_EQ(load(), "-1 0");
    {
        const auto node = world_.boot();
        ReplicaStateFile file(node->env().disk, "r", identity_);
        ASSERT_TRUE(node->run(file.load())->has_value());
        ASSERT_TRUE(node->run(file.raise_fence(LeaderEpoch(7), RecordVersion()))->has_value());
        ASSERT_TRUE(node->run(file.raise_fence(LeaderEpoch(5), RecordVersion(9)))->has_value());
        ASSERT_TRUE(node->run(file.note_high_watermark(Offset(30)))->has_value());
        EXPECT_EQ(file.fence_epoch(), LeaderEpoch(7));
    }
    EXPECT_EQ(load(), "7 30");
    sim::Draws draws{Prng(1)};
    world_.power_loss(draws, sim::LossMode::all);
    EXPECT_EQ(load(), "7 0");
    for (const std::size_t slot : {0U, 1U}) {
        damage(slot);
        EXPECT_EQ(load(), "7 0");  // and mends it
    }
    damage(0);
    damage(1);
    EXPECT_EQ(load(), "corrupt");
}

// A new epoch begins with the version of its own record.
TEST_F(ReplicaStateTest, TheVersionOfTheRecordIsPartOfTheFence) {
    for (const auto& [epoch, version, kept] :
         {std::tuple{7, 6U, 6U}, {7, 5U, 6U}, {7, 8U, 8U}, {6, 9U, 8U}, {8, 2U, 2U}}) {
        const auto node = world_.boot();
        ReplicaStateFile file(node->env().disk, "r", identity_);
        ASSERT_TRUE(node->run(file.load())->has_value());
        ASSERT_TRUE(
            node->run(file.raise_fence(LeaderEpoch(epoch), RecordVersion(version)))->has_value());
        EXPECT_EQ(file.fence_version(), RecordVersion(kept));
        sim::Draws draws{Prng(1)};
        world_.power_loss(draws, sim::LossMode::all);
    }
    damage(0);
    const auto node = world_.boot();
    ReplicaStateFile file(node->env().disk, "r", identity_);
    ASSERT_TRUE(node->run(file.load())->has_value());
    EXPECT_EQ(file.fence_epoch(), LeaderEpoch(8));
    EXPECT_EQ(file.fence_version(), RecordVersion(2));
}

TEST_F(ReplicaStateTest, TheEnteredEpochIsDurableWithTheFence) {
    const auto entered = [&] {
        const auto node = world_.boot();
        ReplicaStateFile file(node->env().disk, "r", identity_);
        EXPECT_TRUE(node->run(file.load())->has_value());
        return file.entered();
    };
    for (const EnteredEpoch& entered_epoch :
         {EnteredEpoch{LeaderEpoch(5), Offset(10)}, EnteredEpoch{LeaderEpoch(7), Offset(20)},
          EnteredEpoch{LeaderEpoch(7), Offset(12)}, EnteredEpoch()}) {
        {
            const auto node = world_.boot();
            ReplicaStateFile file(node->env().disk, "r", identity_);
            ASSERT_TRUE(node->run(file.load())->has_value());
            ASSERT_TRUE(
                node->run(file.store_epochs(LeaderEpoch(7), RecordVersion(1), entered_epoch))
                    ->has_value());
            // Neither touches it.
            ASSERT_TRUE(node->run(file.raise_fence(LeaderEpoch(8), RecordVersion(1)))->has_value());
            ASSERT_TRUE(node->run(file.note_high_watermark(Offset(15)))->has_value());
        }
        sim::Draws draws{Prng(1)};
        world_.power_loss(draws, sim::LossMode::all);
        EXPECT_EQ(entered(), entered_epoch);
        EXPECT_EQ(load(), "8 0");
        for (const std::size_t slot : {0U, 1U}) {
            damage(slot);
            EXPECT_EQ(entered(), entered_epoch);
        }
    }
}

TEST_F(ReplicaStateTest, AnotherReplicaIsRefused) {
    {
        const auto node = world_.boot();
        ReplicaStateFile file(node->env().disk, "r", identity_);
        ASSERT_TRUE(node->run(file.raise_fence(LeaderEpoch(7), RecordVersion()))->has_value());
    }
    identity_.partition = 9;
    EXPECT_EQ(load(), "already_exists");
}

// Whatever is lost: the fence that was raised holds, and nothing that was not asked for appears.
TEST_F(ReplicaStateTest, FenceHoldsThroughPowerLosses) {
    for (std::uint64_t seed = 0; seed < 2'000; ++seed) {
        Prng prng(seed);
        LogWorld world;
        ASSERT_TRUE(world.image.create_directories("r").has_value());
        ASSERT_TRUE(world.image.directory_synced("").has_value());
        LeaderEpoch promised(-1);
        LeaderEpoch asked(-1);
        // Each is stored as entered at its own number.
        LeaderEpoch entered(-1);
        for (int life = 0; life < 5; ++life) {
            const auto node = world.boot();
            ReplicaStateFile file(node->env().disk, "r", identity_);
            const auto loaded = node->run(file.load()).value();
            ASSERT_TRUE(loaded.has_value()) << seed << ": " << to_string(loaded.error());
            ASSERT_GE(file.fence_epoch(), promised) << seed;
            ASSERT_LE(file.fence_epoch(), asked) << seed;
            promised = file.fence_epoch();
            ASSERT_GE(file.entered().epoch, entered) << seed;
            ASSERT_LE(file.entered().epoch, promised) << seed;
            entered = file.entered().epoch;
            bool crashed = false;
            while (!crashed) {
                const std::uint64_t steps = prng.below(3) == 0 ? prng.below(12) : 1'000;
                std::optional<Result<void>> done;
                if (prng.below(2) == 0) {
                    const LeaderEpoch next(promised.value() + 1);
                    asked = std::max(asked, next);
                    const EnteredEpoch epoch = {next, Offset(next.value() + 1)};
                    done = node->run(file.store_epochs(next, RecordVersion(), epoch), steps);
                    promised = done.has_value() ? next : promised;
                    entered = done.has_value() ? next : entered;
                } else {
                    const Offset hint(static_cast<std::int64_t>(prng.below(100)));
                    done = node->run(file.note_high_watermark(hint), steps);
                }
                crashed = !done.has_value();
            }
            node->tear_down();
            sim::Draws draws{Prng(prng.next())};
            if (prng.below(4) != 0) {
                world.power_loss(
                    draws, prng.below(2) == 0 ? sim::LossMode::sectors : sim::LossMode::prefix);
            }
        }
    }
}

}  // namespace
}  // namespace weir::log
