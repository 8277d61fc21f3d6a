// What an operator asks of the replicas (replication.md 5.15), against scripted SPUs.

#include "core/control/record_check.h"
#include "tests/support/sc_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir::sc {

namespace {

using test::ScClient;
using wire::Operate;
using wire::Operated;
using wire::OperatorVerb;
using wire::Status;

const ReplicaKey kKey = {"hello", 0};
Operate g_request;
Operated g_answer;

std::int64_t g_offset = 0;

// SPUs 1 to 4; the partition is on 1, 2 and 3, and 2 leads it.
class ScOperations : public test::ScTest {
protected:
    ScOperations() {
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            for (int id = 1; id <= 4; ++id) {
                WEIR_CO_TRY(const Status status, co_await client.register_spu(id));
                EXPECT_TRUE(status.error.ok());
            }
            co_return Result<void>();
        });
        for (int id = 1; id <= 3; ++id) {
            start_spu(id);
        }
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            WEIR_CO_TRY(const Status status, co_await client.create_topic("hello", 1, 3));
            EXPECT_TRUE(status.error.ok());
            co_return Result<void>();
        });
        start_spu(4);
    }
    const PartitionRecord& record(int id) { return spus_[id].record(kKey); }
    Operated operate(OperatorVerb verb, std::vector<int> spus = {}) {
        g_request = Operate();
        g_request.verb = verb;
        g_request.key = kKey;
        g_request.offset = Offset(g_offset);
        for (const int id : spus) {
            g_request.spus.push_back(SpuId(id));
        }
        run([](Env&, ScClient& client) -> Task<Result<void>> {
            WEIR_CO_TRY(g_answer, co_await client.operate(g_request));
            co_return Result<void>();
        });
        world_.run_for(Duration::from_ms(200));
        return g_answer;
    }
    // The leader takes `id` into the LRS.
    void expand(int leader, int id) {
        replication::AlterLrs request;
        request.boot = spus_[leader].registered.boot;
        request.epoch = record(leader).leader_epoch;
        request.version = record(leader).version;
        request.lrs = record(leader).lrs;
        request.lrs.push_back(SpuId(id));
        std::sort(request.lrs.begin(), request.lrs.end());
        replication::AddedMember added;
        added.spu = SpuId(id);
        added.boot = spus_[id].registered.boot;
        for (const auto* places : {&record(leader).replicas, &record(leader).adding}) {
            for (const AssignedReplica& replica : *places) {
                added.uid = replica.spu == SpuId(id) ? replica.uid : added.uid;
            }
        }
        request.added.push_back(added);
        spus_[leader].say(kKey, request);
        world_.run_for(Duration::from_ms(200));
    }
    static std::vector<int> holders(const PartitionRecord& record) {
        std::vector<int> ids;
        for (const AssignedReplica& replica : record.replicas) {
            ids.push_back(replica.spu.value());
        }
        return ids;
    }
};

}  // namespace

TEST_F(ScOperations, AReassignmentEndsWhenTheNewReplicaIsInSync) {
    ASSERT_EQ(record(1).leader, SpuId(2));
    EXPECT_FALSE(spus_[4].replicas.contains(kKey));
    EXPECT_TRUE(operate(OperatorVerb::reassign, {1, 3, 4}).accepted);
    ASSERT_TRUE(spus_[4].replicas.contains(kKey));
    EXPECT_EQ(record(4).adding.size(), 1U);
    EXPECT_TRUE(spus_[2].replicas.contains(kKey));
    EXPECT_FALSE(operate(OperatorVerb::reassign, {1, 2, 4}).accepted);
    world_.run_for(Duration::from_s(10));
    EXPECT_EQ(record(2).leader, SpuId(2));
    // SPU 2 goes, so that another one leads first.
    expand(2, 4);
    EXPECT_FALSE(spus_[2].replicas.contains(kKey));
    EXPECT_EQ(holders(record(4)), (std::vector<int>{1, 3, 4}));
    EXPECT_NE(record(4).leader, SpuId(2));
    EXPECT_EQ(record(4).phase, PartitionPhase::online);
    EXPECT_EQ(record(1), record(4));
    EXPECT_TRUE(control::check_record(record(4)).empty());
}

// The leader, SPU 2, has reported that 20 records are committed.
TEST_F(ScOperations, RecordsAreDeletedUpToTheWatermarkAndStayDeleted) {
    g_offset = 21;
    const Operated above = operate(OperatorVerb::delete_records);
    EXPECT_FALSE(above.accepted);
    EXPECT_EQ(above.message, "offset 21 is not one of committed records, which end at 20");
    g_offset = -1;
    EXPECT_FALSE(operate(OperatorVerb::delete_records).accepted);
    const RecordVersion before = record(1).version;
    g_offset = 20;
    EXPECT_TRUE(operate(OperatorVerb::delete_records).accepted);
    EXPECT_EQ(record(1).delete_before, Offset(20));
    EXPECT_EQ(record(1).version.value(), before.value() + 1);
    // It never comes back.
    g_offset = 5;
    EXPECT_TRUE(operate(OperatorVerb::delete_records).accepted);
    g_offset = 0;
    spu_machines_[2]->crash();
    world_.run_for(Duration::from_s(20));
    EXPECT_NE(record(3).leader, SpuId(2));
    EXPECT_EQ(record(3).delete_before, Offset(20));
}

TEST_F(ScOperations, NothingIsDeletedWithoutALeaderOrOfASystemTopic) {
    g_offset = 0;
    for (int id = 1; id <= 3; ++id) {
        spu_machines_[id]->crash();
    }
    world_.run_for(Duration::from_s(20));
    EXPECT_EQ(operate(OperatorVerb::delete_records).message, "nobody leads the partition now");
}

TEST_F(ScOperations, AReassignmentCanBeCancelled) {
    EXPECT_FALSE(operate(OperatorVerb::cancel_reassignment).accepted);
    EXPECT_TRUE(operate(OperatorVerb::reassign, {1, 2, 4}).accepted);
    EXPECT_TRUE(operate(OperatorVerb::cancel_reassignment).accepted);
    EXPECT_FALSE(spus_[4].replicas.contains(kKey));
    EXPECT_EQ(record(1).adding.size() + record(1).removing.size(), 0U);
    EXPECT_FALSE(operate(OperatorVerb::reassign, {}).accepted);
    EXPECT_FALSE(operate(OperatorVerb::reassign, {1, 1, 2}).accepted);
    EXPECT_EQ(operate(OperatorVerb::reassign, {1, 2, 9}).message, "there is no spu 9");
}

TEST_F(ScOperations, ThePreferredLeaderLeadsAgain) {
    EXPECT_FALSE(operate(OperatorVerb::elect_preferred).accepted);
    const int preferred = holders(record(1)).front();
    ASSERT_EQ(preferred, 2);
    spu_machines_[2]->crash();
    world_.run_for(Duration::from_ms(200));
    start_spu(2);
    EXPECT_EQ(record(1).leader, SpuId(3));
    EXPECT_FALSE(operate(OperatorVerb::elect_preferred).accepted);
    expand(3, 2);
    EXPECT_TRUE(operate(OperatorVerb::elect_preferred).accepted);
    EXPECT_EQ(record(1).leader, SpuId(2));
    EXPECT_EQ(record(1).phase, PartitionPhase::online);
}

TEST_F(ScOperations, AnSpuThatDrainsGivesAwayWhatItLeadsAndLeavesTheLiveSets) {
    EXPECT_FALSE(operate(OperatorVerb::drain, {9}).accepted);
    EXPECT_TRUE(operate(OperatorVerb::drain, {2}).accepted);
    EXPECT_NE(record(1).leader, SpuId(2));
    EXPECT_EQ(record(1).phase, PartitionPhase::online);
    EXPECT_EQ(record(1).lrs, (SpuSet{SpuId(1), SpuId(3)}));
    const SpuId leader = record(1).leader;
    // It is not taken back before it may be.
    expand(leader.value(), 2);
    EXPECT_EQ(record(1).lrs.size(), 2U);
    EXPECT_TRUE(operate(OperatorVerb::undrain, {2}).accepted);
    expand(leader.value(), 2);
    EXPECT_EQ(record(1).lrs.size(), 3U);
}

}  // namespace weir::sc
