#include "core/rpc/frame.h"
#include "tests/support/manual_executor.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace weir::rpc {
namespace {

// Collects what is written; each call waits for a turn, so that others can queue meanwhile.
class CollectingConnection final : public Connection {
public:
    explicit CollectingConnection(Executor& executor) : executor_(executor) {}

    Task<Result<std::size_t>> read_some(MutByteSpan, CancelToken) override {
        co_return fail(ErrorCode::not_supported, "write only");
    }
    Task<Result<void>> write(std::span<const ByteSpan> slices, CancelToken) override {
        co_await yield(executor_);
        co_await yield(executor_);
        ++write_count;
        if (under_way) {
            under_way();
        }
        if (write_count == fail_at) {
            co_return fail(ErrorCode::connection_closed, "reset by peer");
        }
        for (const ByteSpan slice : slices) {
            sent.append(as_text(slice));
        }
        co_return Result<void>();
    }
    Task<Result<void>> send_file(File&, FilePosition position, std::uint64_t size,
                                 CancelToken) override {
        sent += "<file " + std::to_string(position.value()) + "+" + std::to_string(size) + ">";
        co_return Result<void>();
    }
    void shutdown_send() override {}
    void reset() override {}
    std::string peer() const override { return "collector"; }

    std::string sent;
    int write_count = 0;
    int fail_at = 0;
    std::function<void()> under_way;

private:
    Executor& executor_;
};

OutFrame frame_of(std::string_view text) {
    OutFrame frame;
    frame.head.assign(text.begin(), text.end());
    return frame;
}

Task<void> send_one(FrameWriter& writer, std::string text, int& ok, int& failed) {
    const Result<void> result = co_await writer.send(frame_of(text), CancelToken());
    ++(result.has_value() ? ok : failed);
}

TEST(FrameWriter, GathersWhatQueuedWhileAWriteWasUnderWay) {
    test::ManualExecutor executor;
    CollectingConnection connection(executor);
    FrameWriter writer(connection, executor);
    int ok = 0;
    int failed = 0;
    TaskScope scope(executor);
    for (const char* text : {"1111", "2222", "3333", "4444"}) {
        scope.spawn(send_one(writer, text, ok, failed));
    }
    executor.run();
    EXPECT_EQ(connection.sent, "1111222233334444");
    EXPECT_EQ(ok, 4);
    EXPECT_EQ(connection.write_count, 2);
    EXPECT_EQ(writer.queued_size_bytes(), 0U);
}

TEST(FrameWriter, AHeadIsTheNextSpareOnceItIsWritten) {
    test::ManualExecutor executor;
    CollectingConnection connection(executor);
    FrameWriter writer(connection, executor);
    EXPECT_EQ(writer.take_spare().capacity(), 0U);
    OutFrame frame = frame_of("1111");
    const std::uint8_t* memory = frame.head.data();
    writer.enqueue(std::move(frame));
    int seen_under_way = 0;
    connection.under_way = [&] {
        ++seen_under_way;
        EXPECT_EQ(writer.take_spare().capacity(), 0U);
    };
    writer.enqueue(frame_of("2222"));
    EXPECT_TRUE(executor.run_to_end(writer.flush(CancelToken())).has_value());
    EXPECT_EQ(connection.sent, "11112222");
    EXPECT_EQ(seen_under_way, 1);
    static_cast<void>(writer.take_spare());
    const Bytes spare = writer.take_spare();
    EXPECT_EQ(spare.data(), memory);
    EXPECT_TRUE(spare.empty());
    EXPECT_EQ(writer.take_spare().capacity(), 0U);
}

TEST(FrameWriter, AFileRangeFollowsItsHeadAtOnce) {
    struct NoFile final : File {
        Task<Result<std::size_t>> read_at(FilePosition, MutByteSpan) override {
            co_return std::size_t{0};
        }
        Task<Result<void>> write_at(FilePosition, std::span<const ByteSpan>) override {
            co_return Result<void>();
        }
        Task<Result<void>> sync_data() override { co_return Result<void>(); }
        Task<Result<void>> truncate(std::uint64_t) override { co_return Result<void>(); }
        Task<Result<void>> allocate(std::uint64_t) override { co_return Result<void>(); }
        Task<Result<std::uint64_t>> size() override { co_return std::uint64_t{0}; }
    };
    test::ManualExecutor executor;
    CollectingConnection connection(executor);
    FrameWriter writer(connection, executor);
    writer.enqueue(frame_of("aaaa"));
    OutFrame with_file = frame_of("head");
    with_file.file = std::make_shared<NoFile>();
    with_file.file_position = FilePosition(64);
    with_file.file_size_bytes = 10;
    writer.enqueue(std::move(with_file));
    writer.enqueue(frame_of("zzzz"));
    EXPECT_TRUE(executor.run_to_end(writer.flush(CancelToken())).has_value());
    EXPECT_EQ(connection.sent, "aaaahead<file 64+10>zzzz");
}

TEST(FrameWriter, AfterAnErrorEverySendFails) {
    test::ManualExecutor executor;
    CollectingConnection connection(executor);
    connection.fail_at = 1;
    FrameWriter writer(connection, executor);
    int ok = 0;
    int failed = 0;
    TaskScope scope(executor);
    scope.spawn(send_one(writer, "1111", ok, failed));
    scope.spawn(send_one(writer, "2222", ok, failed));
    executor.run();
    scope.spawn(send_one(writer, "3333", ok, failed));
    executor.run();
    EXPECT_EQ(ok, 0);
    EXPECT_EQ(failed, 3);
    EXPECT_EQ(connection.sent, "");
}

}  // namespace
}  // namespace weir::rpc
