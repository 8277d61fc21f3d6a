// Which files of a disk are segments of logs, and where in the log they begin.
//
// Pure. By the names alone, as the production code writes them (core/log/format.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::sim {

struct SegmentPath {
    // The folder of the log, with all that is above it.
    std::string_view dir;
    std::int64_t base = 0;
};

// Nothing: it is not a segment of a log in a folder. The answer points into `path`.
std::optional<SegmentPath> parse_segment_path(std::string_view path);

// The last part of the path of a folder.
std::string_view last_part(std::string_view dir);

}  // namespace weir::sim
