// Records and batches against the reference's own bytes.
#include "core/wire/record.h"

#include "core/model/batch.h"
#include "tests/support/hex.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using test::from_hex;
using test::to_hex;
using wire::Reader;
using wire::Writer;

TEST(Varint, VectorsOfTheSpecification) {
    const std::vector<std::pair<std::int64_t, std::string>> cases = {
        {0, "00"},
        {-1, "01"},
        {1, "02"},
        {4, "08"},
        {7, "0e"},
        {10, "14"},
        {63, "7e"},
        {8191, "fe7f"},
        {-134'217'729, "8180808001"},
        {64, "8001"},
        {-64, "7f"},
        {-65, "8101"},
        {8192, "808001"},
        {1'000'000, "80897a"},
        {2'147'483'647, "feffffff0f"},
        {-2'147'483'648LL, "ffffffff0f"}};
    for (const auto& [value, hex] : cases) {
        Writer writer;
        writer.write_varint(value);
        EXPECT_EQ(to_hex(writer.span()), hex) << value;
        const Bytes bytes = from_hex(hex);
        Reader reader(bytes);
        EXPECT_EQ(reader.read_varint().value_or(99), value);
    }
}

TEST(Record, VectorsOfTheSpecification) {
    wire::RecordView dog;
    dog.offset_delta = 1;
    dog.value = as_bytes("dog");
    Writer writer;
    encode_record(writer, dog);
    EXPECT_EQ(to_hex(writer.span()), "120000020006646f6700");
    EXPECT_EQ(wire::encoded_size(dog), writer.size());

    const Bytes old_record = from_hex("2000000000145656565656565656565600");
    Reader reader(old_record);
    const auto record = wire::decode_record(reader);
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(as_text(record->value), "VVVVVVVVVV");
    EXPECT_EQ(reader.remaining(), 0U);
}

TEST(Record, LengthMustFitTheFields) {
    // The same record with a length one too small, and one too large.
    for (const char* hex : {"100000020006646f6700", "140000020006646f670000"}) {
        const Bytes bytes = from_hex(hex);
        Reader reader(bytes);
        const auto record = wire::decode_record(reader);
        ASSERT_FALSE(record.has_value()) << hex;
        EXPECT_EQ(record.error().code, ErrorCode::malformed);
    }
}

TEST(Batch, TwoRecordsAsTheReferenceEncodesThem) {
    wire::PayloadBuilder builder;
    const Bytes key = {'k'};
    builder.add(ByteSpan(key), as_bytes("hello"), 0);
    builder.add(std::nullopt, as_bytes("world"), 0);
    EXPECT_EQ(builder.record_count(), 2U);
    BatchHeader header;
    header.last_offset_delta = 1;
    header.first_timestamp = 1'700'000'000'000;
    header.max_time_stamp = 1'700'000'000'000;
    const Bytes payload = std::move(builder).take();
    EXPECT_EQ(to_hex(make_batch(header, payload)),
              "00000000000000000000004bffffffff0295bb88690000000000010000018bcfe568000000018bcfe568"
              "00ffffffffffffffffffffffffffff000000021a00000001026b0a68656c6c6f0016000002000a776f72"
              "6c6400");
    auto walker = wire::RecordWalker::open(payload);
    ASSERT_TRUE(walker.has_value());
    EXPECT_EQ(walker->record_count(), 2U);
    const auto first = walker->next();
    ASSERT_TRUE(first.has_value());
    ASSERT_TRUE(first->key.has_value());
    EXPECT_EQ(as_text(*first->key), "k");
    const auto second = walker->next();
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(second->offset_delta, 1);
    EXPECT_EQ(as_text(second->value), "world");
    EXPECT_FALSE(walker->more());
}

// The checksums are those that the reference's test asserts: 1430948200 and 2943551365.
TEST(Batch, ChecksumsOfTheReference) {
    const Bytes plain = from_hex(
        "00000000000000000000003cffffffff02554a89680000ffffffff0000016a29be3e1b0000016a29be3e1bff"
        "ffffffffffffffffffffffffff000000011400000000087465737400");
    EXPECT_EQ(read_batch_header(plain).crc, 1'430'948'200U);
    EXPECT_TRUE(batch_crc_matches(plain));
    const Bytes with_schema = from_hex(
        "000000000000000000000040ffffffff02af7307850010ffffffff0000016a29be3e1b0000016a29be3e1bff"
        "ffffffffffffffffffffffffff0000002a000000011400000000087465737400");
    EXPECT_EQ(read_batch_header(with_schema).crc, 2'943'551'365U);
    EXPECT_TRUE(batch_crc_matches(with_schema));
    EXPECT_TRUE(read_batch_header(with_schema).has_schema_id());
    EXPECT_EQ(read_batch_header(with_schema).payload_start(), 61U);
}

TEST(Payload, CountBeyondTheBytesIsRefused) {
    const Bytes payload = from_hex("7fffffff 1400000000087465737400");
    EXPECT_FALSE(wire::RecordWalker::open(payload).has_value());
}

}  // namespace
}  // namespace weir
