#include "core/rpc/frame.h"
#include "tests/support/manual_executor.h"
#include "tests/support/rapidcheck.h"

#include <algorithm>
#include <deque>
#include <vector>

namespace weir::rpc {
namespace {

// Hands out the given bytes in the given portions, then ends.
class ScriptedConnection final : public Connection {
public:
    ScriptedConnection(Bytes bytes, std::deque<std::size_t> portions)
        : bytes_(std::move(bytes)), portions_(std::move(portions)) {}

    Task<Result<std::size_t>> read_some(MutByteSpan into, CancelToken) override {
        largest_read = std::max(largest_read, into.size());
        std::size_t size = std::min(into.size(), bytes_.size() - at_);
        if (!portions_.empty()) {
            size = std::min(size, std::max<std::size_t>(portions_.front(), 1));
            portions_.pop_front();
        }
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(at_), size, into.begin());
        at_ += size;
        co_return size;
    }
    Task<Result<void>> write(std::span<const ByteSpan>, CancelToken) override {
        co_return fail(ErrorCode::not_supported, "read only");
    }
    Task<Result<void>> send_file(File&, FilePosition, std::uint64_t, CancelToken) override {
        co_return fail(ErrorCode::not_supported, "read only");
    }
    void shutdown_send() override {}
    void reset() override {}
    std::string peer() const override { return "script"; }

    std::size_t largest_read = 0;

private:
    Bytes bytes_;
    std::deque<std::size_t> portions_;
    std::size_t at_ = 0;
};

void append_frame(Bytes& stream, ByteSpan payload) {
    const auto size = static_cast<std::uint32_t>(payload.size());
    for (int shift = 24; shift >= 0; shift -= 8) {
        stream.push_back(static_cast<std::uint8_t>(size >> shift));
    }
    stream.insert(stream.end(), payload.begin(), payload.end());
}

Result<std::optional<BufferSlice>> next(FrameReader& reader) {
    test::ManualExecutor executor;
    return executor.run_to_end(reader.next(CancelToken()));
}

RC_GTEST_PROP(FrameReader, any_chunking_gives_the_same_frames, ()) {
    const auto sizes = *rc::gen::container<std::vector<std::size_t>>(
        rc::gen::weightedOneOf<std::size_t>({{8, rc::gen::inRange<std::size_t>(4, 300)},
                                             {2, rc::gen::inRange<std::size_t>(4, 400'000)}}));
    const auto portions = *rc::gen::container<std::deque<std::size_t>>(
        rc::gen::weightedOneOf<std::size_t>({{5, rc::gen::inRange<std::size_t>(1, 10)},
                                             {5, rc::gen::inRange<std::size_t>(1, 200'000)}}));
    const bool keep = *rc::gen::arbitrary<bool>();
    Bytes stream;
    std::vector<Bytes> payloads;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        Bytes payload(sizes[i]);
        for (std::size_t k = 0; k < payload.size(); ++k) {
            payload[k] = static_cast<std::uint8_t>(k * 7 + i);
        }
        append_frame(stream, payload);
        payloads.push_back(std::move(payload));
    }
    ScriptedConnection connection(stream, portions);
    FrameReader reader(connection, FrameLimits());
    std::vector<BufferSlice> kept;
    for (const Bytes& payload : payloads) {
        const auto frame = next(reader);
        RC_ASSERT(frame.has_value());
        RC_ASSERT(frame->has_value());
        RC_ASSERT(std::ranges::equal((*frame)->span(), payload));
        if (keep) {
            kept.push_back(**frame);
        }
    }
    const auto end = next(reader);
    RC_ASSERT(end.has_value());
    RC_ASSERT(!end->has_value());
    for (std::size_t i = 0; i < kept.size(); ++i) {
        RC_ASSERT(std::ranges::equal(kept[i].span(), payloads[i]));
    }
    RC_ASSERT(connection.largest_read <= (128U << 10));
}

TEST(FrameReader, RefusesLengthsOutsideTheLimits) {
    for (const std::uint32_t size : {0U, 3U, 1'001U, 0x7fffffffU, 0x80000000U, 0xffffffffU}) {
        Bytes stream;
        for (int shift = 24; shift >= 0; shift -= 8) {
            stream.push_back(static_cast<std::uint8_t>(size >> shift));
        }
        ScriptedConnection connection(stream, {});
        FrameLimits limits;
        limits.payload_size_max = 1'000;
        FrameReader reader(connection, limits);
        const auto frame = next(reader);
        ASSERT_FALSE(frame.has_value()) << size;
        EXPECT_EQ(frame.error().code, ErrorCode::malformed);
    }
}

TEST(FrameReader, EndInsideAFrameIsAnError) {
    Bytes stream;
    append_frame(stream, as_bytes("whole"));
    append_frame(stream, as_bytes("cut off"));
    stream.pop_back();
    ScriptedConnection connection(stream, {});
    FrameReader reader(connection, FrameLimits());
    EXPECT_TRUE(next(reader).has_value());
    const auto cut = next(reader);
    ASSERT_FALSE(cut.has_value());
    EXPECT_EQ(cut.error().code, ErrorCode::connection_closed);
}

TEST(FrameReader, TellsWhetherAFrameIsBuffered) {
    Bytes stream;
    append_frame(stream, as_bytes("first"));
    append_frame(stream, as_bytes("second"));
    const std::size_t both = stream.size();
    append_frame(stream, as_bytes("third"));
    ScriptedConnection connection(stream, {both});
    FrameReader reader(connection, FrameLimits());
    EXPECT_FALSE(reader.has_buffered_frame());
    EXPECT_TRUE(next(reader).has_value());
    EXPECT_TRUE(reader.has_buffered_frame());
    EXPECT_TRUE(next(reader).has_value());
    EXPECT_FALSE(reader.has_buffered_frame());
}

}  // namespace
}  // namespace weir::rpc
