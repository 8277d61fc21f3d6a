// Vectors of messages that usually have one element: the topics of a request, the partitions of a
// topic. On the wire they are vectors like any other (core/wire/codec.h); here the one lies inside
// the message, so that reading and answering it allocates nothing.
#pragma once

#include "core/base/small_vector.h"
#include "core/wire/codec.h"

#include <type_traits>

namespace weir::wire {

template <typename T>
using UsuallyOne = SmallVector<T, 1>;

// Count, then f(reader) -> Result<T> for each. Errors: malformed, and those of `f`.
template <typename F>
auto read_usually_one(Reader& reader, F f)
    -> Result<UsuallyOne<typename std::invoke_result_t<F, Reader&>::value_type>> {
    return reader.read_items<UsuallyOne<typename std::invoke_result_t<F, Reader&>::value_type>>(f);
}

}  // namespace weir::wire
