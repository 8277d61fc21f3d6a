#include "runtime/sim/check/segment_path.h"

#include "core/log/format.h"

namespace weir::sim {

std::optional<SegmentPath> parse_segment_path(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto base = log::parse_file_name(path.substr(slash + 1), log::kSegmentSuffix);
    if (!base.has_value()) {
        return std::nullopt;
    }
    return SegmentPath{path.substr(0, slash), base->value()};
}

std::string_view last_part(std::string_view dir) {
    const std::size_t slash = dir.rfind('/');
    return slash == std::string_view::npos ? dir : dir.substr(slash + 1);
}

}  // namespace weir::sim
