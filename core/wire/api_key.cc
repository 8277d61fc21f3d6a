#include "core/wire/api_key.h"

#include <algorithm>

namespace weir::wire {

std::optional<SpuApi> spu_api_from_key(std::uint16_t key) {
    switch (static_cast<SpuApi>(key)) {
        case SpuApi::produce:
        case SpuApi::fetch:
        case SpuApi::api_versions:
        case SpuApi::fetch_offsets:
        case SpuApi::stream_fetch:
        case SpuApi::update_offsets:
        case SpuApi::update_consumer_offset:
        case SpuApi::delete_consumer_offset:
        case SpuApi::fetch_consumer_offsets:
        case SpuApi::start_mirror: return static_cast<SpuApi>(key);
    }
    return std::nullopt;
}

std::string_view to_string(SpuApi api) {
    switch (api) {
        case SpuApi::produce: return "Produce";
        case SpuApi::fetch: return "Fetch";
        case SpuApi::api_versions: return "ApiVersions";
        case SpuApi::fetch_offsets: return "FetchOffsets";
        case SpuApi::stream_fetch: return "StreamFetch";
        case SpuApi::update_offsets: return "UpdateOffsets";
        case SpuApi::update_consumer_offset: return "UpdateConsumerOffset";
        case SpuApi::delete_consumer_offset: return "DeleteConsumerOffset";
        case SpuApi::fetch_consumer_offsets: return "FetchConsumerOffsets";
        case SpuApi::start_mirror: return "StartMirror";
    }
    return "unknown";
}

ApiRange spu_client_range(SpuApi api) {
    const auto key = static_cast<std::int16_t>(api);
    switch (api) {
        case SpuApi::produce:
        case SpuApi::fetch: return {key, 0, kVersionMax};
        case SpuApi::api_versions: return {key, 0, kApiVersionsVersion};
        case SpuApi::update_offsets: return {key, 0, 0};
        case SpuApi::fetch_offsets:
        case SpuApi::stream_fetch:
        case SpuApi::update_consumer_offset:
        case SpuApi::delete_consumer_offset:
        case SpuApi::fetch_consumer_offsets:
        case SpuApi::start_mirror: return {key, 23, kVersionMax};
    }
    return {key, 0, 0};
}

std::optional<Version> choose_version(const ApiRange& advertised, const ApiRange& own) {
    if (advertised.version_max < own.version_min || advertised.version_min > own.version_max) {
        return std::nullopt;
    }
    return std::min(advertised.version_max, own.version_max);
}

}  // namespace weir::wire
