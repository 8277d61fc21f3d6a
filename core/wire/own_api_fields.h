// The layouts of our own requests, each once for both directions. Private to core/wire; see
// archive.h for how they are read.
#pragma once

#include "core/wire/object_fields.h"
#include "core/wire/own_api.h"

namespace weir::wire::detail {

template <>
inline constexpr std::uint8_t kEnumCount<OperatorVerb> = 6;

template <typename A>
void fields(A& a, FieldsOf<A, Operate>& v) {
    a(v.verb, v.key, v.spus, v.force);
}

template <typename A>
void fields(A& a, FieldsOf<A, Operated>& v) {
    a(v.accepted, v.message, v.details);
}

}  // namespace weir::wire::detail
