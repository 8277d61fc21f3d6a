#include "core/control/partition_status.h"

#include <gtest/gtest.h>

namespace weir::control {

namespace {

LeaderReport report_of(int leader, std::int64_t hw, std::int64_t leo) {
    LeaderReport report;
    report.leader = SpuId(leader);
    report.hw = Offset(hw);
    report.leo = Offset(leo);
    report.log_start = Offset(3);
    report.size_bytes = 99;
    return report;
}

ReplicaStatus replica(int spu, std::int64_t leo) {
    ReplicaStatus status;
    status.spu = SpuId(spu);
    status.hw = Offset(leo);
    status.leo = Offset(leo);
    return status;
}

}  // namespace

TEST(PartitionStatusMerge, FirstReportMakesItOnline) {
    const PartitionStatus status = merge_report(PartitionStatus(), report_of(1, 5, 7));
    EXPECT_EQ(status.resolution, PartitionResolution::online);
    EXPECT_EQ(status.leader.spu, SpuId(1));
    EXPECT_EQ(status.leader.hw, Offset(5));
    EXPECT_EQ(status.leader.leo, Offset(7));
    EXPECT_EQ(status.base_offset, Offset(3));
    EXPECT_EQ(status.size_bytes, 99);
    EXPECT_TRUE(status.replicas.empty());
}

TEST(PartitionStatusMerge, UnknownOffsetsKeepTheLastOnes) {
    const PartitionStatus before = merge_report(PartitionStatus(), report_of(1, 5, 7));
    const PartitionStatus status = merge_report(before, report_of(1, -1, -1));
    EXPECT_EQ(status.leader.hw, Offset(5));
    EXPECT_EQ(status.leader.leo, Offset(7));
}

TEST(PartitionStatusMerge, FollowersAreListedById) {
    LeaderReport report = report_of(1, 7, 7);
    report.followers = {replica(3, 7), replica(2, 6)};
    PartitionStatus status = merge_report(PartitionStatus(), report);
    ASSERT_EQ(status.replicas.size(), 2U);
    EXPECT_EQ(status.replicas[0].spu, SpuId(2));
    report.followers = {replica(2, 7)};
    status = merge_report(status, report);
    EXPECT_EQ(status.replicas.size(), 2U);
    EXPECT_EQ(status.replicas[0].leo, Offset(7));
}

TEST(PartitionStatusMerge, AnOldLeaderBecomesAReplica) {
    LeaderReport report = report_of(1, 7, 7);
    report.followers = {replica(2, 7)};
    PartitionStatus status = merge_report(PartitionStatus(), report);
    status = merge_report(status, report_of(2, 8, 8));
    EXPECT_EQ(status.leader.spu, SpuId(2));
    ASSERT_EQ(status.replicas.size(), 1U);
    EXPECT_EQ(status.replicas[0].spu, SpuId(1));
}

TEST(PartitionStatusMerge, LeaderGoneKeepsWhatWasKnown) {
    const PartitionStatus before = merge_report(PartitionStatus(), report_of(1, 5, 7));
    const PartitionStatus gone = leader_gone(before);
    EXPECT_EQ(gone.resolution, PartitionResolution::leader_offline);
    EXPECT_EQ(gone.leader, before.leader);
    EXPECT_EQ(gone.size_bytes, before.size_bytes);
    EXPECT_EQ(leader_gone(PartitionStatus()).resolution, PartitionResolution::offline);
}

TEST(PartitionStatusUnderRecord, LiveFollowersAreThoseOfTheRecord) {
    LeaderReport report = report_of(1, 7, 7);
    report.followers = {replica(2, 6), replica(3, 7)};
    PartitionRecord record;
    record.leader = SpuId(1);
    record.lrs = {SpuId(1), SpuId(2)};
    const PartitionStatus merged = merge_report(PartitionStatus(), report);
    // The one is live and a record behind, the other has everything and is not in the LRS.
    EXPECT_EQ(under_record(merged, record, true, PartitionResolution::online).live_replica_count,
              1U);
    record.leader = kNoSpu;
    record.lrs = {};
    EXPECT_EQ(under_record(merged, record, false, std::nullopt).live_replica_count, 0U);
}

}  // namespace weir::control
