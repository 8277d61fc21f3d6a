// Every recorded frame of an SPU connection: decodes without a byte left, encodes to the same
// bytes, and its batches carry the checksums that we compute.
#include "core/model/batch.h"
#include "tests/support/capture.h"
#include "tests/support/data_plane_codec.h"

#include <gtest/gtest.h>

#include <map>

namespace weir {
namespace {

using test::to_hex;
using wire::Reader;

struct Counts {
    int frames = 0;
    int batches = 0;
    std::map<std::pair<std::uint16_t, wire::Version>, int> requests;
    std::map<std::pair<std::uint16_t, wire::Version>, int> responses;
};

void check_batches(const BufferSlice& records, const std::string& where, Counts& counts) {
    BatchWalker walker(records.span(), BatchWalker::Check::header_and_crc);
    while (const auto batch = walker.next()) {
        ++counts.batches;
    }
    // The reference cuts slices by bytes; ours never does.
    EXPECT_TRUE(walker.end() == BatchWalker::End::clean || walker.end() == BatchWalker::End::torn)
        << where << ": " << to_string(walker.fault());
}

void check_connection(const test::Capture& capture, Counts& counts) {
    // Correlation id to what was asked with it.
    std::map<CorrelationId, wire::RequestHeader> asked;
    for (const test::CapturedFrame& frame : capture.frames) {
        const BufferSlice slice(Buffer::copy_of(frame.payload));
        Reader head(slice.span());
        wire::RequestHeader header;
        if (frame.from_client) {
            const auto decoded = wire::decode_request_header(head);
            ASSERT_TRUE(decoded.has_value()) << frame.where;
            header = *decoded;
            asked[header.correlation_id] = header;
        } else {
            const auto id = wire::decode_response_header(head);
            ASSERT_TRUE(id.has_value()) << frame.where;
            ASSERT_EQ(asked.count(*id), 1U) << frame.where;
            header = asked[*id];
        }
        const auto api = wire::spu_api_from_key(header.api_key);
        ASSERT_TRUE(api.has_value()) << frame.where;
        const BufferSlice body = slice.sub(head.position(), head.remaining());
        Reader reader(body.span());
        const auto result =
            frame.from_client
                ? test::transcode_request_body(*api, header.api_version, reader, body)
                : test::transcode_response_body(*api, header.api_version, reader, body);
        ASSERT_TRUE(result.has_value()) << frame.where << ": " << to_string(result.error());
        EXPECT_EQ(result->left_over, 0U) << frame.where;
        EXPECT_EQ(to_hex(result->bytes), to_hex(body.span())) << frame.where;
        ++counts.frames;
        ++(frame.from_client ? counts.requests
                             : counts.responses)[{header.api_key, header.api_version}];
        if (*api == wire::SpuApi::produce && frame.from_client) {
            Reader again(body.span());
            const auto request = wire::decode_produce_request(again, body, header.api_version);
            for (const auto& topic : request->topics) {
                for (const auto& partition : topic.partitions) {
                    check_batches(partition.records, frame.where, counts);
                }
            }
        }
        if (*api == wire::SpuApi::stream_fetch && !frame.from_client) {
            Reader again(body.span());
            const auto response =
                wire::decode_stream_fetch_response(again, body, header.api_version);
            check_batches(response->partition.records, frame.where, counts);
        }
    }
}

TEST(DataPlaneCaptures, EveryFrameRoundTrips) {
    Counts counts;
    for (const test::Capture& capture : test::load_captures("spu")) {
        check_connection(capture, counts);
    }
    EXPECT_GT(counts.frames, 300);
    EXPECT_GT(counts.batches, 100);
    // Every API at every version that a client was recorded with.
    for (const auto& [key, version] :
         std::vector<std::pair<std::uint16_t, wire::Version>>{{18, 2},
                                                              {0, 25},
                                                              {0, 24},
                                                              {0, 23},
                                                              {1002, 25},
                                                              {1002, 24},
                                                              {1002, 23},
                                                              {1003, 25},
                                                              {1003, 24},
                                                              {1003, 23},
                                                              {1005, 0},
                                                              {1006, 25},
                                                              {1006, 24},
                                                              {1007, 25},
                                                              {1008, 25},
                                                              {1008, 24}}) {
        EXPECT_GT((counts.requests[{key, version}]), 0) << key << " version " << version;
        EXPECT_GT((counts.responses[{key, version}]), 0) << key << " version " << version;
    }
    RecordProperty("frames", counts.frames);
    RecordProperty("batches", counts.batches);
}

}  // namespace
}  // namespace weir
