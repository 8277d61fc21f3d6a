// How a leader changes its live replica set (design, replication 5.7).
#include "tests/unit/replication/replica_fixture.h"

namespace weir::replication {

namespace {

// SPU 1 leads epoch 5 with LRS {1, 2}, all at 3; SPU 3 is attached at `third`.
class LrsChange : public testing::Test {
protected:
    void begin(std::initializer_list<int> lrs, const ReplicaLog& third) {
        leader.hear(record_of(1, 5, 8, lrs));
        leader.hear(attach_of(2, 5, 1, log_of({4, 4, 4})));
        leader.hear(ack_of(2, 5, 1, 3));
        leader.hear(attach_of(3, 5, 1, third));
        leader.hear(ack_of(3, 5, 1, third.leo.value()));
    }
    std::optional<AlterLrs> proposed_after(Duration later) {
        leader.tick(later);
        return leader.sc_message<AlterLrs>();
    }

    Replica leader{1, log_of({4, 4, 4}, 1), 4};
    Duration hold = leader.options.expand_hold;
};

}  // namespace

TEST_F(LrsChange, AddsAFollowerThatStaysInSync) {
    begin({1, 2}, log_of({4, 4, 4}));
    EXPECT_FALSE(proposed_after(hold - Duration::from_ns(1)));
    const std::optional<AlterLrs> proposal = proposed_after(Duration::from_ns(1));
    ASSERT_TRUE(proposal);
    EXPECT_EQ(proposal->epoch, epoch(5));
    EXPECT_EQ(proposal->version, RecordVersion(8));
    EXPECT_EQ(proposal->lrs, spus({1, 2, 3}));
    EXPECT_EQ(proposal->added, (std::vector{AddedMember{SpuId(3), uid_of(3), boot_of(3)}}));
}

TEST_F(LrsChange, DoesNotAddWhoIsBelowTheStartOfTheEpoch) {
    // The HW is 1 only, but what was committed before this epoch may reach to 3.
    leader.hear(record_of(1, 5, 8, {1, 2}));
    leader.hear(attach_of(3, 5, 1, log_of({4, 4})));
    EXPECT_EQ(leader.state.log().hw, at(1));
    EXPECT_FALSE(proposed_after(hold));
    leader.hear(ack_of(3, 5, 1, 3));
    EXPECT_TRUE(proposed_after(Duration()));
}

TEST_F(LrsChange, WaitsForWhoIsToBeAddedBeforeTheScKnows) {
    begin({1, 2}, log_of({4, 4, 4}));
    ASSERT_TRUE(proposed_after(hold));
    EXPECT_EQ(leader.state.leader()->maximal_lrs(), spus({1, 2, 3}));
    leader.append_records(1, 5);
    leader.hear(ack_of(2, 5, 1, 4));
    EXPECT_EQ(leader.state.log().hw, at(3));
    leader.hear(ack_of(3, 5, 1, 4));
    EXPECT_EQ(leader.state.log().hw, at(4));
}

TEST_F(LrsChange, WaitsForWhoIsToLeaveUntilItIsStored) {
    begin({1, 2, 3}, log_of({4, 4, 4}));
    leader.append_records(1, 5);
    leader.hear(ack_of(2, 5, 1, 4));
    EXPECT_FALSE(proposed_after(leader.options.lag_max));
    leader.hear(ack_of(2, 5, 1, 4));
    const std::optional<AlterLrs> proposal = proposed_after(Duration::from_ns(1));
    ASSERT_TRUE(proposal);
    EXPECT_EQ(proposal->lrs, spus({1, 2}));
    EXPECT_TRUE(proposal->added.empty());
    EXPECT_EQ(leader.state.log().hw, at(3));
    leader.hear(record_of(1, 5, 9, {1, 2}));
    EXPECT_EQ(leader.state.log().hw, at(4));
}

TEST_F(LrsChange, RepeatsTheSameProposalUntilItIsDecided) {
    begin({1, 2}, log_of({4, 4, 4}));
    const std::optional<AlterLrs> first = proposed_after(hold);
    ASSERT_TRUE(first);
    EXPECT_FALSE(proposed_after(leader.options.alter_retry - Duration::from_ns(1)));
    // What happens meanwhile does not change it.
    leader.state.disconnected(SpuId(3), leader.moment(), leader.effects);
    EXPECT_EQ(proposed_after(Duration::from_ns(1)), first);
    leader.hear(record_of(1, 5, 8, {1, 2}));  // no news
    EXPECT_EQ(proposed_after(leader.options.alter_retry), first);
    leader.hear(record_of(1, 5, 9, {1, 2, 3}));
    EXPECT_FALSE(leader.state.leader()->proposal());
    EXPECT_EQ(leader.state.leader()->maximal_lrs(), spus({1, 2, 3}));
}

TEST_F(LrsChange, TriesWhoWasRefusedAgainLater) {
    begin({1, 2}, log_of({4, 4, 4}));
    ASSERT_TRUE(proposed_after(hold));
    leader.hear(record_of(1, 5, 9, {1, 2}));
    EXPECT_EQ(leader.state.leader()->maximal_lrs(), spus({1, 2}));
    EXPECT_FALSE(proposed_after(hold - Duration::from_ns(1)));
    const std::optional<AlterLrs> again = proposed_after(Duration::from_ns(1));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->version, RecordVersion(9));
}

TEST_F(LrsChange, RemovesBeforeItAdds) {
    begin({1, 2}, log_of({4, 4, 4}));
    leader.state.disconnected(SpuId(2), leader.moment(), leader.effects);
    const std::optional<AlterLrs> proposal =
        proposed_after(leader.options.lag_max + Duration::from_ns(1));
    ASSERT_TRUE(proposal);
    EXPECT_EQ(proposal->lrs, spus({1}));
}

TEST_F(LrsChange, KeepsAnIdleFollower) {
    begin({1, 2, 3}, log_of({4, 4, 4}));
    EXPECT_FALSE(proposed_after(leader.options.lag_max * 10));
    leader.append_records(1, 5);
    EXPECT_FALSE(proposed_after(leader.options.lag_max));
}

TEST_F(LrsChange, KeepsABusyFollowerThatIsNeverAtTheEnd) {
    begin({1, 2}, log_of({4, 4, 4}));
    for (std::int64_t end = 4; end < 40; ++end) {
        leader.append_records(1, 5);
        leader.hear(ack_of(2, 5, 1, end - 1));
        leader.tick(Duration::from_s(1));
        const std::optional<AlterLrs> proposal = leader.sc_message<AlterLrs>();
        EXPECT_TRUE(!proposal || proposal->lrs == spus({1, 2, 3}));
    }
}

TEST_F(LrsChange, StopsLeadingWhenItHearsOfAHigherEpoch) {
    begin({1, 2}, log_of({4, 4, 4}));
    ASSERT_TRUE(proposed_after(hold));
    leader.hear(record_of(0, 6, 9, {2, 3}));
    EXPECT_EQ(leader.state.leader(), nullptr);
    ASSERT_NE(leader.effect<StopLeading>(), nullptr);
    EXPECT_EQ(leader.effect<StopLeading>()->epoch, epoch(5));
    EXPECT_EQ(leader.state.may_produce(Isolation::read_uncommitted, leader.moment()),
              Permission::not_leader);
}

}  // namespace weir::replication
