// The APIs of an SPU's public port, and which versions are offered and asked for (data-plane spec
// 4).
//
// Key numbers are a separate space per kind of server: 1002 means FetchOffsets here and Delete on
// the SC. Only api_versions is the same everywhere.
#pragma once

#include "core/wire/codec.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::wire {

enum class SpuApi : std::uint16_t {
    produce = 0,
    fetch = 1,
    api_versions = 18,
    fetch_offsets = 1002,
    stream_fetch = 1003,
    update_offsets = 1005,
    update_consumer_offset = 1006,
    delete_consumer_offset = 1007,
    fetch_consumer_offsets = 1008,
    start_mirror = 2000,
};

// nullopt for a key that no SPU knows.
std::optional<SpuApi> spu_api_from_key(std::uint16_t key);
std::string_view to_string(SpuApi api);

// The common version of the data plane (COMMON_VERSION of Fluvio 0.18). Servers decode by whatever
// version a request's header says; this is the highest that has a layout of its own.
inline constexpr Version kVersionMax = 25;
inline constexpr Version kApiVersionsVersion = 2;

// One row of an ApiVersions answer.
struct ApiRange {
    std::int16_t api_key = 0;
    Version version_min = 0;
    Version version_max = 0;
    friend bool operator==(const ApiRange&, const ApiRange&) = default;
};

// What an SPU advertises, in the reference's order. The consumer-offset APIs are not listed and are
// served all the same (spec 4).
inline constexpr std::array<ApiRange, 5> kSpuAdvertised = {{
    {0, 0, 25},
    {1, 0, 25},
    {1002, 25, 25},
    {1003, 0, 25},
    {1005, 0, 0},
}};

// The versions in which a client of this generation can speak an API.
ApiRange spu_client_range(SpuApi api);

// The client's choice: the highest common version, nullopt without an overlap (the caller then uses
// its own default, as the reference does).
std::optional<Version> choose_version(const ApiRange& advertised, const ApiRange& own);

}  // namespace weir::wire
