// `weir consume TOPIC`
#pragma once

#include "apps/weir/target.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::cli {

struct ConsumeOptions {
    std::string topic;
    std::vector<std::uint32_t> partitions;
    bool all_partitions = false;
    // Stop at the end that is there now.
    bool disable_continuous = false;
    bool disable_progressbar = false;
    bool key_value = false;
    std::string format;
    bool beginning = false;
    // That many after the beginning, or before the end.
    std::optional<std::int64_t> head;
    std::optional<std::int64_t> tail;
    std::optional<std::int64_t> start;
    // RFC 3339, or back from now: -10m.
    std::optional<std::string> from_time;
    // The last offset, included.
    std::optional<std::int64_t> end;
    std::optional<std::uint32_t> max_bytes;
    std::string isolation = "ReadCommitted";
    bool suppress_unknown = false;
    std::string output = "dynamic";
    // The consumer id whose offsets are used and stored.
    std::optional<std::string> consumer;
};

int consume(const Target& target, const ConsumeOptions& options);

}  // namespace weir::cli
