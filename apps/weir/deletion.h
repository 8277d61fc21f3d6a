// `weir topic delete-records` and `weir topic purge`: records are deleted, and their offsets are
// not given out again. Only an SC of Weir knows how.
#pragma once

#include "apps/weir/target.h"

#include <cstdint>
#include <optional>
#include <string>

namespace weir::cli {

struct TopicDeleteRecordsOptions {
    std::string name;
    // Else all of them.
    std::optional<std::uint32_t> partition;
    // Records below this one go; nothing: all that are committed now.
    std::optional<std::int64_t> before;
};

// Returns when the leaders' logs begin where they shall.
int topic_delete_records(const Target& target, const TopicDeleteRecordsOptions& options);

}  // namespace weir::cli
