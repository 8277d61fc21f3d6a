#include "core/wire/api_versions.h"

namespace weir::wire {

namespace {

Result<ApiRange> decode_range(Reader& reader) {
    ApiRange range;
    WEIR_TRY(range.api_key, reader.read_i16());
    WEIR_TRY(range.version_min, reader.read_i16());
    WEIR_TRY(range.version_max, reader.read_i16());
    return range;
}

}  // namespace

Result<ApiVersionsRequest> decode_api_versions_request(Reader& reader, Version version) {
    ApiVersionsRequest request;
    if (version >= 1) {
        WEIR_TRY(request.client_version, reader.read_string());
        WEIR_TRY(request.client_os, reader.read_string());
        WEIR_TRY(request.client_arch, reader.read_string());
    }
    return request;
}

void encode(Writer& writer, const ApiVersionsRequest& request, Version version) {
    if (version >= 1) {
        writer.write_string(request.client_version);
        writer.write_string(request.client_os);
        writer.write_string(request.client_arch);
    }
}

Result<ApiVersionsResponse> decode_api_versions_response(Reader& reader, Version /*version*/) {
    ApiVersionsResponse response;
    WEIR_TRY(response.error, decode_error(reader));
    WEIR_TRY(response.api_keys, reader.read_vector(decode_range));
    WEIR_TRY(response.platform_version, reader.read_string());
    return response;
}

void encode(Writer& writer, const ApiVersionsResponse& response, Version /*version*/) {
    encode(writer, response.error);
    writer.write_vector(response.api_keys, [](Writer& w, const ApiRange& range) {
        w.write_i16(range.api_key);
        w.write_i16(range.version_min);
        w.write_i16(range.version_max);
    });
    writer.write_string(response.platform_version);
}

std::optional<ApiRange> find_range(const ApiVersionsResponse& response, std::uint16_t api_key) {
    for (const ApiRange& range : response.api_keys) {
        if (static_cast<std::uint16_t>(range.api_key) == api_key) {
            return range;
        }
    }
    return std::nullopt;
}

}  // namespace weir::wire
