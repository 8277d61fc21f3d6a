// The frame decoder and the request header over an arbitrary stream in arbitrary portions, against
// a dumb parser of the same bytes: the same frames in the same order, and the same kind of end.
//
// Input: one byte per portion size up to the first 0, then the stream.
#include "core/base/assert.h"
#include "core/rpc/frame.h"
#include "core/wire/header.h"
#include "tests/support/test_executor.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace weir {

namespace {

constexpr std::uint32_t kSizeMax = 1U << 20;

// Hands out the stream in portions of the given sizes, over and over.
class PortionedConnection final : public Connection {
public:
    PortionedConnection(ByteSpan stream, ByteSpan portions)
        : stream_(stream), portions_(portions) {}

    Task<Result<std::size_t>> read_some(MutByteSpan into, CancelToken) override {
        WEIR_ASSERT(!into.empty());
        WEIR_ASSERT(into.size() <= 4 * std::size_t{kSizeMax});
        std::size_t size = std::min(into.size(), stream_.size() - at_);
        if (!portions_.empty()) {
            size = std::min<std::size_t>(size, portions_[turn_++ % portions_.size()]);
        }
        std::copy_n(stream_.begin() + static_cast<std::ptrdiff_t>(at_), size, into.begin());
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
    std::string peer() const override { return "fuzz"; }

private:
    ByteSpan stream_;
    ByteSpan portions_;
    std::size_t at_ = 0;
    std::size_t turn_ = 0;
};

// What must come next at `at`: a frame, a clean end (nullopt), or an error.
Result<std::optional<ByteSpan>> expected_frame(ByteSpan stream, std::size_t& at) {
    if (at == stream.size()) {
        return std::optional<ByteSpan>();
    }
    wire::Reader reader(stream.subspan(at));
    const auto length = reader.read_i32();
    if (!length.has_value()) {
        return fail(ErrorCode::connection_closed, "inside a length");
    }
    if (*length < static_cast<std::int32_t>(wire::kRequestHeaderSizeMin) ||
        *length > static_cast<std::int32_t>(kSizeMax)) {
        return fail(ErrorCode::malformed, "length");
    }
    const auto payload = reader.read_bytes(static_cast<std::size_t>(*length));
    if (!payload.has_value()) {
        return fail(ErrorCode::connection_closed, "inside a frame");
    }
    at += 4 + payload->size();
    return std::optional<ByteSpan>(*payload);
}

void check(ByteSpan input) {
    const auto zero = std::find(input.begin(), input.end(), std::uint8_t{0});
    const auto portion_count = static_cast<std::size_t>(zero - input.begin());
    const ByteSpan portions = input.first(portion_count);
    const ByteSpan stream = zero == input.end() ? ByteSpan() : input.subspan(portion_count + 1);
    PortionedConnection connection(stream, portions);
    rpc::FrameLimits limits;
    limits.payload_size_min = wire::kRequestHeaderSizeMin;
    limits.payload_size_max = kSizeMax;
    rpc::FrameReader reader(connection, limits);
    TestExecutor executor;
    std::size_t at = 0;
    // Kept, so that a frame that a later one overwrites would be noticed.
    std::vector<std::pair<BufferSlice, ByteSpan>> frames;
    while (true) {
        const auto wanted = expected_frame(stream, at);
        const auto got = executor.run_to_end(reader.next(CancelToken()));
        WEIR_ASSERT(got.has_value());
        WEIR_ASSERT(got->has_value() == wanted.has_value());
        if (!wanted.has_value()) {
            WEIR_ASSERT(got->error().code == wanted.error().code);
            break;
        }
        WEIR_ASSERT((**got).has_value() == wanted->has_value());
        if (!wanted->has_value()) {
            break;
        }
        frames.emplace_back(***got, **wanted);
        wire::Reader head((***got).span());
        const auto header = wire::decode_request_header(head);
        WEIR_ASSERT(header.has_value() || header.error().code == ErrorCode::malformed);
    }
    for (const auto& [slice, bytes] : frames) {
        WEIR_ASSERT(std::ranges::equal(slice.span(), bytes));
    }
}

}  // namespace

}  // namespace weir

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    weir::check(weir::ByteSpan(data, size));
    return 0;
}
