// Memory of coroutine frames: per-thread free lists by size class, so that a request in steady
// state allocates nothing. Under AddressSanitizer the pool is bypassed, so that a use of a dead
// frame is found.
#pragma once

#include <cstddef>

namespace weir::detail {

void* allocate_frame(std::size_t size);
void free_frame(void* frame, std::size_t size) noexcept;

}  // namespace weir::detail
