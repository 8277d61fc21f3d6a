#include "core/model/batch.h"

#include "core/base/endian.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

Bytes from_hex(std::string_view text) {
    Bytes bytes;
    int high = -1;
    for (const char c : text) {
        const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0) {
            continue;
        }
        if (high < 0) {
            high = digit;
        } else {
            bytes.push_back(static_cast<std::uint8_t>(high * 16 + digit));
            high = -1;
        }
    }
    return bytes;
}

// The two-record example of the protocol's description.
const char* const kTwoRecords =
    "00 00 00 00 00 00 00 00 00 00 00 4b ff ff ff ff 02 95 bb 88 69 00 00 00"
    "00 00 01 00 00 01 8b cf e5 68 00 00 00 01 8b cf e5 68 00 ff ff ff ff ff"
    "ff ff ff ff ff ff ff ff ff 00 00 00 02 1a 00 00 00 01 02 6b 0a 68 65 6c"
    "6c 6f 00 16 00 00 02 00 0a 77 6f 72 6c 64 00";

Bytes batch_at(std::int64_t base, std::int32_t records, std::string_view payload) {
    BatchHeader header;
    header.base_offset = Offset(base);
    header.last_offset_delta = records - 1;
    return make_batch(header, as_bytes(payload));
}

Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

TEST(Batch, ReadsTheGoldenBatch) {
    const Bytes bytes = from_hex(kTwoRecords);
    ASSERT_EQ(check_batch_shape(bytes), BatchFault::none);
    const BatchHeader header = read_batch_header(bytes);
    EXPECT_EQ(header.size_bytes(), bytes.size());
    EXPECT_EQ(header.record_count(), 2);
    EXPECT_EQ(header.first_timestamp, 1'700'000'000'000);
    EXPECT_EQ(header.max_time_stamp, 1'700'000'000'000);
    EXPECT_EQ(header.partition_leader_epoch, LeaderEpoch(-1));
    EXPECT_EQ(header.codec(), 0);
    EXPECT_EQ(header.payload_start(), 57U);
    EXPECT_TRUE(batch_crc_matches(bytes));
}

TEST(Batch, WritesTheGoldenBatch) {
    const Bytes golden = from_hex(kTwoRecords);
    BatchHeader header;
    header.last_offset_delta = 1;
    header.first_timestamp = header.max_time_stamp = 1'700'000'000'000;
    EXPECT_EQ(make_batch(header, ByteSpan(golden).subspan(kBatchHeaderSize)), golden);
}

TEST(Batch, SchemaIdGoldenHasItsChecksum) {
    const Bytes bytes = from_hex(
        "00 00 00 00 00 00 00 00 00 00 00 40 ff ff ff ff 02 af 73 07 85 00 10 ff"
        "ff ff ff 00 00 01 6a 29 be 3e 1b 00 00 01 6a 29 be 3e 1b ff ff ff ff ff"
        "ff ff ff ff ff ff ff ff ff 00 00 00 2a 00 00 00 01 14 00 00 00 00 08 74"
        "65 73 74 00");
    const BatchHeader header = read_batch_header(bytes);
    EXPECT_TRUE(header.has_schema_id());
    EXPECT_EQ(header.payload_start(), 61U);
    EXPECT_EQ(header.crc, 2943551365U);
    EXPECT_TRUE(batch_crc_matches(bytes));
    // This golden batch has a last_offset_delta of -1.
    EXPECT_EQ(check_batch_shape(bytes), BatchFault::negative_count);
    EXPECT_EQ(header.record_count(), 0);
}

TEST(Batch, BaseOffsetIsOutsideTheChecksum) {
    Bytes bytes = batch_at(7, 3, "payload");
    set_batch_base_offset(bytes, Offset(1'000'000'000'000));
    EXPECT_TRUE(batch_crc_matches(bytes));
    EXPECT_EQ(read_batch_header(bytes).next_offset(), Offset(1'000'000'000'003));
}

TEST(Batch, AnyFlippedBitFromAttributesOnBreaksTheChecksum) {
    const Bytes good = batch_at(0, 1, "some payload");
    for (std::size_t bit = kBatchCrcStart * 8; bit < good.size() * 8; ++bit) {
        Bytes bad = good;
        bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(batch_crc_matches(bad)) << bit;
    }
}

TEST(Batch, HeaderFaultsAreTold) {
    const Bytes good = batch_at(0, 1, "x");
    EXPECT_EQ(check_batch_shape(ByteSpan(good).first(56)), BatchFault::header_incomplete);
    EXPECT_EQ(check_batch_shape(ByteSpan(good).first(57)), BatchFault::body_incomplete);
    Bytes bad = good;
    store_be<std::int32_t>(bad.data() + 8, 44);
    EXPECT_EQ(check_batch_shape(bad), BatchFault::batch_len_too_small);
    store_be<std::int32_t>(bad.data() + 8, -2'000'000'000);
    EXPECT_EQ(check_batch_shape(bad), BatchFault::batch_len_too_small);
    bad = good;
    bad[16] = 1;
    EXPECT_EQ(check_batch_shape(bad), BatchFault::bad_magic);
    bad = good;
    bad[22] = 5;
    EXPECT_EQ(check_batch_shape(bad), BatchFault::bad_codec);
    bad = good;
    bad[23] = 0x80;
    EXPECT_EQ(check_batch_shape(bad), BatchFault::negative_count);
}

TEST(BatchWalker, GivesWholeBatchesAndTheEnd) {
    const Bytes first = batch_at(10, 2, "aa");
    const Bytes second = batch_at(12, 1, "bbbb");
    struct Case {
        Bytes range;
        BatchWalker::End end;
        BatchFault fault;
    };
    Bytes flipped = second;
    flipped.back() ^= 1;
    const std::vector<Case> cases = {
        {first + second, BatchWalker::End::clean, BatchFault::none},
        {first + second + Bytes(1), BatchWalker::End::zeros, BatchFault::none},
        {first + second + Bytes(500), BatchWalker::End::zeros, BatchFault::none},
        {first + second + Bytes{1}, BatchWalker::End::torn, BatchFault::header_incomplete},
        {first + second + Bytes(first.begin(), first.end() - 1), BatchWalker::End::damaged,
         BatchFault::offset_gap},
        {first + second + flipped, BatchWalker::End::damaged, BatchFault::offset_gap},
        {first + second + Bytes(80) + Bytes{1}, BatchWalker::End::damaged,
         BatchFault::batch_len_too_small},
    };
    for (const Case& c : cases) {
        BatchWalker walker(c.range, BatchWalker::Check::header_and_crc, Offset(10));
        const auto a = walker.next();
        ASSERT_TRUE(a.has_value());
        EXPECT_EQ(a->header.base_offset, Offset(10));
        const auto b = walker.next();
        ASSERT_TRUE(b.has_value());
        EXPECT_EQ(b->position, first.size());
        EXPECT_EQ(Bytes(b->bytes.begin(), b->bytes.end()), second);
        EXPECT_FALSE(walker.next().has_value());
        EXPECT_EQ(walker.end(), c.end);
        EXPECT_EQ(walker.fault(), c.fault);
        EXPECT_EQ(walker.position(), first.size() + second.size());
    }
}

TEST(BatchWalker, ChecksumIsCheckedOnlyWhenAsked) {
    Bytes range = batch_at(0, 1, "aa");
    range.back() ^= 1;
    BatchWalker shallow(range, BatchWalker::Check::header);
    EXPECT_TRUE(shallow.next().has_value());
    BatchWalker deep(range, BatchWalker::Check::header_and_crc);
    EXPECT_FALSE(deep.next().has_value());
    EXPECT_EQ(deep.fault(), BatchFault::crc_mismatch);
}

TEST(AllZeros, LooksAtEveryByte) {
    EXPECT_TRUE(all_zeros({}));
    for (std::size_t size = 1; size < 20; ++size) {
        Bytes bytes(size);
        EXPECT_TRUE(all_zeros(bytes));
        for (std::size_t i = 0; i < size; ++i) {
            bytes[i] = 1;
            EXPECT_FALSE(all_zeros(bytes));
            bytes[i] = 0;
        }
    }
}

}  // namespace
}  // namespace weir
