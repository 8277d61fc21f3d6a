// The kinds of metadata objects, and the shape that all of them share: name, spec, status.
//
// Values; no owner, any executor. A spec says what is wanted, a status what is. Each spec type
// names its status type (`Spec::Status`) and its kind (`Spec::kKind`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

enum class ObjectKind : std::uint8_t {
    topic,
    spu,
    // The view of an SPU that a user registered by hand; stored as an SPU.
    custom_spu,
    smartmodule,
    partition,
    spu_group,
    table_format,
    mirror,
};

// The label on the wire, such as "Topic" or "CustomSpu".
std::string_view label(ObjectKind kind);
std::optional<ObjectKind> parse_object_kind(std::string_view label);

template <typename SpecType>
struct Object {
    using Spec = SpecType;
    using Status = typename SpecType::Status;

    std::string name;
    Spec spec;
    Status status;

    friend bool operator==(const Object&, const Object&) = default;
};

}  // namespace weir
