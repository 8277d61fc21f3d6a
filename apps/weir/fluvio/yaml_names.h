// The variants without content, as Fluvio's YAML files spell them; in the order of the enums.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace weir::cli::fluvio {

inline constexpr std::string_view kFormatTag = "!1.0.0";

template <std::size_t N>
using Names = std::array<std::string_view, N>;

inline constexpr Names<6> kCompressionNames = {"None", "Gzip", "Snappy", "Lz4", "Any", "Zstd"};
inline constexpr Names<6> kTopicResolutionNames = {
    "Init", "Pending", "InsufficientResources", "InvalidConfig", "Provisioned", "Deleting"};
inline constexpr Names<5> kPartitionResolutionNames = {"Offline", "Online", "LeaderOffline",
                                                       "ElectionLeaderFound", "OutOfStorage"};
inline constexpr Names<2> kSpuTypeNames = {"Managed", "Custom"};
inline constexpr Names<3> kSpuResolutionNames = {"Online", "Offline", "Init"};
inline constexpr Names<2> kEncryptionNames = {"PLAINTEXT", "SSL"};
inline constexpr Names<2> kWasmFormatNames = {"BINARY", "TEXT"};
inline constexpr Names<2> kVisibilityNames = {"private", "public"};
inline constexpr Names<1> kDataFormatNames = {"JSON"};
inline constexpr Names<3> kAlignmentNames = {"LEFT", "RIGHT", "CENTER"};
inline constexpr Names<3> kColorNames = {"Blue", "Yellow", "Green"};
inline constexpr Names<5> kTableFormatResolutionNames = {"Init", "Invalid", "Running", "Pending",
                                                         "Failed"};
inline constexpr Names<3> kSpuGroupResolutionNames = {"Init", "Invalid", "Reserved"};
inline constexpr Names<2> kMirrorConnectionNames = {"Offline", "Online"};
// The sixth has content.
inline constexpr Names<5> kMirrorPairNames = {"Waiting", "Successful", "Failed", "Disabled",
                                              "Unauthorized"};
inline constexpr std::string_view kMirrorPairDetail = "DetailFailure";

template <typename E, std::size_t N>
std::string_view name_at(const Names<N>& names, E value) {
    return names[static_cast<std::size_t>(value)];
}

}  // namespace weir::cli::fluvio
