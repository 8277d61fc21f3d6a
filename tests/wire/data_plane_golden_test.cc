// The bytes of tests/data/golden/data_plane.txt: decode completely, encode to the same bytes, fail
// cleanly when cut anywhere, and mean what they should.
#include "core/model/batch.h"
#include "core/wire/record.h"
#include "tests/support/data_plane_codec.h"
#include "tests/support/hex.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace weir {
namespace {

using test::from_hex;
using test::to_hex;
using wire::ErrorTag;
using wire::Reader;
using wire::Version;
using wire::Writer;

struct Golden {
    std::string name;
    std::string kind;
    std::uint16_t api_key = 0;
    Version version = 0;
    BufferSlice bytes;
    // Where the body starts in `bytes`.
    std::size_t body_start = 0;

    BufferSlice body() const { return bytes.sub(body_start, bytes.size() - body_start); }
};

std::vector<Golden> load_golden() {
    std::vector<Golden> all;
    std::ifstream file("tests/data/golden/data_plane.txt");
    std::string line;
    while (std::getline(file, line)) {
        if (line.empty() || line[0] == '#') {
            continue;
        }
        std::istringstream words(line);
        Golden golden;
        std::string hex;
        words >> golden.name >> golden.kind >> golden.api_key >> golden.version >> hex;
        golden.bytes = BufferSlice(Buffer::copy_of(from_hex(hex)));
        if (golden.kind != "request-body") {
            Reader reader(golden.bytes.span());
            const auto length = reader.read_u32();
            EXPECT_TRUE(length.has_value());
            EXPECT_EQ(*length, golden.bytes.size() - 4) << golden.name;
            if (golden.kind == "request-frame") {
                const auto header = wire::decode_request_header(reader);
                EXPECT_TRUE(header.has_value()) << golden.name;
                EXPECT_EQ(header->api_key, golden.api_key) << golden.name;
                EXPECT_EQ(header->api_version, golden.version) << golden.name;
                EXPECT_EQ(header->client_id, "fluvio") << golden.name;
            } else {
                EXPECT_TRUE(wire::decode_response_header(reader).has_value()) << golden.name;
            }
            golden.body_start = reader.position();
        }
        all.push_back(std::move(golden));
    }
    return all;
}

const Golden& find_golden(const std::vector<Golden>& all, const std::string& name) {
    for (const Golden& golden : all) {
        if (golden.name == name) {
            return golden;
        }
    }
    ADD_FAILURE() << name << " is not in the file";
    return all.front();
}

Result<test::Transcoded> transcode(const Golden& golden, Reader& reader, const BufferSlice& body) {
    const auto api = *wire::spu_api_from_key(golden.api_key);
    return golden.kind == "response-frame"
               ? test::transcode_response_body(api, golden.version, reader, body)
               : test::transcode_request_body(api, golden.version, reader, body);
}

TEST(DataPlaneGolden, DecodesCompletelyAndEncodesToTheSameBytes) {
    const auto all = load_golden();
    ASSERT_EQ(all.size(), 28U);
    for (const Golden& golden : all) {
        const BufferSlice body = golden.body();
        Reader reader(body.span());
        const auto result = transcode(golden, reader, body);
        ASSERT_TRUE(result.has_value()) << golden.name << ": " << to_string(result.error());
        EXPECT_EQ(result->left_over, 0U) << golden.name;
        EXPECT_EQ(to_hex(result->bytes), to_hex(body.span())) << golden.name;
    }
}

TEST(DataPlaneGolden, EveryProperPrefixFailsCleanly) {
    for (const Golden& golden : load_golden()) {
        const BufferSlice body = golden.body();
        for (std::size_t size = 0; size < body.size(); ++size) {
            // A copy of exact size, so that a sanitizer sees any read past the end.
            const BufferSlice prefix(Buffer::copy_of(body.sub(0, size).span()));
            Reader reader(prefix.span());
            const auto result = transcode(golden, reader, prefix);
            ASSERT_FALSE(result.has_value()) << golden.name << " cut at " << size;
            EXPECT_EQ(result.error().code, ErrorCode::malformed) << golden.name;
        }
    }
}

TEST(DataPlaneGolden, TrailingBytesAreLeftUnread) {
    for (const Golden& golden : load_golden()) {
        const BufferSlice body = golden.body();
        Bytes longer(body.span().begin(), body.span().end());
        longer.insert(longer.end(), {0xde, 0xad, 0xbe});
        const BufferSlice slice(Buffer::copy_of(longer));
        Reader reader(slice.span());
        const auto result = transcode(golden, reader, slice);
        ASSERT_TRUE(result.has_value()) << golden.name;
        EXPECT_EQ(result->left_over, 3U) << golden.name;
        EXPECT_EQ(to_hex(result->bytes), to_hex(body.span())) << golden.name;
    }
}

TEST(DataPlaneGolden, FramesAreBuiltAsTheReferenceBuildsThem) {
    const auto all = load_golden();
    const Golden& request = find_golden(all, "fetch_offsets_request");
    Writer writer;
    wire::RequestHeader header;
    header.api_key = 1002;
    header.api_version = 25;
    header.correlation_id = CorrelationId(5);
    header.client_id = "fluvio";
    wire::begin_request(writer, header);
    wire::FetchOffsetsRequest body;
    wire::FetchOffsetsTopic& topic = body.topics.emplace_back();
    topic.name = "hello";
    topic.partitions.push_back(0);
    encode(writer, body, 25);
    wire::finish_frame(writer);
    EXPECT_EQ(to_hex(writer.span()), to_hex(request.bytes.span()));

    // The head of a stream response and the records apart, as they are sent.
    const Golden& response = find_golden(all, "stream_fetch_response");
    wire::StreamFetchResponse answer;
    answer.topic = "hello";
    answer.stream_id = 1;
    answer.partition.high_watermark = 8;
    Writer head;
    wire::begin_response(head, CorrelationId(6));
    encode_head(head, answer, 70, 25);
    wire::finish_frame(head, 70);
    EXPECT_EQ(head.size() + 70, response.bytes.size());
    EXPECT_EQ(to_hex(head.span()), to_hex(response.bytes.span().first(head.size())));
}

TEST(DataPlaneGolden, RequestHeaderOfTheRepositoryTest) {
    const Bytes bytes = from_hex("0012 0001 00000001 000a 636f6e73756d65722d31");
    Reader reader(bytes);
    const auto header = wire::decode_request_header(reader);
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(header->api_key, 18);
    EXPECT_EQ(header->api_version, 1);
    EXPECT_EQ(header->correlation_id, CorrelationId(1));
    EXPECT_EQ(header->client_id, "consumer-1");
    EXPECT_EQ(reader.remaining(), 0U);
}

TEST(DataPlaneGolden, ProduceRequestMeansWhatItSays) {
    const auto all = load_golden();
    const Golden& golden = find_golden(all, "produce_request");
    const BufferSlice body = golden.body();
    Reader reader(body.span());
    const auto request = wire::decode_produce_request(reader, body, 25);
    ASSERT_TRUE(request.has_value());
    EXPECT_FALSE(request->transactional_id.has_value());
    EXPECT_EQ(request->acks, 1);
    EXPECT_EQ(request->timeout_ms, 1500);
    ASSERT_EQ(request->topics.size(), 1U);
    EXPECT_EQ(request->topics[0].name, "hello");
    ASSERT_EQ(request->topics[0].partitions.size(), 1U);
    EXPECT_TRUE(request->smartmodules.empty());
    const BufferSlice records = request->topics[0].partitions[0].records;
    // In place: the slice is the frame's own bytes.
    EXPECT_EQ(records.span().data(), golden.bytes.span().data() + 50);
    BatchWalker walker(records.span(), BatchWalker::Check::header_and_crc);
    const auto batch = walker.next();
    ASSERT_TRUE(batch.has_value());
    EXPECT_EQ(batch->header.first_timestamp, 1'700'000'000'000);
    EXPECT_EQ(batch->header.record_count(), 1);
    EXPECT_FALSE(walker.next().has_value());
    EXPECT_EQ(walker.end(), BatchWalker::End::clean);
    auto records_in = wire::RecordWalker::open(batch->bytes.subspan(kBatchHeaderSize));
    ASSERT_TRUE(records_in.has_value());
    ASSERT_TRUE(records_in->more());
    const auto record = records_in->next();
    ASSERT_TRUE(record.has_value());
    EXPECT_EQ(as_text(record->value), "hi");
    EXPECT_FALSE(record->key.has_value());
    EXPECT_FALSE(records_in->more());
}

TEST(DataPlaneGolden, ResponsesMeanWhatTheySay) {
    const auto all = load_golden();
    {
        const BufferSlice body = find_golden(all, "produce_response_timed_out").body();
        Reader reader(body.span());
        const auto response = wire::decode_produce_response(reader, 25);
        ASSERT_TRUE(response.has_value());
        const auto& partition = response->topics.front().partitions.front();
        EXPECT_EQ(partition.error,
                  wire::ApiError(ErrorTag::request_timed_out, wire::ErrorTimeout{1500, 0}));
        EXPECT_EQ(partition.base_offset, 5);
    }
    {
        const BufferSlice body = find_golden(all, "stream_fetch_response_not_leader").body();
        Reader reader(body.span());
        const auto response = wire::decode_stream_fetch_response(reader, body, 25);
        ASSERT_TRUE(response.has_value());
        EXPECT_EQ(response->partition.error.tag, ErrorTag::not_leader_for_partition);
        EXPECT_EQ(response->stream_id, 0U);
        EXPECT_TRUE(response->partition.records.empty());
    }
    {
        const BufferSlice body = find_golden(all, "api_versions_response").body();
        Reader reader(body.span());
        const auto response = wire::decode_api_versions_response(reader, 2);
        ASSERT_TRUE(response.has_value());
        ASSERT_EQ(response->api_keys.size(), wire::kSpuAdvertised.size());
        for (std::size_t i = 0; i < wire::kSpuAdvertised.size(); ++i) {
            EXPECT_EQ(response->api_keys[i], wire::kSpuAdvertised[i]);
        }
        EXPECT_EQ(response->platform_version, "0.0.0");
    }
    {
        const BufferSlice body = find_golden(all, "fetch_consumer_offsets_response").body();
        Reader reader(body.span());
        const auto response = wire::decode_fetch_consumer_offsets_response(reader, 25);
        ASSERT_TRUE(response.has_value());
        const wire::ConsumerOffset expected{"c1", {"hello", 0}, 7, 1'700'000'000};
        ASSERT_EQ(response->consumers.size(), 1U);
        EXPECT_EQ(response->consumers[0], expected);
    }
}

TEST(DataPlaneGolden, SmartModuleInvocationInItsVersions) {
    using namespace wire;
    SmartModuleInvocation invocation;
    invocation.source = PredefinedModule{"grp/sm@0.1.0"};
    invocation.kind.context = AggregateContext{{1, 2}};
    invocation.params.values = {{"key", "val"}};
    invocation.params.lookback = Lookback{10, WireDuration{1, 500'000'000}};
    invocation.name = "sm";
    const std::string v25 =
        "00000c6772702f736d40302e312e300701000000020102000100036b6579000376616c01000000000000000a"
        "0100000000000000011dcd6500010002736d";
    const std::string v20 = v25.substr(0, 88);
    const std::string v19 = v20.substr(0, 70);
    const std::vector<std::pair<Version, std::string>> expected = {
        {25, v25},
        {24, v25.substr(0, v25.size() - 10)},
        {21, v25.substr(0, v25.size() - 10)},
        {20, v20},
        {19, v19}};
    for (const auto& [version, hex] : expected) {
        Writer writer;
        encode(writer, invocation, version);
        EXPECT_EQ(to_hex(writer.span()), hex) << version;
        const Bytes bytes = from_hex(hex);
        Reader reader(bytes);
        const auto decoded = decode_smartmodule_invocation(reader, version);
        ASSERT_TRUE(decoded.has_value());
        EXPECT_EQ(reader.remaining(), 0U);
        EXPECT_EQ(decoded->name.has_value(), version >= 25);
        EXPECT_EQ(decoded->params.lookback.has_value(), version >= 20);
    }
}

TEST(ErrorCodes, PayloadsOfTheSpecification) {
    using namespace wire;
    const std::vector<std::pair<ApiError, std::string>> cases = {
        {ApiError(ErrorTag::offset_evicted, ErrorEvicted{3, 10}),
         "00470000000000000003000000000000000a"},
        {ApiError(ErrorTag::partition_full, ReplicaKey{"hello", 0}), "0048000568656c6c6f00000000"},
        {ApiError::other("x"), "0002000178"},
        {ApiError(ErrorTag::smartmodule_invalid, ErrorTextAndName{"bad", std::nullopt}),
         "1772000362616400"},
        {ApiError(ErrorTag::smartmodule_runtime_error,
                  ErrorRuntime{"h", 1, 0, std::nullopt, {'v'}}),
         "177400016800000000000000010000 0276"},
        {ApiError(ErrorTag::system_spec_deletion_attempt, ErrorTwoTexts{"a", "b"}),
         "2ee1000161000162"},
        {ApiError(ErrorTag::smartmodule_memory_limit_exceeded, ErrorMemory{1, 2}),
         "177800000000000000010000000000000002"},
        {ApiError(), "0000"},
        {ApiError(ErrorTag::unknown_server_error), "ffff"},
    };
    for (const auto& [error, hex] : cases) {
        const Bytes bytes = from_hex(hex);
        Writer writer;
        encode(writer, error);
        EXPECT_EQ(to_hex(writer.span()), to_hex(bytes)) << to_string(error);
        Reader reader(bytes);
        const auto decoded = decode_error(reader);
        ASSERT_TRUE(decoded.has_value());
        EXPECT_EQ(*decoded, error);
        EXPECT_EQ(reader.remaining(), 0U);
    }
}

TEST(ErrorCodes, OnlyTheTableDecodes) {
    int known = 0;
    for (int number = -32'768; number <= 32'767; ++number) {
        Writer writer;
        writer.write_i16(static_cast<std::int16_t>(number));
        // Enough zeros for any payload.
        writer.write_bytes(Bytes(64, 0));
        Reader reader(writer.span());
        const bool in_table = wire::error_tag_from(static_cast<std::int16_t>(number)).has_value();
        EXPECT_EQ(wire::decode_error(reader).has_value(), in_table) << number;
        known += in_table ? 1 : 0;
    }
    EXPECT_EQ(known, 64);
}

TEST(ErrorCodes, LongTextIsCutAtACharacter) {
    std::string text(wire::kStringSizeMax - 1, 'x');
    text += "\xc3\xa9\xc3\xa9";
    const auto error = wire::ApiError::other(text);
    Writer writer;
    encode(writer, error);
    Reader reader(writer.span());
    const auto decoded = wire::decode_error(reader);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(std::get<wire::ErrorText>(decoded->payload).text,
              std::string(wire::kStringSizeMax - 1, 'x'));
}

TEST(VersionChoice, AsTheReferenceChooses) {
    EXPECT_EQ(wire::choose_version({0, 5, 10}, {0, 6, 9}), std::optional<Version>(9));
    EXPECT_EQ(wire::choose_version({0, 5, 10}, {0, 2, 3}), std::nullopt);
    // A client of 0.17 (24) sends FetchOffsets in its own version: no overlap with 25..25.
    EXPECT_EQ(wire::choose_version(wire::kSpuAdvertised[2], {1002, 22, 24}), std::nullopt);
    EXPECT_EQ(wire::choose_version(wire::kSpuAdvertised[3],
                                   wire::spu_client_range(wire::SpuApi::stream_fetch)),
              std::optional<Version>(25));
}

}  // namespace
}  // namespace weir
