// Each fault of a partition's record is named, and a good record has none.

#include "core/control/record_check.h"

#include "tests/support/control_worlds.h"

#include <gtest/gtest.h>

#include <limits>

namespace weir::control {

namespace {

using Faults = std::vector<RecordFault>;
using test::online_record;
using test::spus;

Faults faults_of(void (*spoil)(PartitionRecord&)) {
    PartitionRecord record = online_record({1, 2, 3});
    spoil(record);
    return check_record(record);
}

}  // namespace

TEST(RecordCheck, GoodRecordsHaveNoFault) {
    EXPECT_EQ(faults_of([](PartitionRecord&) {}), Faults{});
    EXPECT_EQ(faults_of([](PartitionRecord& record) {
                  record.lrs = spus({1});
                  record.elr = spus({2});
                  record.last_known = spus({3});
                  record.phase = PartitionPhase::recovering;
              }),
              Faults{});
}

TEST(RecordCheck, Assignment) {
    const Faults expected = {RecordFault::bad_assignment};
    EXPECT_EQ(faults_of([](PartitionRecord& record) {
                  record.replicas.push_back(record.replicas.front());
              }),
              expected);
    EXPECT_EQ(faults_of([](PartitionRecord& record) {
                  record.adding.push_back(record.replicas.front());
              }),
              expected);
    EXPECT_EQ(faults_of([](PartitionRecord& record) { record.removing = spus({4}); }), expected);
    EXPECT_EQ(faults_of([](PartitionRecord& record) { record.replicas[1].uid = Uid(); }), expected);
}

TEST(RecordCheck, Sets) {
    EXPECT_EQ(faults_of([](PartitionRecord& record) { record.lrs = spus({2, 1}); }),
              Faults{RecordFault::unordered_set});
    EXPECT_EQ(faults_of([](PartitionRecord& record) { record.lrs = spus({1, 2, 9}); }),
              Faults{RecordFault::member_not_assigned});
    EXPECT_EQ(faults_of([](PartitionRecord& record) {
                  record.lrs = spus({1});
                  record.elr = spus({1, 2});
              }),
              Faults{RecordFault::sets_overlap});
    EXPECT_EQ(faults_of([](PartitionRecord& record) {
                  record.lrs = spus({1});
                  record.elr = spus({2});
                  record.last_known = spus({2});
              }),
              Faults{RecordFault::sets_overlap});
    EXPECT_EQ(faults_of([](PartitionRecord& record) {
                  record.lrs = spus({1, 2});
                  record.last_known = spus({3});
              }),
              Faults{RecordFault::outsiders_kept});
}

TEST(RecordCheck, LeaderPhaseAndCounters) {
    EXPECT_EQ(faults_of([](PartitionRecord& record) { record.lrs = spus({2, 3}); }),
              Faults{RecordFault::leader_outside_lrs});
    EXPECT_EQ(faults_of([](PartitionRecord& record) { record.leader_boot = kNoBoot; }),
              Faults{RecordFault::leader_boot_mismatch});
    EXPECT_EQ(faults_of([](PartitionRecord& record) { record.phase = PartitionPhase::offline; }),
              Faults{RecordFault::phase_mismatch});
    EXPECT_EQ(faults_of([](PartitionRecord& record) {
                  record.leader = kNoSpu;
                  record.leader_boot = kNoBoot;
              }),
              Faults{RecordFault::phase_mismatch});
    EXPECT_EQ(faults_of([](PartitionRecord& record) { record.min_live = 0; }),
              Faults{RecordFault::min_live_zero});
    const Faults counter = {RecordFault::bad_counter};
    EXPECT_EQ(faults_of([](PartitionRecord& record) { record.leader_epoch = kNoEpoch; }), counter);
    EXPECT_EQ(faults_of([](PartitionRecord& record) {
                  record.leader_epoch = LeaderEpoch(std::numeric_limits<std::int32_t>::max());
              }),
              counter);
    EXPECT_EQ(faults_of([](PartitionRecord& record) {
                  record.version = RecordVersion(std::numeric_limits<std::uint64_t>::max());
              }),
              counter);
}

}  // namespace weir::control
