// One way for all control-plane tests to decode a message and encode it again, by api key.
#pragma once

#include "core/wire/api_versions.h"
#include "core/wire/control_plane.h"
#include "core/wire/header.h"

#include <string>

namespace weir::test {

struct ControlTranscoded {
    Bytes bytes;
    std::size_t left_over = 0;
};

template <typename T>
Result<ControlTranscoded> control_transcode(wire::Reader& reader, wire::Version version,
                                            Result<T> (*decode)(wire::Reader&, wire::Version)) {
    WEIR_TRY(const T value, decode(reader, version));
    wire::Writer writer;
    encode(writer, value, version);
    ControlTranscoded result;
    result.left_over = reader.remaining();
    result.bytes = std::move(writer).take();
    return result;
}

// The body of a request.
inline Result<ControlTranscoded> transcode_sc_request(std::uint16_t key, wire::Version version,
                                                      wire::Reader& reader) {
    using namespace wire;
    const auto api = sc_api_from_key(key);
    if (!api.has_value()) {
        return fail(ErrorCode::malformed, "unknown key " + std::to_string(key));
    }
    switch (*api) {
        case ScApi::api_versions:
            return control_transcode(reader, version, &decode_api_versions_request);
        case ScApi::create: return control_transcode(reader, version, &decode_create_request);
        case ScApi::remove: return control_transcode(reader, version, &decode_delete_request);
        case ScApi::list: return control_transcode(reader, version, &decode_list_request);
        case ScApi::watch: return control_transcode(reader, version, &decode_watch_request);
        case ScApi::mirroring: return control_transcode(reader, version, &decode_mirroring_request);
        case ScApi::update: return control_transcode(reader, version, &decode_update_request);
    }
    return fail(ErrorCode::malformed, "unknown api");
}

// The body of a response to a request with that key and version.
inline Result<ControlTranscoded> transcode_sc_response(std::uint16_t key, wire::Version version,
                                                       wire::Reader& reader) {
    using namespace wire;
    const auto api = sc_api_from_key(key);
    if (!api.has_value()) {
        return fail(ErrorCode::malformed, "unknown key " + std::to_string(key));
    }
    switch (*api) {
        case ScApi::api_versions:
            return control_transcode(reader, version, &decode_api_versions_response);
        case ScApi::create:
        case ScApi::remove:
        case ScApi::update: return control_transcode(reader, version, &decode_status);
        case ScApi::list: return control_transcode(reader, version, &decode_list_response);
        case ScApi::watch: return control_transcode(reader, version, &decode_watch_response);
        case ScApi::mirroring:
            return control_transcode(reader, version, &decode_mirroring_response);
    }
    return fail(ErrorCode::malformed, "unknown api");
}

}  // namespace weir::test
