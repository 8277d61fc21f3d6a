// One table of the data-plane messages for the tests: how each is decoded and encoded by api key,
// so that golden vectors, captures, prefixes and properties all go the same way.
#pragma once

#include "core/wire/api_versions.h"
#include "core/wire/consumer_offsets.h"
#include "core/wire/fetch.h"
#include "core/wire/fetch_offsets.h"
#include "core/wire/header.h"
#include "core/wire/produce.h"
#include "core/wire/stream_fetch.h"
#include "core/wire/update_offsets.h"

#include <functional>
#include <optional>
#include <string>

namespace weir::test {

struct Transcoded {
    // What was encoded again from the decoded value.
    Bytes bytes;
    // Bytes that the decoder did not read.
    std::size_t left_over = 0;
};

using Transcode = std::function<Result<Transcoded>(wire::Reader&, const BufferSlice&)>;

// The codec of one message at one version: decode from the reader (over the slice), encode again.
template <typename Decode>
Result<Transcoded> transcode(wire::Reader& reader, Decode decode, wire::Version version) {
    WEIR_TRY(const auto value, decode(reader));
    wire::Writer writer;
    encode(writer, value, version);
    Transcoded result;
    result.left_over = reader.remaining();
    result.bytes = std::move(writer).take();
    return result;
}

inline Result<Transcoded> transcode_request_body(wire::SpuApi api, wire::Version version,
                                                 wire::Reader& reader, const BufferSlice& frame) {
    using namespace wire;
    switch (api) {
        case SpuApi::api_versions:
            return transcode(
                reader, [=](Reader& r) { return decode_api_versions_request(r, version); },
                version);
        case SpuApi::produce:
            return transcode(
                reader, [&](Reader& r) { return decode_produce_request(r, frame, version); },
                version);
        case SpuApi::fetch:
            return transcode(
                reader, [=](Reader& r) { return decode_fetch_request(r, version); }, version);
        case SpuApi::fetch_offsets:
            return transcode(
                reader, [=](Reader& r) { return decode_fetch_offsets_request(r, version); },
                version);
        case SpuApi::stream_fetch:
            return transcode(
                reader, [=](Reader& r) { return decode_stream_fetch_request(r, version); },
                version);
        case SpuApi::update_offsets:
            return transcode(
                reader, [=](Reader& r) { return decode_update_offsets_request(r, version); },
                version);
        case SpuApi::update_consumer_offset:
            return transcode(
                reader,
                [=](Reader& r) { return decode_update_consumer_offset_request(r, version); },
                version);
        case SpuApi::delete_consumer_offset:
            return transcode(
                reader,
                [=](Reader& r) { return decode_delete_consumer_offset_request(r, version); },
                version);
        case SpuApi::fetch_consumer_offsets:
            return transcode(
                reader,
                [=](Reader& r) { return decode_fetch_consumer_offsets_request(r, version); },
                version);
        case SpuApi::start_mirror: break;
    }
    return fail(ErrorCode::not_supported, "no codec");
}

inline Result<Transcoded> transcode_response_body(wire::SpuApi api, wire::Version version,
                                                  wire::Reader& reader, const BufferSlice& frame) {
    using namespace wire;
    switch (api) {
        case SpuApi::api_versions:
            return transcode(
                reader, [=](Reader& r) { return decode_api_versions_response(r, version); },
                version);
        case SpuApi::produce:
            return transcode(
                reader, [=](Reader& r) { return decode_produce_response(r, version); }, version);
        case SpuApi::fetch:
            return transcode(
                reader, [&](Reader& r) { return decode_fetch_response(r, frame, version); },
                version);
        case SpuApi::fetch_offsets:
            return transcode(
                reader, [=](Reader& r) { return decode_fetch_offsets_response(r, version); },
                version);
        case SpuApi::stream_fetch:
            return transcode(
                reader, [&](Reader& r) { return decode_stream_fetch_response(r, frame, version); },
                version);
        case SpuApi::update_offsets:
            return transcode(
                reader, [=](Reader& r) { return decode_update_offsets_response(r, version); },
                version);
        case SpuApi::update_consumer_offset:
            return transcode(
                reader,
                [=](Reader& r) { return decode_update_consumer_offset_response(r, version); },
                version);
        case SpuApi::delete_consumer_offset:
            return transcode(
                reader,
                [=](Reader& r) { return decode_delete_consumer_offset_response(r, version); },
                version);
        case SpuApi::fetch_consumer_offsets:
            return transcode(
                reader,
                [=](Reader& r) { return decode_fetch_consumer_offsets_response(r, version); },
                version);
        case SpuApi::start_mirror: break;
    }
    return fail(ErrorCode::not_supported, "no codec");
}

}  // namespace weir::test
