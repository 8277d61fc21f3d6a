// Heap allocations, counted by the operator new of a program that is linked with counting_new.cc.
#pragma once

#include <cstdint>

namespace weir::bench {

// From now on, and for as long as the thread lives.
void count_allocations_of_this_thread();

// Of all threads that are counted; any thread may ask.
std::uint64_t allocation_count();

}  // namespace weir::bench
