#include "core/client/compression.h"

#include "core/base/prng.h"
#include "core/wire/record.h"
#include "tests/support/rapidcheck.h"

#include <string>
#include <string_view>

namespace weir::client {
namespace {

// Payloads that Fluvio's own command line sent for the lines "line 0" to "line 9".
constexpr std::string_view kGzipHex =
    "1f8b08000000000000ff2dc7390a80300044d141442404112b4b8fe0be1cc84290dcbf4c06feeb9ea430"
    "aa88ff97de6956494516a726abd390cd69c9ee047238919c4e472ea727b7339047199dcd45f386000000";
constexpr std::string_view kSnappyHex =
    "ff060000734e6150705900660000231346ff8601500000000a18000000000c6c696e6520300018000002"
    "0d0d0031010d00040d0d0032010d00060d0d0033010d00080d0d0034010d000a0d0d0035010d000c0d0d"
    "0036010d000e0d0d0037010d00100d0d38380018000012000c6c696e65203900";
constexpr std::string_view kLz4Hex =
    "04224d1860408269000000f3060000000a18000000000c6c696e65203000180000020d00633100180000"
    "040d00633200180000060d00633300180000080d006334001800000a0d006335001800000c0d00633600"
    "1800000e0d00633700180000100d00f000380018000012000c6c696e6520390000000000";
constexpr std::string_view kZstdHex =
    "28b52ffd0048450200e2c40d15804b0b637c1e91d18c6ddb06803d2f666bbf6d4da71b07ada4ccc1cb10"
    "bc8bc0ab306fa2bc08c07b485e03f2168e9770d04acafcca03080404a080020a28a080024a984c";

// The record "hi", stored uncompressed in a Snappy frame, and gzipped (data-plane spec 3.5).
constexpr std::string_view kSnappyStoredHex =
    "ff060000734e61507059"
    "01110000"
    "d4bddb31"
    "00000001100000000004686900";
constexpr std::string_view kGzipHiHex =
    "1f8b08000000000000ff636060601460000296"
    "8c4c0600ecb2ef310d000000";
constexpr std::string_view kHiHex = "00000001100000000004686900";

constexpr std::size_t kPlenty = 1U << 20U;

Bytes from_hex(std::string_view hex) {
    Bytes out;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        out.push_back(
            static_cast<std::uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return out;
}

Bytes noise(std::size_t size, std::uint64_t seed) {
    Prng prng(seed);
    Bytes out(size);
    for (std::uint8_t& byte : out) {
        byte = static_cast<std::uint8_t>(prng.next());
    }
    return out;
}

void expect_ten_lines(Codec codec, std::string_view hex) {
    const Result<Bytes> payload = decompress(codec, from_hex(hex), kPlenty);
    ASSERT_TRUE(payload.has_value()) << to_string(payload.error());
    Result<wire::RecordWalker> walker = wire::RecordWalker::open(*payload);
    ASSERT_TRUE(walker.has_value());
    EXPECT_EQ(walker->record_count(), 10U);
    for (int i = 0; i < 10; ++i) {
        const Result<wire::RecordView> record = walker->next();
        ASSERT_TRUE(record.has_value());
        EXPECT_EQ(as_text(record->value), "line " + std::to_string(i));
    }
}

constexpr std::array<Codec, 5> kCodecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4,
                                          Codec::zstd};

TEST(Compression, ReadsWhatTheReferenceWrote) {
    expect_ten_lines(Codec::gzip, kGzipHex);
    expect_ten_lines(Codec::snappy, kSnappyHex);
    expect_ten_lines(Codec::lz4, kLz4Hex);
    expect_ten_lines(Codec::zstd, kZstdHex);
    EXPECT_EQ(decompress(Codec::snappy, from_hex(kSnappyStoredHex), kPlenty).value(),
              from_hex(kHiHex));
    EXPECT_EQ(decompress(Codec::gzip, from_hex(kGzipHiHex), kPlenty).value(), from_hex(kHiHex));
}

TEST(Compression, WritesTheFormatsThatTheReferenceReads) {
    const Bytes payload = decompress(Codec::lz4, from_hex(kLz4Hex), kPlenty).value();
    // Independent 64 KiB blocks, no content size, no checksums, an end mark.
    const Bytes lz4 = compress(Codec::lz4, payload).value();
    EXPECT_EQ(Bytes(lz4.begin(), lz4.begin() + 7), from_hex("04224d18604082"));
    EXPECT_EQ(Bytes(lz4.end() - 4, lz4.end()), from_hex("00000000"));
    const Bytes gzip = compress(Codec::gzip, payload).value();
    EXPECT_EQ(Bytes(gzip.begin(), gzip.begin() + 10), from_hex("1f8b08000000000000ff"));
    const Bytes zstd = compress(Codec::zstd, payload).value();
    EXPECT_EQ(Bytes(zstd.begin(), zstd.begin() + 4), from_hex("28b52ffd"));
    // No content size (bits 6, 7 and the single-segment bit) and no checksum (bit 2).
    EXPECT_EQ(zstd.at(4) & 0xe4, 0);
    const Bytes snappy = compress(Codec::snappy, payload).value();
    EXPECT_EQ(Bytes(snappy.begin(), snappy.begin() + 11), from_hex("ff060000734e6150705900"));
    EXPECT_EQ(compress(Codec::snappy, from_hex(kHiHex)).value(), from_hex(kSnappyStoredHex));
}

TEST(Compression, RefusesToInflateBeyondTheLimit) {
    const Bytes zeros(100'000, 0);
    for (const Codec codec : kCodecs) {
        const Bytes packed = compress(codec, zeros).value();
        EXPECT_EQ(decompress(codec, packed, zeros.size()).value(), zeros) << to_string(codec);
        const Result<Bytes> cut = decompress(codec, packed, zeros.size() - 1);
        ASSERT_FALSE(cut.has_value()) << to_string(codec);
        EXPECT_EQ(cut.error().code, ErrorCode::message_too_large) << to_string(codec);
    }
}

TEST(Compression, RefusesCutAndOverlongInput) {
    const Bytes payload = noise(70'000, 7);
    for (const Codec codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        const Bytes packed = compress(codec, payload).value();
        for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{9},
                                       packed.size() / 2, packed.size() - 1}) {
            const Result<Bytes> cut = decompress(codec, ByteSpan(packed).first(size), kPlenty);
            ASSERT_FALSE(cut.has_value()) << to_string(codec) << " cut at " << size;
            EXPECT_EQ(cut.error().code, ErrorCode::corrupt) << to_string(codec);
        }
        Bytes longer = packed;
        longer.push_back(0);
        EXPECT_FALSE(decompress(codec, longer, kPlenty).has_value()) << to_string(codec);
    }
}

TEST(Compression, SnappyChecksEveryChunk) {
    Bytes packed = compress(Codec::snappy, noise(1'000, 3)).value();
    packed.back() ^= 1;
    const Result<Bytes> damaged = decompress(Codec::snappy, packed, kPlenty);
    ASSERT_FALSE(damaged.has_value());
    EXPECT_EQ(damaged.error().code, ErrorCode::corrupt);
}

RC_GTEST_PROP(Compression, gives_back_what_went_in, (Bytes bytes)) {
    const auto codec = static_cast<Codec>(*rc::gen::inRange(0, 5));
    const auto copies = *rc::gen::inRange(0, 2'000);
    Bytes payload;
    for (int i = 0; i < copies; ++i) {
        payload.insert(payload.end(), bytes.begin(), bytes.end());
    }
    const Bytes packed = compress(codec, payload).value();
    RC_ASSERT(decompress(codec, packed, payload.size()).value() == payload);
}

RC_GTEST_PROP(Compression, never_crashes_on_damage, ()) {
    const auto codec = static_cast<Codec>(*rc::gen::inRange(1, 5));
    const Bytes payload(5'000, 'x');
    Bytes packed = compress(codec, payload).value();
    const auto at = *rc::gen::inRange<std::size_t>(0, packed.size());
    packed[at] ^= static_cast<std::uint8_t>(*rc::gen::inRange(1, 256));
    const Result<Bytes> result = decompress(codec, packed, kPlenty);
    RC_ASSERT(!result.has_value() || result->size() <= kPlenty);
}

}  // namespace
}  // namespace weir::client
