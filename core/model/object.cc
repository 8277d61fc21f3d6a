#include "core/model/object.h"

#include <array>
#include <utility>

namespace weir {

namespace {

constexpr std::array<std::pair<ObjectKind, std::string_view>, 8> kLabels = {{
    {ObjectKind::topic, "Topic"},
    {ObjectKind::spu, "SPU"},
    {ObjectKind::custom_spu, "CustomSpu"},
    {ObjectKind::smartmodule, "SmartModule"},
    {ObjectKind::partition, "Partition"},
    {ObjectKind::spu_group, "SpuGroup"},
    {ObjectKind::table_format, "TableFormat"},
    {ObjectKind::mirror, "Mirror"},
}};

}  // namespace

std::string_view label(ObjectKind kind) {
    for (const auto& [candidate, text] : kLabels) {
        if (candidate == kind) {
            return text;
        }
    }
    return "";
}

std::optional<ObjectKind> parse_object_kind(std::string_view text) {
    for (const auto& [kind, candidate] : kLabels) {
        if (candidate == text) {
            return kind;
        }
    }
    return std::nullopt;
}

}  // namespace weir
