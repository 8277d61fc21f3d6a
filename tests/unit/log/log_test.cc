#include "core/log/log.h"

#include "core/base/crc32c.h"
#include "core/log/format.h"
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

LogConfig small_config() {
    LogConfig config;
    config.identity.uid = Uid{1, 2};
    config.identity.partition = 3;
    config.segment_size_bytes_max = 1'000;
    config.index_interval_bytes = 200;
    config.preallocate_bytes_max = 4'096;
    config.checkpoint_interval_bytes = 2'000;
    config.tail_cache_bytes_max = 100'000;
    return config;
}

class LogTest : public testing::Test {
protected:
    void SetUp() override {
        node_ = world_.boot();
        open();
    }
    void TearDown() override {
        if (node_ != nullptr) {
            crash();
        }
    }

    Result<void> try_open() {
        auto opened = node_->run(Log::open(node_->env(), "spu/topic-0", config_));
        if (!opened.has_value()) {
            return fail(ErrorCode::unavailable, "halted");
        }
        if (!opened->has_value()) {
            return fail(opened->error());
        }
        log_ = *std::move(*opened);
        return {};
    }
    void open() {
        const auto opened = try_open();
        ASSERT_TRUE(opened.has_value()) << to_string(opened.error());
    }
    void close() {
        ASSERT_TRUE(node_->run(log_->close()).value().has_value());
        EXPECT_EQ(node_->open_file_count(), 0U);
        log_.reset();
    }
    void reopen() {
        close();
        open();
    }
    void crash() {
        node_->tear_down();
        log_.reset();
        node_.reset();
    }
    void lose_power_and_open(sim::LossMode mode) {
        crash();
        sim::Draws draws{Prng(7)};
        world_.power_loss(draws, mode);
        node_ = world_.boot();
        open();
    }
    // Appends and commits; the base offset.
    Offset put(std::string_view payload, std::int32_t record_count = 1) {
        const auto appended =
            node_->run(log_->append_and_commit(batch_of(payload, record_count), CancelToken()));
        EXPECT_TRUE(appended.has_value() && appended->has_value());
        return (*appended)->base_offset;
    }
    // The bytes of one read, from memory or file.
    Bytes read_bytes(std::int64_t offset, std::uint64_t size_max = 1U << 20) {
        ReadRequest request;
        request.offset = Offset(offset);
        request.limit = log_->committed_end();
        request.size_bytes_max = size_max;
        const auto slice = node_->run(log_->read(request)).value();
        EXPECT_TRUE(slice.has_value()) << to_string(slice.error());
        Bytes bytes;
        for (const BufferSlice& part : slice->body) {
            bytes.insert(bytes.end(), part.span().begin(), part.span().end());
        }
        if (slice->file != nullptr) {
            bytes.resize(slice->size_bytes);
            const auto read = node_->run(slice->file->read_at(slice->file_position, bytes)).value();
            EXPECT_EQ(read.value(), bytes.size());
        }
        EXPECT_EQ(bytes.size(), slice->size_bytes);
        return bytes;
    }
    std::vector<ReadBatch> read_all() {
        std::vector<ReadBatch> all;
        Offset at = log_->log_start();
        while (at < log_->committed_end()) {
            const auto some = batches_in(read_bytes(at.value(), 300));
            EXPECT_FALSE(some.empty());
            if (some.empty()) {
                break;
            }
            for (const ReadBatch& batch : some) {
                EXPECT_EQ(batch.base_offset, at);
                at += batch.record_count;
                all.push_back(batch);
            }
        }
        return all;
    }
    ErrorCode read_error(std::int64_t offset) {
        ReadRequest request;
        request.offset = Offset(offset);
        request.limit = log_->leo();
        request.size_bytes_max = 1'000;
        return node_->run(log_->read(request)).value().error().code;
    }
    Bytes& file_content(std::string_view name) {
        const auto file = world_.image.find(std::string("spu/topic-0/") + std::string(name));
        EXPECT_NE(file, nullptr) << name;
        damaged_.assign(file->content().begin(), file->content().end());
        return damaged_;
    }
    void flip(std::string_view name, std::size_t at) {
        const auto file = world_.image.find(std::string("spu/topic-0/") + std::string(name));
        ASSERT_NE(file, nullptr) << name;
        ASSERT_LT(at, file->size());
        file->content_for_damage()[at] ^= 0x40;
    }
    std::vector<std::string> files() {
        std::vector<std::string> names;
        const auto entries = world_.image.list("spu/topic-0").value();
        names.reserve(entries.size());
        for (const DirectoryEntry& entry : entries) {
            names.push_back(entry.name);
        }
        return names;
    }

    LogWorld world_;
    LogConfig config_ = small_config();
    std::unique_ptr<LogNode> node_;
    std::unique_ptr<Log> log_;
    Bytes damaged_;
};

TEST_F(LogTest, NewLogIsEmptyAndDurable) {
    EXPECT_TRUE(log_->recovery().created);
    EXPECT_EQ(log_->leo(), Offset(0));
    lose_power_and_open(sim::LossMode::all);
    EXPECT_FALSE(log_->recovery().created);
    EXPECT_EQ(log_->leo(), Offset(0));
}

TEST_F(LogTest, AppendAssignsDenseOffsetsInPlace) {
    EXPECT_EQ(put("a", 3), Offset(0));
    const BufferSlice batch = batch_of("b", 2);
    const auto appended = node_->run(log_->append_and_commit(batch, CancelToken())).value();
    EXPECT_EQ(appended->base_offset, Offset(3));
    EXPECT_EQ(appended->next_offset, Offset(5));
    EXPECT_EQ(read_batch_header(batch.span()).base_offset, Offset(3));
    EXPECT_EQ(log_->committed_end(), Offset(5));
    EXPECT_EQ(log_->synced_end(), Offset(5));
}

TEST_F(LogTest, SeveralBatchesInOneAppendStayTogether) {
    const BufferSlice a = batch_of("first", 2);
    const BufferSlice b = batch_of("second", 3);
    Bytes both(a.span().begin(), a.span().end());
    both.insert(both.end(), b.span().begin(), b.span().end());
    const auto appended =
        node_->run(log_->append_and_commit(BufferSlice(Buffer::copy_of(both)), CancelToken()));
    EXPECT_EQ((*appended)->next_offset, Offset(5));
    const std::vector<ReadBatch> expected = {{Offset(0), 2, "first"}, {Offset(2), 3, "second"}};
    EXPECT_EQ(read_all(), expected);
}

TEST_F(LogTest, RefusesWhatIsNotWholeBatches) {
    const BufferSlice good = batch_of("payload");
    for (const std::size_t size : {std::size_t{0}, std::size_t{56}, good.size() - 1}) {
        EXPECT_EQ(log_->append(good.sub(0, size)).error().code, ErrorCode::invalid_argument);
    }
    Bytes bad(good.span().begin(), good.span().end());
    bad[16] = 7;
    EXPECT_EQ(log_->append(BufferSlice(Buffer::copy_of(bad))).error().code,
              ErrorCode::invalid_argument);
    EXPECT_EQ(put("ok"), Offset(0));
}

TEST_F(LogTest, OneTurnIsOneWriteAndOneSync) {
    const std::uint64_t syncs = log_->stats().sync_count;
    Appended last;
    for (int i = 0; i < 10; ++i) {
        last = log_->append(batch_of("x")).value();
    }
    ASSERT_TRUE(node_->run(log_->wait_committed(last, CancelToken())).value().has_value());
    EXPECT_EQ(log_->stats().write_count, 1U);
    EXPECT_EQ(log_->stats().sync_count - syncs, 1U);
}

TEST_F(LogTest, NothingIsCommittedBeforeItsSync) {
    const Appended appended = log_->append(batch_of("x")).value();
    while (log_->leo() == Offset(0)) {
        ASSERT_TRUE(node_->step());
        ASSERT_EQ(log_->committed_end(), Offset(0));
    }
    const std::uint64_t syncs = log_->stats().sync_count;
    while (log_->committed_end() == Offset(0)) {
        ASSERT_TRUE(node_->step());
    }
    EXPECT_EQ(log_->stats().sync_count, syncs + 1);
    EXPECT_EQ(log_->committed_end(), appended.next_offset);
}

TEST_F(LogTest, ReadsWholeBatchesAndAtLeastOne) {
    for (int i = 0; i < 4; ++i) {
        put(std::string(100, static_cast<char>('a' + i)), 2);
    }
    for (const bool from_file : {false, true}) {
        if (from_file) {
            reopen();
        }
        EXPECT_EQ(batches_in(read_bytes(0, 1)).size(), 1U);
        EXPECT_EQ(batches_in(read_bytes(0, 157)).size(), 1U);
        EXPECT_EQ(batches_in(read_bytes(0, 313)).size(), 1U);
        EXPECT_EQ(batches_in(read_bytes(0, 314)).size(), 2U);
        // From the middle of a batch: the batch that holds the offset.
        const auto batches = batches_in(read_bytes(3, 1));
        ASSERT_EQ(batches.size(), 1U);
        EXPECT_EQ(batches.front().base_offset, Offset(2));
        EXPECT_TRUE(read_bytes(8).empty());
        EXPECT_EQ(read_error(9), ErrorCode::offset_out_of_range);
        EXPECT_EQ(read_error(-1), ErrorCode::offset_evicted);
    }
    EXPECT_GT(log_->stats().file_read_count, 0U);
}

TEST_F(LogTest, ReadsStopAtTheLimit) {
    put("a", 2);
    put("b", 2);
    for (const bool from_file : {false, true}) {
        if (from_file) {
            reopen();
        }
        for (std::int64_t limit = 0; limit <= 4; ++limit) {
            ReadRequest request;
            request.offset = Offset(0);
            request.limit = Offset(limit);
            request.size_bytes_max = 10'000;
            const auto slice = node_->run(log_->read(request)).value().value();
            EXPECT_EQ(slice.next_offset, Offset(limit / 2 * 2)) << limit;
            EXPECT_EQ(slice.empty(), limit < 2);
        }
    }
}

TEST_F(LogTest, RollsAndReadsAcrossSegments) {
    std::vector<ReadBatch> expected;
    for (int i = 0; i < 40; ++i) {
        const std::string payload = "payload " + std::to_string(i);
        const Offset base = put(payload, 1 + i % 3);
        expected.push_back(ReadBatch{base, 1 + i % 3, payload});
    }
    EXPECT_GT(log_->stats().roll_count, 1U);
    EXPECT_EQ(read_all(), expected);
    reopen();
    EXPECT_TRUE(log_->recovery().clean);
    EXPECT_EQ(log_->recovery().scanned_bytes, 0U);
    EXPECT_EQ(read_all(), expected);
    lose_power_and_open(sim::LossMode::all);
    EXPECT_EQ(read_all(), expected);
    EXPECT_EQ(put("after"), Offset(expected.back().base_offset + expected.back().record_count));
}

TEST_F(LogTest, OversizedAppendGetsASegmentOfItsOwn) {
    put("small");
    put(std::string(5'000, 'x'));
    put("small");
    EXPECT_EQ(log_->stats().roll_count, 2U);
    EXPECT_EQ(read_all().size(), 3U);
    reopen();
    EXPECT_EQ(read_all().size(), 3U);
}

TEST_F(LogTest, IdleLogHoldsNoFileAndWakesUp) {
    for (int i = 0; i < 20; ++i) {
        put(std::string(80, 'x'));
    }
    EXPECT_GT(node_->open_file_count(), 0U);
    node_->advance(config_.idle_after);
    ASSERT_TRUE(node_->run(log_->tick(log_->committed_end())).value().has_value());
    EXPECT_EQ(node_->open_file_count(), 0U);
    EXPECT_EQ(read_all().size(), 20U);
    put("more");
    EXPECT_EQ(read_all().size(), 21U);
}

TEST_F(LogTest, ReadCheckedFindsDamageOnDisk) {
    for (int i = 0; i < 40; ++i) {
        put("payload " + std::to_string(i));
    }
    reopen();
    flip(segment_file_name(Offset(0)), kSegmentHeaderSize + 100);
    ReadRequest request;
    request.limit = log_->leo();
    request.size_bytes_max = 10'000;
    EXPECT_EQ(node_->run(log_->read_checked(request)).value().error().code, ErrorCode::corrupt);
    request.offset = Offset(39);
    EXPECT_TRUE(node_->run(log_->read_checked(request)).value().has_value());
}

// A damaged record count must not make a batch look as if it were not there yet.
TEST_F(LogTest, BatchThatClaimsToEndBeyondItsSegmentIsCorrupt) {
    constexpr std::size_t kLastOffsetDeltaAt = 23;
    put("a", 2);
    put("b", 2);
    reopen();
    const std::size_t second = read_bytes(0, 1).size();
    flip(segment_file_name(Offset(0)), kSegmentHeaderSize + second + kLastOffsetDeltaAt);
    EXPECT_EQ(batches_in(read_bytes(0, 1)).size(), 1U);
    ReadRequest request;
    request.offset = Offset(2);
    request.limit = Offset(4);
    request.size_bytes_max = 1;
    const auto slice = node_->run(log_->read(request)).value();
    ASSERT_FALSE(slice.has_value());
    EXPECT_EQ(slice.error().code, ErrorCode::corrupt);
}

TEST_F(LogTest, SliceOutlivesDeletionAndClose) {
    for (int i = 0; i < 40; ++i) {
        put("payload " + std::to_string(i));
    }
    reopen();
    ReadRequest request;
    request.limit = log_->leo();
    request.size_bytes_max = 100;
    const auto slice = node_->run(log_->read(request)).value().value();
    ASSERT_NE(slice.file, nullptr);
    ASSERT_TRUE(node_->run(log_->trim(log_->leo())).value().has_value());
    ASSERT_TRUE(node_->run(log_->close()).value().has_value());
    log_.reset();
    Bytes bytes(slice.size_bytes);
    EXPECT_EQ(node_->run(slice.file->read_at(slice.file_position, bytes)).value(), bytes.size());
    EXPECT_EQ(batches_in(bytes).front().payload, "payload 0");
}

TEST_F(LogTest, TrimKeepsTheActiveSegmentAndTheStartNeverComesBack) {
    for (int i = 0; i < 40; ++i) {
        put("payload " + std::to_string(i));
    }
    ASSERT_TRUE(node_->run(log_->trim(log_->leo())).value().has_value());
    const Offset start = log_->log_start();
    EXPECT_GT(start, Offset(0));
    EXPECT_LT(start, log_->leo());
    EXPECT_EQ(read_error(0), ErrorCode::offset_evicted);
    EXPECT_EQ(read_all().front().base_offset, start);
    lose_power_and_open(sim::LossMode::all);
    EXPECT_EQ(log_->log_start(), start);
    for (const sim::LossMode mode : {sim::LossMode::sectors, sim::LossMode::prefix}) {
        lose_power_and_open(mode);
        EXPECT_EQ(log_->log_start(), start);
        EXPECT_EQ(read_all().front().base_offset, start);
    }
}

TEST_F(LogTest, DeletesBeforeAnyBatchAlsoInsideASegment) {
    for (int i = 0; i < 7; ++i) {
        put("payload " + std::to_string(i), 2);
    }
    const std::size_t file_count = node_->run(node_->env().disk.list(log_->dir())).value()->size();
    ASSERT_TRUE(node_->run(log_->delete_before(Offset(2))).value().has_value());
    EXPECT_EQ(log_->log_start(), Offset(2));
    EXPECT_EQ(node_->run(node_->env().disk.list(log_->dir())).value()->size(), file_count);
    EXPECT_EQ(read_error(1), ErrorCode::offset_evicted);
    EXPECT_EQ(read_all().front().base_offset, Offset(2));
    // The record before it shares its batch.
    ASSERT_TRUE(node_->run(log_->delete_before(Offset(11))).value().has_value());
    EXPECT_EQ(log_->log_start(), Offset(10));
    ASSERT_TRUE(node_->run(log_->delete_before(Offset(3))).value().has_value());
    for (const sim::LossMode mode : {sim::LossMode::all, sim::LossMode::sectors}) {
        lose_power_and_open(mode);
        EXPECT_EQ(log_->log_start(), Offset(10));
        EXPECT_EQ(read_all().front().base_offset, Offset(10));
    }
    reopen();
    EXPECT_EQ(log_->recovery().indexes_rebuilt_count, 0U);
    EXPECT_EQ(log_->log_start(), Offset(10));
}

TEST_F(LogTest, DeletingAllLeavesNoBytesAndOffsetsGoOn) {
    for (int i = 0; i < 7; ++i) {
        put("payload " + std::to_string(i));
    }
    ASSERT_TRUE(node_->run(log_->delete_before(Offset(99))).value().has_value());
    EXPECT_EQ(log_->log_start(), Offset(7));
    EXPECT_EQ(log_->leo(), Offset(7));
    EXPECT_EQ(log_->size_bytes(), 0U);
    lose_power_and_open(sim::LossMode::all);
    EXPECT_EQ(log_->log_start(), Offset(7));
    EXPECT_EQ(put("next"), Offset(7));
}

// A full disk refuses the new segment, and the rest is deleted all the same.
TEST_F(LogTest, DeletingAllOnAFullDiskLeavesTheLastSegment) {
    for (int i = 0; i < 7; ++i) {
        put("payload " + std::to_string(i));
    }
    world_.image.set_capacity_bytes(world_.image.used_bytes());
    ASSERT_TRUE(node_->run(log_->delete_before(Offset(7))).value().has_value());
    EXPECT_EQ(log_->log_start(), Offset(7));
    world_.image.set_capacity_bytes(std::uint64_t{1} << 30);
    reopen();
    EXPECT_TRUE(log_->recovery().clean);
    EXPECT_EQ(log_->recovery().indexes_rebuilt_count, 0U);
    EXPECT_EQ(log_->log_start(), Offset(7));
    EXPECT_TRUE(log_->lineage().empty());
    EXPECT_EQ(put("next"), Offset(7));
}

TEST_F(LogTest, ExplicitRollClosesTheActiveSegment) {
    put("a");
    ASSERT_TRUE(node_->run(log_->roll()).value().has_value());
    ASSERT_TRUE(node_->run(log_->roll()).value().has_value());
    EXPECT_EQ(log_->stats().roll_count, 1U);
    ASSERT_TRUE(node_->run(log_->trim(log_->leo())).value().has_value());
    EXPECT_EQ(log_->log_start(), Offset(1));
    EXPECT_EQ(put("b"), Offset(1));
}

TEST_F(LogTest, RetentionByTimeSparesTheActiveSegment) {
    config_.retention_time = Duration::from_s(100);
    reopen();
    for (int i = 0; i < 20; ++i) {
        put(std::string(80, 'x'));
    }
    ASSERT_TRUE(node_->run(log_->tick(log_->committed_end())).value().has_value());
    EXPECT_EQ(log_->log_start(), Offset(0));
    node_->advance(Duration::from_s(101));
    ASSERT_TRUE(node_->run(log_->tick(Offset(10))).value().has_value());
    EXPECT_LE(log_->log_start(), Offset(10));
    EXPECT_GT(log_->log_start(), Offset(0));
    const Offset limited = log_->log_start();
    ASSERT_TRUE(node_->run(log_->tick(log_->committed_end())).value().has_value());
    EXPECT_GT(log_->log_start(), limited);
    EXPECT_LT(log_->log_start(), log_->leo());
}

TEST_F(LogTest, RetentionBySizeKeepsTheNewest) {
    config_.retention_size_bytes = 2'500;
    reopen();
    for (int i = 0; i < 60; ++i) {
        put(std::string(80, 'x'));
    }
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(node_->run(log_->tick(log_->committed_end())).value().has_value());
    }
    EXPECT_LE(log_->size_bytes(), 2'500U);
    EXPECT_GT(log_->size_bytes(), 1'000U);
    EXPECT_EQ(read_all().back().base_offset, Offset(59));
}

TEST_F(LogTest, FullDiskRefusesReadsOnAndResumes) {
    put("before");
    const std::uint64_t capacity = world_.image.capacity_bytes();
    world_.image.set_capacity_bytes(world_.image.used_bytes());
    const std::string large(4'000, 'x');
    const auto refused =
        node_->run(log_->append_and_commit(batch_of(large), CancelToken())).value();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::disk_full);
    EXPECT_EQ(log_->state(), LogState::disk_full);
    EXPECT_EQ(log_->append(batch_of("no")).error().code, ErrorCode::disk_full);
    EXPECT_EQ(read_all().size(), 1U);
    node_->advance(config_.disk_full_retry_interval);
    const auto again = node_->run(log_->append_and_commit(batch_of(large), CancelToken())).value();
    EXPECT_EQ(again.error().code, ErrorCode::disk_full);
    world_.image.set_capacity_bytes(capacity);
    node_->advance(config_.disk_full_retry_interval);
    EXPECT_EQ(put("after"), Offset(1));
    EXPECT_EQ(log_->state(), LogState::normal);
    lose_power_and_open(sim::LossMode::all);
    const std::vector<ReadBatch> expected = {{Offset(0), 1, "before"}, {Offset(1), 1, "after"}};
    EXPECT_EQ(read_all(), expected);
}

TEST_F(LogTest, FailedSyncHaltsTheProcess) {
    put("before");
    world_.fail_at = 1;
    world_.fail_syncs_only = true;
    const auto appended = node_->run(log_->append_and_commit(batch_of("x"), CancelToken()));
    EXPECT_FALSE(appended.has_value());
    EXPECT_TRUE(node_->halted());
    EXPECT_EQ(log_->committed_end(), Offset(1));
}

TEST_F(LogTest, BoundedModeSyncsWithinTheDelay) {
    config_.durability = Durability::bounded;
    config_.bounded_delay_max = Duration::from_ms(50);
    reopen();
    const std::int64_t before = world_.now_ns;
    put("x");
    EXPECT_EQ(world_.now_ns, before);
    EXPECT_EQ(log_->committed_end(), Offset(1));
    EXPECT_EQ(log_->synced_end(), Offset(0));
    ASSERT_TRUE(
        node_->run(sleep_for(node_->env().clock, node_->env().executor, Duration::from_ms(51)))
            .value()
            .has_value());
    node_->settle();
    EXPECT_EQ(log_->synced_end(), Offset(1));
}

TEST_F(LogTest, AsyncModeNeverSyncsByItself) {
    config_.durability = Durability::async;
    reopen();
    const std::uint64_t syncs = world_.sync_count;
    for (int i = 0; i < 5; ++i) {
        put("x");
    }
    EXPECT_EQ(world_.sync_count, syncs);
    EXPECT_EQ(log_->committed_end(), Offset(5));
    close();
    open();
    EXPECT_EQ(log_->leo(), Offset(5));
}

TEST_F(LogTest, UnsyncedBytesAreBoundedInEveryMode) {
    config_.durability = Durability::async;
    config_.segment_size_bytes_max = 1U << 20;
    config_.unsynced_bytes_max = 5'000;
    reopen();
    for (int i = 0; i < 100; ++i) {
        put(std::string(443, 'x'));
        EXPECT_LE((log_->leo() - log_->synced_end()) * 500, 5'000);
    }
    EXPECT_GE(log_->stats().sync_count, 9U);
}

TEST_F(LogTest, GroupCommitWaitsForTheOwedButNotLong) {
    // Two appends in the first group; one comes back at once, the other never.
    const Appended a = log_->append(batch_of("a")).value();
    const Appended b = log_->append(batch_of("b")).value();
    ASSERT_TRUE(node_->run(log_->wait_committed(a, CancelToken())).value().has_value());
    ASSERT_TRUE(node_->run(log_->wait_committed(b, CancelToken())).value().has_value());
    const std::int64_t before = world_.now_ns;
    put("c");
    EXPECT_EQ(world_.now_ns - before, config_.commit_gather_max.ns());
    // The last group had one, so one is enough.
    const std::int64_t after = world_.now_ns;
    put("d");
    EXPECT_EQ(world_.now_ns, after);
}

TEST_F(LogTest, WaitCanBeCancelledAndTheAppendStays) {
    const Appended appended = log_->append(batch_of("x")).value();
    CancelSource source;
    source.cancel();
    EXPECT_EQ(node_->run(log_->wait_committed(appended, source.token())).value().error().code,
              ErrorCode::cancelled);
    ASSERT_TRUE(node_->run(log_->wait_committed(appended, CancelToken())).value().has_value());
}

TEST_F(LogTest, ClosedLogCommitsWhatWasAppendedAndTakesNoMore) {
    log_->append(batch_of("x")).value();
    ASSERT_TRUE(node_->run(log_->close()).value().has_value());
    EXPECT_EQ(log_->append(batch_of("y")).error().code, ErrorCode::unavailable);
    EXPECT_EQ(log_->committed_end(), Offset(1));
    ASSERT_TRUE(node_->run(log_->close()).value().has_value());
    log_.reset();
    open();
    EXPECT_TRUE(log_->recovery().clean);
    EXPECT_EQ(log_->leo(), Offset(1));
}

TEST_F(LogTest, AnotherIdentityIsRefused) {
    put("x");
    close();
    config_.identity.uid = Uid{9, 9};
    EXPECT_EQ(try_open().error().code, ErrorCode::already_exists);
    config_.identity = small_config().identity;
    open();
    EXPECT_EQ(log_->leo(), Offset(1));
}

TEST_F(LogTest, RemoveDeletesTheFolder) {
    put("x");
    ASSERT_TRUE(node_->run(log_->remove()).value().has_value());
    log_.reset();
    EXPECT_EQ(world_.image.find("spu/topic-0"), nullptr);
    EXPECT_TRUE(world_.image.list("spu")->empty());
    open();
    EXPECT_TRUE(log_->recovery().created);
}

TEST_F(LogTest, InterruptedRemovalIsFinishedLater) {
    put("x");
    close();
    ASSERT_TRUE(world_.image.rename("spu/topic-0", "spu/topic-0.removed").has_value());
    ASSERT_TRUE(node_->run(Log::destroy_leftovers(node_->env(), "spu")).value().has_value());
    EXPECT_TRUE(world_.image.list("spu")->empty());
}

// --- Recovery ------------------------------------------------------------------------------------

TEST_F(LogTest, RecoveryCutsATornTail) {
    put("kept");
    log_->append(batch_of(std::string(2'000, 'x'))).value();
    while (log_->leo() == Offset(1)) {
        node_->step();
    }
    lose_power_and_open(sim::LossMode::sectors);
    EXPECT_LE(log_->leo(), Offset(2));
    EXPECT_EQ(read_all().front().payload, "kept");
    const Offset leo = log_->leo();
    lose_power_and_open(sim::LossMode::all);
    EXPECT_EQ(log_->leo(), leo);
    EXPECT_EQ(log_->recovery().cut_bytes, 0U);
}

TEST_F(LogTest, DamageInAClosedSegmentIsCorruptWhenScanned) {
    for (int i = 0; i < 40; ++i) {
        put("payload " + std::to_string(i));
    }
    ASSERT_GT(log_->stats().roll_count, 1U);
    crash();
    flip(segment_file_name(Offset(0)), kSegmentHeaderSize + 200);
    ASSERT_TRUE(world_.image.remove_file("spu/topic-0/" + index_file_name(Offset(0))).has_value());
    const Bytes before = file_content(segment_file_name(Offset(0)));
    const std::vector<std::string> names = files();
    node_ = world_.boot();
    const auto opened = try_open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
    EXPECT_NE(opened.error().context.find(segment_file_name(Offset(0))), std::string::npos);
    EXPECT_EQ(file_content(segment_file_name(Offset(0))), before);
    EXPECT_EQ(files(), names);
}

TEST_F(LogTest, DamageBelowTheCheckpointIsCorrupt) {
    config_.segment_size_bytes_max = 1U << 20;
    reopen();
    for (int i = 0; i < 40; ++i) {
        put(std::string(100, 'x'));
    }
    ASSERT_TRUE(node_->run(log_->tick(Offset(0))).value().has_value());
    crash();
    const auto file = world_.image.find("spu/topic-0/" + segment_file_name(Offset(0)));
    for (const std::size_t at : {std::size_t{300}, std::size_t{64 + 40 * 157 - 1}}) {
        flip(segment_file_name(Offset(0)), at);
        const Bytes before = file_content(segment_file_name(Offset(0)));
        node_ = world_.boot();
        EXPECT_EQ(try_open().error().code, ErrorCode::corrupt);
        EXPECT_EQ(file_content(segment_file_name(Offset(0))), before);
        node_.reset();
        flip(segment_file_name(Offset(0)), at);
    }
    node_ = world_.boot();
    open();
    EXPECT_EQ(log_->leo(), Offset(40));
}

TEST_F(LogTest, DamagedSegmentHeaderIsCorruptOnceThereIsData) {
    put("x");
    crash();
    flip(segment_file_name(Offset(0)), 20);
    node_ = world_.boot();
    EXPECT_EQ(try_open().error().code, ErrorCode::corrupt);
}

TEST_F(LogTest, MissingSegmentIsCorrupt) {
    for (int i = 0; i < 60; ++i) {
        put("payload " + std::to_string(i));
    }
    std::vector<std::string> segments;
    for (const std::string& name : files()) {
        if (name.ends_with(kSegmentSuffix)) {
            segments.push_back(name);
        }
    }
    ASSERT_GE(segments.size(), 3U);
    close();
    for (const std::string& name : segments) {
        const std::string path = "spu/topic-0/" + name;
        const std::string away = path + ".away";
        ASSERT_TRUE(world_.image.rename(path, away).has_value());
        EXPECT_EQ(try_open().error().code, ErrorCode::corrupt) << name;
        ASSERT_TRUE(world_.image.rename(away, path).has_value());
    }
    open();
}

TEST_F(LogTest, DamagedIndexIsRebuilt) {
    for (int i = 0; i < 40; ++i) {
        put("payload " + std::to_string(i));
    }
    close();
    for (const std::size_t at : {std::size_t{30}, kIndexHeaderSize + 3}) {
        flip(index_file_name(Offset(0)), at);
        open();
        EXPECT_EQ(read_all().size(), 40U);
        close();
        open();
        EXPECT_EQ(log_->recovery().indexes_rebuilt_count, 0U);
        close();
    }
    open();
}

TEST_F(LogTest, DamagedCheckpointSlotsAreSurvived) {
    for (int i = 0; i < 40; ++i) {
        put("payload " + std::to_string(i));
    }
    close();
    flip(kCheckpointName, 20);
    flip(kCheckpointName, kSlotSize + 20);
    open();
    EXPECT_EQ(read_all().size(), 40U);
}

TEST_F(LogTest, StaleCleanMarkerDoesNotHideLaterAppends) {
    put("a");
    reopen();
    ASSERT_TRUE(log_->recovery().clean);
    put("b");
    lose_power_and_open(sim::LossMode::all);
    EXPECT_FALSE(log_->recovery().clean);
    EXPECT_EQ(log_->leo(), Offset(2));
}

TEST_F(LogTest, NewerFormatIsNotTouched) {
    put("x");
    close();
    const auto file = world_.image.find("spu/topic-0/" + segment_file_name(Offset(0)));
    SegmentHeader header;
    header.identity = config_.identity;
    Bytes bytes = encode_segment_header(header);
    bytes[11] = static_cast<std::uint8_t>(kFormatVersion + 1);
    const std::uint32_t crc = crc32c(ByteSpan(bytes).first(60));
    for (int i = 0; i < 4; ++i) {
        bytes[static_cast<std::size_t>(60 + i)] = static_cast<std::uint8_t>(crc >> (24 - 8 * i));
    }
    std::copy(bytes.begin(), bytes.end(), file->content_for_damage().begin());
    EXPECT_EQ(try_open().error().code, ErrorCode::not_supported);
}

}  // namespace
}  // namespace weir::log
