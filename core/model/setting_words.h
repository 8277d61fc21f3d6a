// The words for settings of replication, as flags, files and people spell them.
//
// Values; any executor.
#pragma once

#include "core/model/durability.h"
#include "core/model/partition_record.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

template <typename T>
using Word = std::pair<std::string_view, T>;

inline constexpr std::array<Word<Durability>, 3> kDurabilityWords{{
    {"fsync", Durability::fsync},
    {"bounded", Durability::bounded},
    {"async", Durability::async},
}};
inline constexpr std::array<Word<UncleanPolicy>, 3> kUncleanPolicyWords{{
    {"never", UncleanPolicy::never},
    {"balanced", UncleanPolicy::balanced},
    {"availability", UncleanPolicy::availability},
}};
inline constexpr std::array<Word<AckFloor>, 2> kAckFloorWords{{
    {"none", AckFloor::none},
    {"committed", AckFloor::committed},
}};

// nullopt: it is none of the words.
template <typename T, std::size_t kCount>
std::optional<T> value_of(std::string_view text, const std::array<Word<T>, kCount>& words) {
    for (const auto& [word, value] : words) {
        if (word == text) {
            return value;
        }
    }
    return std::nullopt;
}

// For a person: "fsync, bounded, async".
template <typename T, std::size_t kCount>
std::string list_of(const std::array<Word<T>, kCount>& words) {
    std::string list;
    for (const auto& [word, value] : words) {
        list += list.empty() ? "" : ", ";
        list += word;
    }
    return list;
}

}  // namespace weir
