// The name of one partition: topic and number, "topic-N" as text.
//
// A value; no owner, any executor. Ordered by topic, then by number (so "t-2" comes before "t-10").
// Errors: parse answers invalid_argument when the text does not end in "-<u32>".
#pragma once

#include "core/base/result.h"

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

struct ReplicaKey {
    std::string topic;
    std::uint32_t partition = 0;

    friend bool operator==(const ReplicaKey&, const ReplicaKey&) = default;
    friend std::strong_ordering operator<=>(const ReplicaKey&, const ReplicaKey&) = default;
};

// "topic-N": the key of the partition object on the wire (control-plane spec 4).
std::string to_string(const ReplicaKey& key);

// Splits at the last dash, as clients do.
Result<ReplicaKey> parse_replica_key(std::string_view text);

}  // namespace weir
