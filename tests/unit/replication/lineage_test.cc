#include "core/replication/lineage.h"

#include <gtest/gtest.h>

namespace weir::replication {

namespace {

EpochStart entry(std::int32_t epoch, std::int64_t start) {
    return {LeaderEpoch(epoch), Offset(start)};
}

EpochEnd end(std::int32_t epoch, std::int64_t offset) {
    return {LeaderEpoch(epoch), Offset(offset)};
}

LogExtent extent(std::int64_t log_start, std::int64_t leo) {
    return {Offset(log_start), Offset(leo)};
}

// Epoch 1 wrote [0, 10), 3 wrote [10, 15), 4 wrote [15, 20).
const Lineage kLeader = {entry(1, 0), entry(3, 10), entry(4, 15)};

}  // namespace

TEST(EndOfEpoch, IsWhereTheNextOneStarts) {
    EXPECT_EQ(end_of_epoch(kLeader, extent(0, 20), LeaderEpoch(0)), end(-1, 0));
    EXPECT_EQ(end_of_epoch(kLeader, extent(0, 20), LeaderEpoch(1)), end(1, 10));
    EXPECT_EQ(end_of_epoch(kLeader, extent(0, 20), LeaderEpoch(2)), end(1, 10));
    EXPECT_EQ(end_of_epoch(kLeader, extent(0, 20), LeaderEpoch(3)), end(3, 15));
    EXPECT_EQ(end_of_epoch(kLeader, extent(0, 20), LeaderEpoch(9)), end(4, 20));
    EXPECT_EQ(end_of_epoch({}, extent(7, 7), LeaderEpoch(9)), end(-1, 7));
}

// S1 of the design: both end near each other, and neither length nor HW tells them apart.
TEST(CompareLogs, FindsDivergenceAtEqualLength) {
    const Lineage leader = {entry(1, 0), entry(2, 100)};
    const Lineage follower = {entry(1, 0)};
    const Comparison found = compare_logs(leader, extent(0, 103), follower, Offset(103));
    ASSERT_EQ(found, Comparison(DivergedAt{end(1, 100)}));
    EXPECT_EQ(truncation_point(follower, extent(0, 103), std::get<DivergedAt>(found)), Offset(100));
}

TEST(CompareLogs, TakesAPrefixAsItIs) {
    EXPECT_EQ(compare_logs(kLeader, extent(0, 20), {entry(1, 0)}, Offset(4)), Comparison(InSync()));
    EXPECT_EQ(compare_logs(kLeader, extent(0, 20), kLeader, Offset(20)), Comparison(InSync()));
    EXPECT_EQ(compare_logs(kLeader, extent(0, 20), {}, Offset(0)), Comparison(InSync()));
}

// The follower has epoch 2 where the leader has 3, and both have their own end of 1.
TEST(CompareLogs, NeedsOneRoundWithTheWholeLineage) {
    const Lineage follower = {entry(1, 0), entry(2, 12), entry(5, 14)};
    EXPECT_EQ(compare_logs(kLeader, extent(0, 20), follower, Offset(16)),
              Comparison(DivergedAt{end(1, 10)}));
    // By its last entry alone it learns first that it has nothing from 14 on.
    const Comparison first = compare_logs(kLeader, extent(0, 20), {entry(5, 14)}, Offset(16));
    ASSERT_TRUE(std::holds_alternative<DivergedAt>(first));
    EXPECT_EQ(truncation_point(follower, extent(0, 16), std::get<DivergedAt>(first)), Offset(14));
}

TEST(CompareLogs, SendsWhoIsTooFarBehindToTheStart) {
    const Lineage leader = {entry(3, 10), entry(4, 15)};
    EXPECT_EQ(compare_logs(leader, extent(15, 20), {entry(1, 0)}, Offset(14)),
              Comparison(OutOfReach()));
    // It ends exactly at the start: the kept entry of epoch 3 tells that it fits.
    EXPECT_EQ(compare_logs(leader, extent(15, 20), {entry(3, 10)}, Offset(15)),
              Comparison(InSync()));
    // So does this one, but with records of a leader that was never followed.
    EXPECT_EQ(compare_logs(leader, extent(15, 20), {entry(2, 9)}, Offset(15)),
              Comparison(OutOfReach()));
}

// What follows is the leader's at its log start, and the place where they part is deleted: what the
// leader has forgotten about it must not make the follower cut away what was committed.
TEST(CompareLogs, SendsWhoPartedBelowTheLogStartToTheStart) {
    EXPECT_EQ(compare_logs({entry(2, 63)}, extent(68, 141), {entry(0, 52)}, Offset(70)),
              Comparison(OutOfReach()));
    EXPECT_EQ(
        compare_logs({entry(0, 52), entry(2, 68)}, extent(68, 141), {entry(0, 52)}, Offset(70)),
        Comparison(DivergedAt{end(0, 68)}));
}

TEST(Trim, KeepsTheEpochBeforeTheStart) {
    Lineage lineage = kLeader;
    trim(lineage, Offset(15));
    EXPECT_EQ(lineage, (Lineage{entry(3, 10), entry(4, 15)}));
    EXPECT_EQ(epoch_before(lineage, Offset(15)), LeaderEpoch(3));
    trim(lineage, Offset(16));
    EXPECT_EQ(lineage, (Lineage{entry(4, 15)}));
}

}  // namespace weir::replication
