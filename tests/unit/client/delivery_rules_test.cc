#include "core/client/delivery_rules.h"

#include <gtest/gtest.h>

namespace weir::client {
namespace {

constexpr std::int64_t kProducer = 42;

SentBatch numbered(SequenceNumbers& numbers, std::int32_t record_count) {
    SentBatch batch;
    batch.record_count = record_count;
    batch.number = numbers.take(record_count);
    return batch;
}

wire::ProducePartitionResponse answer(wire::ErrorTag tag, std::int64_t base_offset) {
    wire::ProducePartitionResponse response;
    response.error.tag = tag;
    response.base_offset = base_offset;
    return response;
}

Verdict judge_committed(SentBatch& batch, wire::ErrorTag tag, std::int64_t base_offset,
                        DeliverySemantic delivery = DeliverySemantic::at_least_once) {
    return judge(batch, answer(tag, base_offset), wire::Isolation::read_committed, delivery);
}

TEST(DeliveryRules, AnAcknowledgedBatchTellsNothingElse) {
    SequenceNumbers numbers(kProducer);
    SentBatch batch = numbered(numbers, 3);
    EXPECT_EQ(judge_committed(batch, wire::ErrorTag::none, 7), Verdict::acked);
    EXPECT_FALSE(batch.maybe_written);
}

TEST(DeliveryRules, ALostLeadershipLeavesACommittedWriteUnknownAndOpen) {
    SequenceNumbers numbers(kProducer);
    SentBatch batch = numbered(numbers, 3);
    EXPECT_EQ(judge_committed(batch, wire::ErrorTag::not_leader_for_partition, 0), Verdict::open);
    EXPECT_TRUE(batch.maybe_written);
    SentBatch uncommitted = numbered(numbers, 3);
    EXPECT_EQ(judge(uncommitted, answer(wire::ErrorTag::not_leader_for_partition, 0),
                    wire::Isolation::read_uncommitted, DeliverySemantic::at_least_once),
              Verdict::open);
    EXPECT_FALSE(uncommitted.maybe_written);
    // It had been appended, and waited for the disk of the leader of then.
    EXPECT_EQ(judge(uncommitted, answer(wire::ErrorTag::not_leader_for_partition, 3),
                    wire::Isolation::read_uncommitted, DeliverySemantic::at_least_once),
              Verdict::open);
    EXPECT_TRUE(uncommitted.maybe_written);
}

TEST(DeliveryRules, WhatWasNotCommittedInTimeIsSentAgainOnlyWithANumber) {
    SequenceNumbers numbers(kProducer);
    SentBatch batch = numbered(numbers, 1);
    EXPECT_EQ(judge_committed(batch, wire::ErrorTag::request_timed_out, 12), Verdict::open);
    EXPECT_TRUE(batch.maybe_written);
    EXPECT_EQ(batch.offset, Offset(12));
    SentBatch plain;
    plain.record_count = 1;
    EXPECT_EQ(judge_committed(plain, wire::ErrorTag::request_timed_out, 12), Verdict::ended);
    EXPECT_EQ(plain.offset, Offset(12));
    SentBatch once = numbered(numbers, 1);
    EXPECT_EQ(judge_committed(once, wire::ErrorTag::request_timed_out, 12,
                              DeliverySemantic::at_most_once),
              Verdict::ended);
}

TEST(DeliveryRules, WhatTooFewReplicasTakeIsNotWrittenAndSentAgain) {
    SentBatch plain;
    EXPECT_EQ(judge_committed(plain, wire::ErrorTag::request_timed_out, -1), Verdict::open);
    EXPECT_FALSE(plain.maybe_written);
}

TEST(DeliveryRules, AFaultOfTheDiskEndsABatchThatMayBeWritten) {
    SequenceNumbers numbers(kProducer);
    SentBatch batch = numbered(numbers, 1);
    EXPECT_EQ(judge_committed(batch, wire::ErrorTag::storage_error, 0), Verdict::ended);
    EXPECT_TRUE(batch.maybe_written);
    SentBatch too_large = numbered(numbers, 1);
    EXPECT_EQ(judge_committed(too_large, wire::ErrorTag::message_too_large, 0), Verdict::ended);
    EXPECT_FALSE(too_large.maybe_written);
}

TEST(DeliveryRules, ARefusalOfTheNumberKeepsWhatAnEarlierAttemptMayHaveWritten) {
    SequenceNumbers numbers(kProducer);
    SentBatch fresh = numbered(numbers, 2);
    EXPECT_EQ(judge_committed(fresh, wire::ErrorTag::other, -1), Verdict::out_of_order);
    EXPECT_FALSE(fresh.maybe_written);
    SentBatch sent_before = numbered(numbers, 2);
    sent_before.maybe_written = true;
    EXPECT_EQ(judge_committed(sent_before, wire::ErrorTag::other, -1), Verdict::out_of_order);
    EXPECT_TRUE(sent_before.maybe_written);
}

TEST(DeliveryRules, WhatMayBeWrittenGetsNoOtherNumber) {
    SequenceNumbers numbers(kProducer);
    SentBatch maybe_written = numbered(numbers, 4);
    maybe_written.maybe_written = true;
    SentBatch first = numbered(numbers, 2);
    SentBatch second = numbered(numbers, 3);
    const BatchNumber before = maybe_written.number;
    numbers.begin_epoch();
    EXPECT_FALSE(number_anew(maybe_written, numbers));
    EXPECT_EQ(maybe_written.number.epoch, before.epoch);
    EXPECT_EQ(maybe_written.number.first_sequence, before.first_sequence);
    // The others follow each other from 0 on, as if it had never been.
    EXPECT_TRUE(number_anew(first, numbers));
    EXPECT_TRUE(number_anew(second, numbers));
    EXPECT_EQ(first.number.epoch, before.epoch + 1);
    EXPECT_EQ(first.number.first_sequence, 0);
    EXPECT_EQ(second.number.first_sequence, 2);
}

}  // namespace
}  // namespace weir::client
