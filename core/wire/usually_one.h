// Vectors of messages that usually have one element: the topics of a request, the partitions of a
// topic. On the wire they are vectors like any other (core/wire/codec.h); here the one lies inside
// the message, so that reading and answering it allocates nothing.
#pragma once

#include "core/base/small_vector.h"
#include "core/wire/codec.h"

#include <type_traits>
#include <utility>

namespace weir::wire {

template <typename T>
using UsuallyOne = SmallVector<T, 1>;

// Count, then f(reader) -> Result<T> for each. Errors: malformed, and those of `f`.
template <typename F>
auto read_usually_one(Reader& reader, F f)
    -> Result<UsuallyOne<typename std::invoke_result_t<F, Reader&>::value_type>> {
    using T = typename std::invoke_result_t<F, Reader&>::value_type;
    WEIR_TRY(const std::size_t count, reader.read_count());
    UsuallyOne<T> items;
    for (std::size_t i = 0; i < count; ++i) {
        WEIR_TRY(T item, f(reader));
        items.push_back(std::move(item));
    }
    return items;
}

// Count, then f(writer, item) for each.
template <typename T, typename F>
void write_usually_one(Writer& writer, const UsuallyOne<T>& items, F f) {
    writer.write_count(items.size());
    for (const T& item : items) {
        f(writer, item);
    }
}

}  // namespace weir::wire
