// ApiVersions (18), the first request on every connection of every server (data-plane spec 4.1).
#pragma once

#include "core/wire/api_key.h"
#include "core/wire/codec.h"
#include "core/wire/error_code.h"

#include <string>
#include <vector>

namespace weir::wire {

struct ApiVersionsRequest {
    // All three since version 1.
    std::string client_version;
    std::string client_os;
    std::string client_arch;
    friend bool operator==(const ApiVersionsRequest&, const ApiVersionsRequest&) = default;
};

struct ApiVersionsResponse {
    ApiError error;
    std::vector<ApiRange> api_keys;
    // A semantic version; clients refuse to connect otherwise.
    std::string platform_version;
    friend bool operator==(const ApiVersionsResponse&, const ApiVersionsResponse&) = default;
};

Result<ApiVersionsRequest> decode_api_versions_request(Reader& reader, Version version);
void encode(Writer& writer, const ApiVersionsRequest& request, Version version);
Result<ApiVersionsResponse> decode_api_versions_response(Reader& reader, Version version);
void encode(Writer& writer, const ApiVersionsResponse& response, Version version);

// The row of `api_key`, if it is listed.
std::optional<ApiRange> find_range(const ApiVersionsResponse& response, std::uint16_t api_key);

}  // namespace weir::wire
