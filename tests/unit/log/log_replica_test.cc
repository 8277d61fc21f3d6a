// What replication needs of a log: epochs, follower appends, lineage, cuts, repair, scrub.
#include "core/log/format.h"
#include "core/log/log.h"
#include "tests/support/log_batches.h"
#include "tests/support/log_world.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace weir::log {
namespace {

using test::batch_of;
using test::batches_in;
using test::LogNode;
using test::LogWorld;
using test::ReadBatch;
using test::stored_batch;

constexpr const char* kDir = "spu/topic-0";

BufferSlice slice_of(const Bytes& bytes) {
    return BufferSlice(Buffer::copy_of(bytes));
}

class LogReplicaTest : public testing::Test {
protected:
    LogReplicaTest() {
        config_.identity.uid = Uid{1, 2};
        config_.segment_size_bytes_max = 400;
        config_.index_interval_bytes = 100;
        config_.tail_cache_bytes_max = 0;
    }
    void SetUp() override {
        node_ = world_.boot();
        open();
    }
    void TearDown() override { crash(); }

    Result<void> try_open() {
        auto opened = node_->run(Log::open(node_->env(), kDir, config_)).value();
        if (!opened.has_value()) {
            return fail(opened.error());
        }
        log_ = *std::move(opened);
        return {};
    }
    void open() {
        const auto opened = try_open();
        ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
    }
    void reopen() {
        ASSERT_TRUE(run(log_->close()).has_value());
        log_.reset();
        open();
    }
    void crash() {
        node_->tear_down();
        log_.reset();
        node_ = world_.boot();
    }
    void lose_power() {
        crash();
        sim::Draws draws{Prng(7)};
        world_.power_loss(draws, sim::LossMode::all);
    }
    Result<void> run(Task<Result<void>> task) { return node_->run(std::move(task)).value(); }
    void lead(std::int32_t epoch) {
        ASSERT_TRUE(run(log_->begin_epoch(LeaderEpoch(epoch), AppendRole::leader)).has_value());
    }
    void follow(std::int32_t epoch) {
        ASSERT_TRUE(run(log_->begin_epoch(LeaderEpoch(epoch), AppendRole::follower)).has_value());
    }
    // As leader, until committed.
    void put(std::int32_t epoch, std::string_view payload, std::int32_t record_count = 1) {
        const auto appended = log_->append(batch_of(payload, record_count), LeaderEpoch(epoch));
        ASSERT_TRUE(appended.has_value()) << to_string(appended.error());
        ASSERT_TRUE(run(log_->wait_committed(*appended, CancelToken())).has_value());
    }
    // `count` batches of about a quarter of a segment.
    void put_many(std::int32_t epoch, int count) {
        for (int i = 0; i < count; ++i) {
            put(epoch, std::to_string(log_->leo().value()) + std::string(40, 'x'));
        }
    }
    std::vector<ReadBatch> read_all() {
        std::vector<ReadBatch> all;
        for (Offset at = log_->log_start(); at < log_->leo();) {
            ReadRequest request;
            request.offset = at;
            request.limit = log_->leo();
            request.size_bytes_max = 300;
            const auto bytes = node_->run(log_->read_checked(request)).value();
            if (!bytes.has_value() || bytes->empty()) {
                ADD_FAILURE() << "at " << at.value();
                return all;
            }
            for (const ReadBatch& batch : batches_in(bytes->span())) {
                all.push_back(batch);
                at = batch.base_offset + batch.record_count;
            }
        }
        return all;
    }
    Lineage lineage(std::initializer_list<std::pair<int, int>> entries) {
        Lineage expected;
        for (const auto& [epoch, start] : entries) {
            expected.push_back(EpochStart{LeaderEpoch(epoch), Offset(start)});
        }
        return expected;
    }
    void flip(const std::string& name, std::size_t at) {
        const auto file = world_.image.find(std::string(kDir) + "/" + name);
        ASSERT_NE(file, nullptr) << name;
        file->content_for_damage()[at] ^= 0x40;
    }

    LogWorld world_;
    LogConfig config_;
    std::unique_ptr<LogNode> node_;
    std::unique_ptr<Log> log_;
};

TEST_F(LogReplicaTest, WithoutReplicasTheEpochIsWhatClientsSend) {
    const BufferSlice batch = batch_of("a");
    set_batch_leader_epoch(batch.mutable_span(), LeaderEpoch(77));
    ASSERT_TRUE(node_->run(log_->append_and_commit(batch, CancelToken()))->has_value());
    EXPECT_EQ(read_all().front().epoch, kNoEpoch);
}

TEST_F(LogReplicaTest, LeaderStampsItsEpoch) {
    lead(3);
    put(3, "a", 2);
    put(3, "b");
    lead(5);
    put(5, "c");
    EXPECT_EQ(read_all().back().epoch, LeaderEpoch(5));
    EXPECT_EQ(log_->lineage(), lineage({{3, 0}, {5, 3}}));
    reopen();
    EXPECT_TRUE(log_->recovery().clean);
    EXPECT_EQ(log_->lineage(), lineage({{3, 0}, {5, 3}}));
    lose_power();
    open();
    EXPECT_EQ(log_->lineage(), lineage({{3, 0}, {5, 3}}));
}

TEST_F(LogReplicaTest, OnlyTheCurrentEpochAndRoleAppend) {
    lead(3);
    EXPECT_EQ(log_->append(batch_of("x")).error().code, ErrorCode::not_leader);
    EXPECT_EQ(log_->append(batch_of("x"), LeaderEpoch(2)).error().code, ErrorCode::not_leader);
    const auto queued = log_->append(batch_of("a"), LeaderEpoch(3));
    ASSERT_TRUE(queued.has_value());
    follow(4);
    EXPECT_EQ(log_->leo(), Offset(1));  // what was queued before is written
    EXPECT_EQ(log_->append(batch_of("x"), LeaderEpoch(3)).error().code, ErrorCode::not_leader);
    EXPECT_EQ(log_->append(batch_of("x"), LeaderEpoch(4)).error().code, ErrorCode::not_leader);
    EXPECT_FALSE(run(log_->begin_epoch(LeaderEpoch(3), AppendRole::leader)).has_value());
    EXPECT_FALSE(run(log_->begin_epoch(LeaderEpoch(4), AppendRole::leader)).has_value());
    EXPECT_TRUE(run(log_->begin_epoch(LeaderEpoch(4), AppendRole::follower)).has_value());
    reopen();
    EXPECT_EQ(log_->append(batch_of("x")).error().code, ErrorCode::not_leader);
    EXPECT_FALSE(run(log_->begin_epoch(LeaderEpoch(2), AppendRole::leader)).has_value());
}

TEST_F(LogReplicaTest, FollowerStoresWhatTheLeaderHas) {
    follow(6);
    Bytes two = stored_batch(Offset(0), LeaderEpoch(2), "a", 3);
    const Bytes second = stored_batch(Offset(3), LeaderEpoch(4), "b");
    two.insert(two.end(), second.begin(), second.end());
    const auto appended = log_->append_replicated(slice_of(two), LeaderEpoch(6));
    ASSERT_TRUE(appended.has_value());
    EXPECT_EQ(appended->next_offset, Offset(4));
    ASSERT_TRUE(run(log_->wait_committed(*appended, CancelToken())).has_value());
    EXPECT_EQ(log_->synced_end(), Offset(4));
    EXPECT_EQ(read_all(), batches_in(two));
    EXPECT_EQ(log_->lineage(), lineage({{2, 0}, {4, 3}}));
}

TEST_F(LogReplicaTest, FollowerRefusesWhatDoesNotFollow) {
    follow(6);
    const auto offer = [&](const Bytes& bytes) {
        return log_->append_replicated(slice_of(bytes), LeaderEpoch(6)).error().code;
    };
    ASSERT_TRUE(log_->append_replicated(slice_of(stored_batch(Offset(0), LeaderEpoch(4), "a")),
                                        LeaderEpoch(6))
                    .has_value());
    // Queued counts: the log ends at 1.
    EXPECT_EQ(offer(stored_batch(Offset(0), LeaderEpoch(4), "a")), ErrorCode::offset_out_of_range);
    EXPECT_EQ(offer(stored_batch(Offset(2), LeaderEpoch(4), "a")), ErrorCode::offset_out_of_range);
    EXPECT_EQ(offer(stored_batch(Offset(1), LeaderEpoch(3), "a")), ErrorCode::corrupt);
    EXPECT_EQ(offer(stored_batch(Offset(1), LeaderEpoch(7), "a")), ErrorCode::corrupt);
    Bytes bad = stored_batch(Offset(1), LeaderEpoch(4), "a");
    bad.back() ^= 1U;
    EXPECT_EQ(offer(bad), ErrorCode::corrupt);
    EXPECT_EQ(offer(Bytes(10)), ErrorCode::corrupt);
    Bytes gap = stored_batch(Offset(1), LeaderEpoch(4), "a");
    const Bytes far = stored_batch(Offset(3), LeaderEpoch(4), "b");
    gap.insert(gap.end(), far.begin(), far.end());
    EXPECT_EQ(offer(gap), ErrorCode::corrupt);
    EXPECT_EQ(log_->stats().append_count, 1U);
}

TEST_F(LogReplicaTest, DecreasingEpochsAreCorrupt) {
    lead(3);
    put(3, "a");
    put(3, "b");
    crash();
    constexpr std::size_t kEpochAt = 12;
    flip(segment_file_name(Offset(0)), kSegmentHeaderSize + kEpochAt + 2);  // 3 becomes 16387
    EXPECT_EQ(try_open().error().code, ErrorCode::corrupt);
}

TEST_F(LogReplicaTest, DeletionInsideASegmentKeepsTheEpochsOfWhatStays) {
    config_.segment_size_bytes_max = 4'000;
    reopen();
    lead(3);
    put_many(3, 3);
    lead(4);
    put_many(4, 3);
    ASSERT_TRUE(run(log_->delete_before(Offset(1))).has_value());
    const Lineage both = {EpochStart{LeaderEpoch(3), Offset(1)},
                          EpochStart{LeaderEpoch(4), Offset(3)}};
    EXPECT_EQ(log_->lineage(), both);
    reopen();
    EXPECT_EQ(log_->lineage(), both);
    ASSERT_TRUE(run(log_->delete_before(Offset(5))).has_value());
    EXPECT_EQ(log_->epoch_before_start(), LeaderEpoch(4));
    const Lineage last = {EpochStart{LeaderEpoch(4), Offset(5)}};
    EXPECT_EQ(log_->lineage(), last);
    reopen();
    EXPECT_EQ(log_->recovery().indexes_rebuilt_count, 0U);
    EXPECT_EQ(log_->lineage(), last);
    lose_power();
    open();
    EXPECT_EQ(log_->lineage(), last);
    EXPECT_EQ(read_all().size(), 1U);
}

// A follower that ends there is compared by it.
TEST_F(LogReplicaTest, WhoWroteTheRecordBeforeTheStartIsKnownAfterARestart) {
    for (const int segment_size : {400, 4'000}) {
        config_.segment_size_bytes_max = static_cast<std::uint64_t>(segment_size);
        reopen();
        const Offset begin = log_->leo();
        ASSERT_TRUE(run(log_->reset_to(begin, kNoEpoch)).has_value());
        lead(segment_size + 1);
        put_many(segment_size + 1, 3);
        lead(segment_size + 2);
        put_many(segment_size + 2, 6);
        EXPECT_EQ(log_->epoch_before_start(), kNoEpoch);
        for (const auto& [start, before] : {std::pair{2, 1}, std::pair{3, 1}, std::pair{4, 2},
                                            std::pair{7, 2}, std::pair{9, 2}}) {
            ASSERT_TRUE(run(log_->delete_before(begin + start)).has_value());
            for (int restart = 0; restart < 3; ++restart) {
                EXPECT_EQ(log_->epoch_before_start(), LeaderEpoch(segment_size + before))
                    << segment_size << ", " << start << ", " << restart;
                if (restart == 0) {
                    reopen();
                } else {
                    lose_power();
                    open();
                }
            }
        }
    }
}

TEST_F(LogReplicaTest, RetentionKeepsTheLastEpoch) {
    lead(3);
    put_many(3, 6);
    lead(4);
    put_many(4, 3);
    const Offset end = log_->leo();
    ASSERT_TRUE(run(log_->trim(end)).has_value());
    EXPECT_EQ(log_->lineage().front().start, log_->log_start());
    ASSERT_TRUE(run(log_->roll()).has_value());
    ASSERT_TRUE(run(log_->trim(end)).has_value());
    EXPECT_EQ(log_->log_start(), end);
    const Lineage expected = {EpochStart{LeaderEpoch(4), end}};
    EXPECT_EQ(log_->lineage(), expected);
    lose_power();
    open();
    EXPECT_EQ(log_->lineage(), expected);
    lead(9);
    put(9, "x");
    EXPECT_EQ(log_->lineage(), Lineage({EpochStart{LeaderEpoch(9), end}}));
}

TEST_F(LogReplicaTest, TruncateEndsTheLogThere) {
    lead(3);
    put_many(3, 6);
    lead(4);
    put_many(4, 6);
    follow(5);
    for (const std::int64_t end : {10, 7, 6, 3, 0}) {
        SCOPED_TRACE(end);
        ASSERT_TRUE(run(log_->truncate(Offset(end))).has_value());
        EXPECT_EQ(log_->leo(), Offset(end));
        EXPECT_EQ(log_->committed_end(), Offset(end));
        EXPECT_EQ(read_all().size(), static_cast<std::size_t>(end));
        EXPECT_EQ(log_->lineage().size(), end > 6 ? 2U : end > 0 ? 1U : 0U);
        const Lineage before = log_->lineage();
        lose_power();
        open();
        EXPECT_EQ(log_->leo(), Offset(end));
        EXPECT_EQ(log_->lineage(), before);
        EXPECT_EQ(read_all().size(), static_cast<std::size_t>(end));
        follow(5);
        const Bytes next = stored_batch(Offset(end), LeaderEpoch(5), "next");
        const auto appended = log_->append_replicated(slice_of(next), LeaderEpoch(5));
        ASSERT_TRUE(appended.has_value());
        ASSERT_TRUE(run(log_->wait_committed(*appended, CancelToken())).has_value());
        EXPECT_EQ(read_all().back().payload, "next");
        ASSERT_TRUE(run(log_->truncate(Offset(end))).has_value());
    }
}

TEST_F(LogReplicaTest, TruncateSplitsNoBatch) {
    lead(1);
    put(1, "abc", 3);
    EXPECT_EQ(run(log_->truncate(Offset(2))).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(run(log_->truncate(Offset(4))).error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(log_->leo(), Offset(3));
    put(1, "d");
    EXPECT_EQ(read_all().size(), 2U);
}

TEST_F(LogReplicaTest, TruncatedAppendsFailAndTheirOffsetsAreGivenAgain) {
    lead(1);
    put(1, "kept");
    const Appended kept = log_->append(batch_of("kept too"), LeaderEpoch(1)).value();
    ASSERT_TRUE(run(log_->wait_written(kept, CancelToken())).has_value());
    const Appended written = log_->append(batch_of("written"), LeaderEpoch(1)).value();
    ASSERT_TRUE(run(log_->wait_written(written, CancelToken())).has_value());
    const Appended queued = log_->append(batch_of("queued"), LeaderEpoch(1)).value();
    ASSERT_TRUE(run(log_->truncate(Offset(2))).has_value());
    EXPECT_TRUE(run(log_->wait_committed(kept, CancelToken())).has_value());
    for (const Appended& gone : {written, queued}) {
        EXPECT_EQ(run(log_->wait_committed(gone, CancelToken())).error().code,
                  ErrorCode::not_leader);
    }
    EXPECT_EQ(log_->queued_size_bytes(), 0U);
    const Appended again = log_->append(batch_of("again"), LeaderEpoch(1)).value();
    EXPECT_EQ(again.base_offset, written.base_offset);
    EXPECT_TRUE(run(log_->wait_committed(again, CancelToken())).has_value());
    EXPECT_EQ(read_all().back().payload, "again");
}

TEST_F(LogReplicaTest, SliceOutlivesTruncation) {
    lead(1);
    put_many(1, 8);
    ReadRequest request;
    request.offset = Offset(2);
    request.limit = log_->leo();
    request.size_bytes_max = 300;
    const LogSlice slice = node_->run(log_->read(request)).value().value();
    ASSERT_NE(slice.file, nullptr);
    Bytes before(slice.size_bytes);
    ASSERT_TRUE(node_->run(slice.file->read_at(slice.file_position, before))->has_value());
    ASSERT_TRUE(run(log_->truncate(Offset(3))).has_value());
    ASSERT_TRUE(run(log_->reset_to(Offset(0))).has_value());
    put_many(1, 8);
    Bytes after(slice.size_bytes);
    EXPECT_EQ(node_->run(slice.file->read_at(slice.file_position, after))->value(), after.size());
    EXPECT_EQ(before, after);
}

TEST_F(LogReplicaTest, ResetStartsEmptyAnywhere) {
    lead(2);
    for (const std::int64_t start : {100, 5, 5, 0}) {
        put_many(2, 5);
        ASSERT_TRUE(run(log_->reset_to(Offset(start))).has_value());
        EXPECT_EQ(log_->log_start(), Offset(start));
        EXPECT_EQ(log_->leo(), Offset(start));
        EXPECT_TRUE(log_->lineage().empty());
        lose_power();
        open();
        EXPECT_EQ(log_->log_start(), Offset(start));
        EXPECT_EQ(log_->leo(), Offset(start));
        lead(2);
        put(2, "first");
        EXPECT_EQ(read_all().front().base_offset, Offset(start));
    }
}

TEST_F(LogReplicaTest, RepairKeepsTheLongestGoodPrefix) {
    lead(2);
    put_many(2, 9);
    const Offset end = log_->leo();
    ASSERT_TRUE(run(log_->close()).has_value());
    crash();
    // The second batch of the second segment.
    const auto entries = world_.image.list(kDir).value();
    std::vector<Offset> bases;
    for (const DirectoryEntry& entry : entries) {
        if (const auto base = parse_file_name(entry.name, kSegmentSuffix)) {
            bases.push_back(*base);
        }
    }
    ASSERT_GE(bases.size(), 3U);
    flip(segment_file_name(bases[1]), kSegmentHeaderSize + 98 + 60);
    ASSERT_TRUE(
        world_.image.remove_file(std::string(kDir) + "/" + index_file_name(bases[1])).has_value());
    EXPECT_EQ(try_open().error().code, ErrorCode::corrupt);
    const auto repaired = node_->run(Log::repair(node_->env(), kDir, config_)).value().value();
    EXPECT_EQ(repaired.good_end, bases[1] + 1);
    EXPECT_EQ(repaired.known_end, end);
    EXPECT_NE(repaired.damage.find(segment_file_name(bases[1])), std::string::npos);
    lose_power();
    open();
    EXPECT_EQ(log_->leo(), repaired.good_end);
    EXPECT_EQ(log_->lineage(), lineage({{2, 0}}));
    EXPECT_EQ(read_all().size(), static_cast<std::size_t>(repaired.good_end.value()));
    // Nothing is left to repair.
    ASSERT_TRUE(run(log_->close()).has_value());
    const auto again = node_->run(Log::repair(node_->env(), kDir, config_)).value().value();
    EXPECT_EQ(again.damage, "");
    EXPECT_EQ(again.good_end, repaired.good_end);
}

TEST_F(LogReplicaTest, ScrubFindsDamageThatNobodyReads) {
    lead(2);
    put_many(2, 9);
    const auto scrub = [&](std::uint64_t size) {
        ScrubCursor cursor;
        std::uint64_t read = 0;
        for (int calls = 0; calls < 100; ++calls) {
            const auto step = node_->run(log_->scrub(cursor, size)).value();
            if (!step.has_value()) {
                return to_string(step.error());
            }
            cursor = step->next;
            read += step->read_bytes;
            if (step->finished) {
                return std::to_string(read);
            }
        }
        return std::string("no end");
    };
    const std::string all = scrub(1);
    EXPECT_EQ(scrub(1'000'000), all);
    EXPECT_EQ(scrub(150), all);
    flip(segment_file_name(Offset(0)), kSegmentHeaderSize + 12 + 3);  // the epoch
    EXPECT_NE(scrub(150).find(segment_file_name(Offset(0)) + " position 64"), std::string::npos);
    ReadRequest request;
    request.limit = log_->leo();
    request.size_bytes_max = 1;
    EXPECT_EQ(node_->run(log_->read_checked(request))->error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace weir::log
