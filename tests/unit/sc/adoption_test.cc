// An operator adopts what the SPUs have (replication.md 5.14), against scripted SPUs: the SC comes
// back with metadata from before.

#include "core/control/live_sets.h"
#include "core/control/record_check.h"
#include "tests/support/sc_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

namespace weir::sc {

namespace {

using test::ScClient;
using wire::Operate;
using wire::Operated;
using wire::Status;

const ReplicaKey kOld = {"old", 0};
const ReplicaKey kNew = {"new", 0};
bool g_force = false;
Operated g_answer;
SpuId g_drained = kNoSpu;

// SPUs 1 to 3, topic `old` on all of them.
class ScAdoption : public test::ScTest {
protected:
    ScAdoption() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            for (int id = 1; id <= 3; ++id) {
                WEIR_CO_TRY(const Status status, co_await client.register_spu(id));
                EXPECT_TRUE(status.error.ok());
            }
            co_return Result<void>();
        });
        for (int id = 1; id <= 3; ++id) {
            start(id);
        }
        create_topic<&kOld>();
    }
    void start(int id) {
        test::FakeSpuOptions options = spu_options(id);
        options.reconnects = true;
        start_spu(options);
    }
    template <const ReplicaKey* key>
    void create_topic() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            WEIR_CO_TRY(const Status status, co_await client.create_topic(key->topic, 1, 3));
            EXPECT_TRUE(status.error.ok());
            co_return Result<void>();
        });
    }
    template <const ReplicaKey* key>
    void delete_topic() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            WEIR_CO_TRY(const Status status, co_await client.delete_topic(key->topic));
            EXPECT_TRUE(status.error.ok());
            co_return Result<void>();
        });
    }
    void back_up() { backup_.emplace(sc_->disk_image().clone()); }
    // Every SPU has had another boot since the backup.
    void restore() {
        for (int id = 1; id <= 3; ++id) {
            spu_machines_[id]->crash();
            start(id);
            world_.run_for(Duration::from_ms(500));
        }
        sc_->crash();
        come_back();
    }
    void come_back() {
        sc_->replace_disk(backup_->clone());
        boot_sc();
        world_.run_for(Duration::from_s(1));
    }
    void restart_sc() {
        sc_->crash();
        boot_sc();
        world_.run_for(Duration::from_s(5));
    }
    std::pair<int, std::array<int, 2>> leader_and_others() {
        const int leader = record(1, kOld).leader.value();
        return {leader, {leader % 3 + 1, (leader + 1) % 3 + 1}};
    }
    // `new` has one replica. Who has it.
    int create_only_copy() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            WEIR_CO_TRY(const Status status, co_await client.create_topic(kNew.topic, 1, 1));
            EXPECT_TRUE(status.error.ok());
            co_return Result<void>();
        });
        world_.run_for(Duration::from_s(1));
        return spus_[1].disk.contains(kNew) ? 1 : (spus_[2].disk.contains(kNew) ? 2 : 3);
    }
    // That an SC has not listed since the backup. Who has it, and the others.
    std::pair<int, std::array<int, 2>> create_unlisted() {
        const int holder = create_only_copy();
        back_up();
        spus_[holder].disk.at(kNew).is_unlisted = true;
        return {holder, {holder % 3 + 1, (holder + 1) % 3 + 1}};
    }
    Operated adopt(bool force = false) {
        g_force = force;
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            Operate request;
            request.verb = wire::OperatorVerb::adopt;
            request.force = g_force;
            WEIR_CO_TRY(g_answer, co_await client.operate(request));
            co_return Result<void>();
        });
        world_.run_for(Duration::from_s(2));
        return g_answer;
    }
    bool told(const std::string& text) const {
        return std::any_of(g_answer.details.begin(), g_answer.details.end(),
                           [&](const std::string& line) { return line.find(text) != line.npos; });
    }
    bool served(int id) {
        return spus_[id].registered.result == wire::internal::RegisterResult::accepted;
    }
    const PartitionRecord& record(int id, const ReplicaKey& key) { return spus_[id].record(key); }

    std::optional<sim::DiskImage> backup_;
};

}  // namespace

TEST_F(ScAdoption, ThereIsNothingToAdoptAsLongAsNothingIsInDoubt) {
    EXPECT_FALSE(adopt().accepted);
    EXPECT_FALSE(adopt(true).accepted);
    EXPECT_TRUE(g_answer.details.empty());
}

TEST_F(ScAdoption, SpusAreServedAgainAndTheLongestLogLeads) {
    back_up();
    const LeaderEpoch before = record(1, kOld).leader_epoch;
    restore();
    const LeaderEpoch reported = spus_[2].disk.at(kOld).fence_epoch;
    ASSERT_GT(reported, before);
    const BootEpoch last_boot = spus_[3].registered.boot;
    ASSERT_FALSE(served(1));
    EXPECT_TRUE(adopt().accepted);
    EXPECT_TRUE(told("old-0: epoch"));
    EXPECT_FALSE(told("lost"));
    for (int id = 1; id <= 3; ++id) {
        ASSERT_TRUE(served(id)) << id;
        EXPECT_GT(spus_[id].registered.boot, last_boot);
        EXPECT_GT(record(id, kOld).leader_epoch, reported);
        EXPECT_EQ(record(id, kOld).leader, SpuId(3));
        EXPECT_TRUE(control::check_record(record(id, kOld)).empty());
    }
    EXPECT_FALSE(adopt().accepted);
}

// Two SPUs show that the record is old, and the third comes as another process: the record does not
// say so. When those two are silent and the SC starts again, nobody would tell.
TEST_F(ScAdoption, ADoubtOutlivesTheSc) {
    back_up();
    const auto [first, others] = leader_and_others();
    spu_machines_[first]->crash();
    world_.run_for(Duration::from_s(1));
    sc_->crash();
    come_back();
    start(first);
    world_.run_for(Duration::from_s(1));
    ASSERT_TRUE(served(first));
    for (const int id : others) {
        ASSERT_TRUE(served(id));
        spu_machines_[id]->crash();
    }
    restart_sc();
    const Operated answer = adopt();
    EXPECT_FALSE(answer.accepted);
    EXPECT_TRUE(answer.message.starts_with("2 SPUs have not reported yet")) << answer.message;
    EXPECT_TRUE(adopt(true).accepted);
    // Adopted is adopted.
    restart_sc();
    EXPECT_TRUE(adopt(true).message.starts_with("no SPU has shown")) << g_answer.message;
}

// Whatever a silent one knows: it leads under no epoch that the others will have.
TEST_F(ScAdoption, ASilentSpuMakesTheNextEpochLeap) {
    const auto [first, others] = leader_and_others();
    const auto epoch = [&] { return record(others[0], kOld).leader_epoch.value(); };
    const std::int32_t known = epoch();
    spu_machines_[first]->crash();
    world_.run_for(Duration::from_s(1));
    const std::int32_t before = epoch();
    EXPECT_GT(before, known);
    EXPECT_LE(before, known + 2);
    restart_sc();
    // The silent one was taken out of the live replicas, which is no new epoch.
    EXPECT_EQ(epoch(), before);
    const int leader = record(others[0], kOld).leader.value();
    const int last = leader == others[0] ? others[1] : others[0];
    spu_machines_[leader]->crash();
    world_.run_for(Duration::from_s(5));
    EXPECT_GE(record(last, kOld).leader_epoch.value(), before + (1 << 10));
    EXPECT_LT(record(last, kOld).leader_epoch.value(), before + (1 << 17) + 2);
}

// The second backup knows the processes that run, under boots that they have left behind.
TEST_F(ScAdoption, ABootNeverGoesBack) {
    back_up();
    for (int id = 1; id <= 3; ++id) {
        spu_machines_[id]->crash();
        start(id);
        world_.run_for(Duration::from_ms(500));
    }
    sim::DiskImage second = sc_->disk_image().clone();
    sc_->crash();
    come_back();
    EXPECT_TRUE(adopt().accepted);
    BootEpoch last_boot;
    for (int id = 1; id <= 3; ++id) {
        ASSERT_TRUE(served(id)) << id;
        last_boot = std::max(last_boot, spus_[id].registered.boot);
    }
    sc_->crash();
    backup_.emplace(std::move(second));
    come_back();
    EXPECT_TRUE(adopt().accepted);
    for (int id = 1; id <= 3; ++id) {
        ASSERT_TRUE(served(id)) << id;
        EXPECT_GT(spus_[id].registered.boot, last_boot);
    }
}

// The live sets may have changed without a new epoch: no record of the backup can be believed.
TEST_F(ScAdoption, WithOlderBootsEveryRecordIsRebuilt) {
    back_up();
    restore();
    sc_->crash();
    for (int id = 1; id <= 3; ++id) {
        spus_[id].disk.at(kOld).fence_epoch = LeaderEpoch(0);
    }
    come_back();
    EXPECT_TRUE(adopt().accepted);
    EXPECT_TRUE(told("old-0: epoch"));
}

// An election waits for 50 ms; over a link to another site an answer takes longer.
TEST_F(ScAdoption, AnAnswerThatComesLateCountsInTheNextElection) {
    back_up();
    restore();
    sc_->crash();
    spu_machines_[3]->crash();
    test::FakeSpuOptions far_away = spu_options(3);
    far_away.reconnects = true;
    far_away.answers_after = Duration::from_ms(700);
    start_spu(far_away);
    boot_sc();
    world_.run_for(Duration::from_s(1));
    EXPECT_TRUE(adopt().accepted);
    world_.run_for(Duration::from_s(3));
    EXPECT_EQ(record(1, kOld).leader, SpuId(3));
    EXPECT_EQ(record(1, kOld).leader_boot, spus_[3].registered.boot);
}

TEST_F(ScAdoption, WhoHasNotReportedIsNamedAndGivenUpOnlyByForce) {
    back_up();
    restore();
    sc_->crash();
    spu_machines_[3]->crash();
    boot_sc();
    world_.run_for(Duration::from_s(1));
    EXPECT_FALSE(adopt().accepted);
    EXPECT_TRUE(told("not reported: spu 3"));
    EXPECT_FALSE(served(1));
    EXPECT_TRUE(adopt(true).accepted);
    EXPECT_TRUE(told("what only spu 3 has is lost"));
    EXPECT_TRUE(served(1));
    EXPECT_EQ(record(1, kOld).leader, SpuId(2));
    // Higher numbers than any that were reported: again.
    spus_[3].clean_boot = BootEpoch(999);
    start(3);
    EXPECT_FALSE(served(3));
    EXPECT_TRUE(adopt().accepted);
    EXPECT_TRUE(served(3));
    EXPECT_GT(spus_[3].registered.boot, BootEpoch(999));
    EXPECT_EQ(record(3, kOld).leader, SpuId(3));
    EXPECT_EQ(record(3, kOld).phase, PartitionPhase::recovering);
}

// The processes of the SPUs are the same, and have nothing of it any more: nobody is complete, and
// its first epochs may be known to who is silent.
TEST_F(ScAdoption, WhatWasDeletedAfterTheBackupIsNotCountedOn) {
    back_up();
    const LeaderEpoch before = record(1, kOld).leader_epoch;
    delete_topic<&kOld>();
    ASSERT_TRUE(spus_[1].disk.empty() || !spus_[1].disk.contains(kOld));
    sc_->crash();
    come_back();
    ASSERT_TRUE(served(1));
    EXPECT_GE(record(1, kOld).leader_epoch.value(), before.value() + (1 << 10));
    EXPECT_EQ(record(1, kOld).phase, PartitionPhase::recovering);
    EXPECT_TRUE(control::check_record(record(1, kOld)).empty());
}

// The only copy was moved since the backup.
TEST_F(ScAdoption, WhoHasNothingOfItDoesNotLeadWhileAnotherMayHaveIt) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status status, co_await client.create_topic(kNew.topic, 1, 1));
        EXPECT_TRUE(status.error.ok());
        co_return Result<void>();
    });
    world_.run_for(Duration::from_s(1));
    const int before = spus_[1].disk.contains(kNew) ? 1 : (spus_[2].disk.contains(kNew) ? 2 : 3);
    const int after = before % 3 + 1;
    back_up();
    spus_[after].disk[kNew] = spus_[before].disk.at(kNew);
    spus_[after].disk[kNew].uid = Uid{0, 99};
    spus_[before].disk.erase(kNew);
    spu_machines_[before]->crash();
    spu_machines_[after]->crash();
    sc_->crash();
    test::FakeSpuOptions emptied = spu_options(before);
    emptied.reconnects = true;
    emptied.last_epoch = kNoEpoch;
    start_spu(emptied);
    come_back();
    world_.run_for(Duration::from_s(10));
    ASSERT_TRUE(served(before));
    const wire::internal::PartitionRef moved = {record(before, kNew).topic_uid, PartitionId(0)};
    EXPECT_EQ(spus_[before].doubted, std::vector{moved});
    // Its epoch is not higher than what the SC knows by now: that it has the records is enough.
    start(after);
    world_.run_for(Duration::from_s(5));
    ASSERT_TRUE(served(after));
    EXPECT_EQ(spus_[before].doubted, std::vector{moved});
    EXPECT_TRUE(adopt().accepted);
    EXPECT_TRUE(told("new-0: epoch"));
    EXPECT_EQ(record(after, kNew).leader, SpuId(after));
}

// It may have been moved since the backup, or that SC may have been one with older metadata.
TEST_F(ScAdoption, WhatAnScHasNotListedIsInDoubtUntilAllHaveCome) {
    const auto [holder, others] = create_unlisted();
    const PartitionRecord before = record(holder, kNew);
    const wire::internal::PartitionRef doubted = {before.topic_uid, PartitionId(0)};
    spu_machines_[others[0]]->crash();
    sc_->crash();
    come_back();
    ASSERT_TRUE(served(holder));
    EXPECT_EQ(spus_[holder].doubted, std::vector{doubted});
    EXPECT_FALSE(adopt().accepted);
    world_.run_for(Duration::from_s(5));
    EXPECT_EQ(spus_[holder].doubted, std::vector{doubted});
    start(others[0]);
    world_.run_for(Duration::from_s(1));
    EXPECT_TRUE(spus_[holder].doubted.empty());
    EXPECT_FALSE(adopt().accepted);
    // Whatever its leader has asked for meanwhile has an answer.
    EXPECT_GT(record(holder, kNew).version, before.version);
    EXPECT_EQ(record(holder, kNew).leader, SpuId(holder));
    EXPECT_EQ(record(holder, kNew).leader_epoch, before.leader_epoch);
}

TEST_F(ScAdoption, WhatAnScHasNotListedIsNotLedWhenAnotherHasIt) {
    const auto [holder, others] = create_unlisted();
    const wire::internal::PartitionRef doubted = {record(holder, kNew).topic_uid, PartitionId(0)};
    spus_[others[0]].disk[kNew] = spus_[holder].disk.at(kNew);
    spus_[others[0]].disk[kNew].uid = Uid{0, 99};
    spus_[others[0]].disk[kNew].fence_epoch =
        control::next_epoch(record(holder, kNew).leader_epoch);
    spu_machines_[others[0]]->crash();
    sc_->crash();
    come_back();
    start(others[0]);
    world_.run_for(Duration::from_s(5));
    EXPECT_EQ(spus_[holder].doubted, std::vector{doubted});
    EXPECT_TRUE(adopt().accepted);
    EXPECT_EQ(record(others[0], kNew).replicas.size(), 2U);
}

// What is told once and is not in the record: that the holder is another process by now.
TEST_F(ScAdoption, WhatHappensToWhatAnScHasNotListedMakesTheDoubtStay) {
    const auto [holder, others] = create_unlisted();
    const wire::internal::PartitionRef doubted = {record(holder, kNew).topic_uid, PartitionId(0)};
    spu_machines_[others[0]]->crash();
    sc_->crash();
    come_back();
    world_.run_for(Duration::from_s(5));
    spu_machines_[holder]->crash();
    spus_[holder].disk.at(kNew).is_unlisted = false;
    start(holder);
    start(others[0]);
    world_.run_for(Duration::from_s(1));
    EXPECT_EQ(spus_[holder].doubted, std::vector{doubted});
    restart_sc();
    EXPECT_EQ(spus_[holder].doubted, std::vector{doubted});
    EXPECT_TRUE(adopt().accepted);
    EXPECT_EQ(record(holder, kNew).leader, SpuId(holder));
    EXPECT_EQ(record(holder, kNew).leader_boot, spus_[holder].registered.boot);
}

// Its registration is from before the doubt: the replica has gone to another SPU since.
TEST_F(ScAdoption, WhatSpusHaveIsAskedAnew) {
    const auto [holder, others] = create_unlisted();
    spus_[holder].disk.at(kNew).is_unlisted = false;
    restart_sc();
    ASSERT_TRUE(served(holder));
    spus_[others[0]].disk[kNew] = spus_[holder].disk.at(kNew);
    spus_[others[0]].disk[kNew].uid = Uid{0, 99};
    spus_[holder].disk.erase(kNew);
    spu_machines_[others[1]]->crash();
    spus_[others[1]].clean_boot = BootEpoch(999);
    start(others[1]);
    ASSERT_FALSE(served(others[1]));
    EXPECT_TRUE(adopt().accepted);
    EXPECT_TRUE(told("what only spu " + std::to_string(holder) + " has is lost"));
    EXPECT_EQ(record(others[0], kNew).leader, SpuId(others[0]));
    // One that was there before the doubt, and is not any more, has to come as well.
    spu_machines_[others[1]]->crash();
    spus_[others[1]].clean_boot = BootEpoch(1'999);
    spu_machines_[holder]->crash();
    start(others[1]);
    EXPECT_FALSE(adopt().accepted);
    EXPECT_TRUE(told("not reported: spu " + std::to_string(holder)));
}

// It was said before a doubt that has ended by itself since.
TEST_F(ScAdoption, ATopicIsMadeAnewFromWhatWasSaidBeforeAnotherDoubt) {
    const auto [holder, others] = create_unlisted();
    const ReplicaKey lost = {"lost", 0};
    spus_[others[1]].disk[lost] = spus_[others[1]].disk.at(kOld);
    spus_[others[1]].disk[lost].topic = lost.topic;
    spus_[others[1]].disk[lost].partition.topic_uid = Uid{7, 7};
    spus_[others[1]].disk[lost].uid = Uid{7, 8};
    spus_[holder].disk.erase(kNew);
    spu_machines_[holder]->crash();
    spu_machines_[others[0]]->crash();
    sc_->crash();
    come_back();
    start(holder);
    world_.run_for(Duration::from_s(5));
    ASSERT_FALSE(spus_[holder].doubted.empty());
    start(others[0]);
    world_.run_for(Duration::from_s(1));
    ASSERT_TRUE(spus_[holder].doubted.empty());
    EXPECT_FALSE(adopt().accepted);
    EXPECT_TRUE(told("only SPUs know topic lost"));
    EXPECT_TRUE(adopt(true).accepted);
    EXPECT_TRUE(told("topic lost"));
}

// A recovery gives up nothing of what an SPU has that is to be drained: it is asked like the
// others.
TEST_F(ScAdoption, WhatADrainingSpuHasIsNotGivenUp) {
    const auto [first, others] = leader_and_others();
    g_drained = SpuId(others[1]);
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        Operate request;
        request.verb = wire::OperatorVerb::drain;
        request.spus = {g_drained};
        WEIR_CO_TRY(const Operated answer, co_await client.operate(request));
        EXPECT_TRUE(answer.accepted) << answer.message;
        co_return Result<void>();
    });
    // It has followed since it registered.
    spu_machines_[others[1]]->crash();
    test::FakeSpuOptions draining = spu_options(others[1]);
    draining.reconnects = true;
    draining.leo = 77;
    start_spu(draining);
    world_.run_for(Duration::from_s(1));
    back_up();
    sc_->crash();
    spus_[first].disk.at(kOld).fence_epoch = LeaderEpoch(9);
    spus_[others[1]].disk.at(kOld).leo = Offset(0);
    come_back();
    ASSERT_TRUE(served(others[1]));
    EXPECT_TRUE(adopt().accepted);
    EXPECT_EQ(record(first, kOld).leader, g_drained);
}

TEST_F(ScAdoption, WhoStillHasItIsBelieved) {
    back_up();
    const auto [first, others] = leader_and_others();
    spus_[others[0]].disk.erase(kOld);
    const auto uid = [&] { return control::assigned_uid(record(first, kOld), SpuId(others[0])); };
    const std::optional<Uid> before = uid();
    sc_->crash();
    come_back();
    ASSERT_TRUE(served(others[0]));
    // The leader may still count what it had.
    EXPECT_NE(uid(), before);
    EXPECT_FALSE(control::contains(record(first, kOld).lrs, SpuId(others[0])));
    EXPECT_TRUE(control::contains(record(first, kOld).lrs, SpuId(first)));
    EXPECT_TRUE(control::contains(record(first, kOld).lrs, SpuId(others[1])));
    EXPECT_EQ(record(first, kOld).leader, SpuId(first));
}

// No checksum covers it. Of several replicas it is damage, and what the others have counts; the log
// of an only copy takes nothing of a lower epoch.
TEST_F(ScAdoption, AnEpochThatOnlyALogHasIsADoubtOnlyForAnOnlyCopy) {
    const int holder = create_only_copy();
    const LeaderEpoch rotten = LeaderEpoch(1 << 20);
    spus_[leader_and_others().second[0]].disk.at(kOld).last_epoch = rotten;
    restart_sc();
    EXPECT_FALSE(adopt().accepted);

    spus_[holder].disk.at(kNew).last_epoch = rotten;
    restart_sc();
    EXPECT_TRUE(adopt().accepted);
    EXPECT_EQ(record(holder, kNew).leader, SpuId(holder));
    EXPECT_GT(record(holder, kNew).leader_epoch, rotten);
}

// All came, and one of them cannot say any more what it has seen of this partition.
TEST_F(ScAdoption, AReplicaThatIsGoneMakesTheNextEpochLeap) {
    const auto [first, others] = leader_and_others();
    restart_sc();
    const LeaderEpoch before = record(others[0], kOld).leader_epoch;
    spu_machines_[others[0]]->crash();
    spus_[others[0]].disk.erase(kOld);
    start(others[0]);
    world_.run_for(Duration::from_s(1));
    EXPECT_EQ(record(others[0], kOld).leader_epoch, before);
    spu_machines_[record(others[0], kOld).leader.value()]->crash();
    world_.run_for(Duration::from_s(5));
    EXPECT_GE(record(others[0], kOld).leader_epoch.value(), before.value() + (1 << 10));
}

// An SC whose metadata are lost may have placed it, too.
TEST_F(ScAdoption, ATopicThatIsFoundWithoutPartitionsGetsEpochsOfItsOwn) {
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status status, co_await client.create_topic(kNew.topic, 1, 4));
        WEIR_MAYBE(status.error.ok());
        co_return Result<void>();
    });
    restart_sc();
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status status, co_await client.register_spu(4));
        EXPECT_TRUE(status.error.ok());
        co_return Result<void>();
    });
    start(4);
    world_.run_for(Duration::from_s(1));
    EXPECT_GE(record(4, kNew).leader_epoch.value(), (1 << 10) - 1);
    EXPECT_TRUE(control::check_record(record(4, kNew)).empty());
}

// No SPU has it. Those who had it may come with it later, and are waited for.
TEST_F(ScAdoption, APartitionThatNobodyHasIsNotLeftToWhoLedIt) {
    back_up();
    const LeaderEpoch before = record(1, kOld).leader_epoch;
    delete_topic<&kOld>();
    restore();
    ASSERT_FALSE(served(1));
    EXPECT_TRUE(adopt().accepted);
    EXPECT_TRUE(told("from nobody"));
    for (int id = 1; id <= 3; ++id) {
        ASSERT_TRUE(served(id)) << id;
    }
    const PartitionRecord& adopted = record(1, kOld);
    EXPECT_GE(adopted.leader_epoch.value(), before.value() + (1 << 10));
    EXPECT_EQ(adopted.leader_boot, spus_[adopted.leader.value()].registered.boot);
    EXPECT_TRUE(control::check_record(adopted).empty());
}

TEST_F(ScAdoption, ATopicThatTheMetadataHaveLostIsMadeAnew) {
    back_up();
    create_topic<&kNew>();
    const Uid uid = record(1, kNew).topic_uid;
    restore();
    EXPECT_TRUE(adopt().accepted);
    EXPECT_TRUE(told("topic new"));
    ASSERT_TRUE(spus_[1].replicas.contains(kNew));
    EXPECT_EQ(record(1, kNew).topic_uid, uid);
    EXPECT_EQ(record(1, kNew).leader, SpuId(3));
    EXPECT_EQ(record(1, kNew).min_live, 2U);
    EXPECT_TRUE(spus_[2].removed.empty());
    delete_topic<&kNew>();
    world_.run_for(Duration::from_s(1));
    EXPECT_FALSE(spus_[1].disk.contains(kNew));
}

// It was placed after the backup. Placed once more its replicas would start empty.
TEST_F(ScAdoption, ATopicWhosePartitionsTheMetadataHaveLostIsNotPlacedAnew) {
    world_.fabric().block(spu_machines_[3]->host(), sc_->host());
    world_.fabric().block(sc_->host(), spu_machines_[3]->host());
    world_.run_for(Duration::from_s(4));
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        static_cast<void>(co_await client.create_topic("new", 1, 3));
        co_return Result<void>();
    });
    back_up();
    world_.fabric().unblock(spu_machines_[3]->host(), sc_->host());
    world_.fabric().unblock(sc_->host(), spu_machines_[3]->host());
    world_.run_for(Duration::from_s(2));
    ASSERT_TRUE(spus_[1].replicas.contains(kNew));
    const auto uid_of = [&](int id) { return control::assigned_uid(record(1, kNew), SpuId(id)); };
    const std::array<std::optional<Uid>, 3> uids = {uid_of(1), uid_of(2), uid_of(3)};
    sc_->crash();
    come_back();
    ASSERT_TRUE(served(1));
    EXPECT_FALSE(spus_[1].replicas.contains(kNew));
    EXPECT_TRUE(spus_[1].disk.contains(kNew));
    run([](Env&, ScClient& client) -> Task<Result<void>> {
        WEIR_CO_TRY(const Status status, co_await client.delete_topic("new"));
        EXPECT_EQ(status.error.tag, wire::ErrorTag::topic_error);
        co_return Result<void>();
    });
    EXPECT_TRUE(adopt().accepted);
    EXPECT_TRUE(told("new-0: epoch"));
    ASSERT_TRUE(spus_[1].replicas.contains(kNew));
    EXPECT_EQ(uids, (std::array{uid_of(1), uid_of(2), uid_of(3)}));
}

// SPU 3 may lead the lost topic under the epoch that comes after those of the others.
TEST_F(ScAdoption, ATopicMadeAnewLeapsOverTheEpochsOfASilentSpu) {
    back_up();
    create_topic<&kNew>();
    restore();
    sc_->crash();
    spu_machines_[3]->crash();
    boot_sc();
    world_.run_for(Duration::from_s(1));
    const LeaderEpoch reported = spus_[1].disk.at(kNew).fence_epoch;
    EXPECT_TRUE(adopt(true).accepted);
    ASSERT_TRUE(spus_[1].replicas.contains(kNew));
    EXPECT_GE(record(1, kNew).leader_epoch.value(), reported.value() + (1 << 10));
}

TEST_F(ScAdoption, ANameThatIsTakenAndATopicThatWasDeletedStayAsTheyAre) {
    create_topic<&kNew>();
    spu_machines_[1]->crash();
    delete_topic<&kNew>();
    start(1);
    EXPECT_FALSE(adopt(true).accepted);
    ASSERT_TRUE(spus_[1].disk.contains(kNew));
    // Of another life.
    create_topic<&kNew>();
    spu_machines_[2]->crash();
    wire::internal::StoredReplica stored = spus_[2].disk.at(kNew);
    stored.partition.topic_uid = Uid{7, 7};
    spus_[2].disk.emplace(ReplicaKey{"other-life", 0}, stored);
    start(2);
    EXPECT_FALSE(adopt().accepted);
    EXPECT_TRUE(told("only SPUs know topic new"));
    EXPECT_TRUE(adopt(true).accepted);
    EXPECT_TRUE(told("stays set aside"));
    EXPECT_NE(record(1, kNew).topic_uid, (Uid{7, 7}));
}

}  // namespace weir::sc
