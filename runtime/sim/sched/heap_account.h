// Memory that the code of each machine holds: bytes of the C++ heap that it has asked for and not
// given back. Frames of coroutines from their pool are not in it, nor is what the simulator needs
// for the machine: its disk, its connections, the checks.
//
// A program that is linked with heap_hook.cc counts (weir-sim and some tests, not under a
// sanitizer); in any other all is 0. One run at a time in a process, on one thread. The figures of
// a run are the same as a first or a later one; between builds they may differ a little, so they
// are no part of a trace.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace weir::sim {

// 0: nobody; else a machine's HostId + 1. Owners above the limit are not counted.
using HeapOwner = std::uint16_t;
inline constexpr HeapOwner kHeapOwners = 256;

struct HeapAccounts {
    std::uint32_t run = 0;
    HeapOwner current = 0;
    bool counts = false;
    std::int64_t bytes[kHeapOwners] = {};
    // How often the simulator and its checks have asked the heap, since the process began.
    std::uint64_t simulator_block_count = 0;
};
extern constinit HeapAccounts g_heap;

// What is allocated while it lives belongs to `owner`. On the stack, never across a suspension.
class HeapScope {
public:
    explicit HeapScope(HeapOwner owner) : former_(std::exchange(g_heap.current, owner)) {}
    ~HeapScope() { g_heap.current = former_; }
    HeapScope(const HeapScope&) = delete;
    HeapScope& operator=(const HeapScope&) = delete;

private:
    HeapOwner former_;
};

// The simulator at work for a machine.
class OutsideHeap : public HeapScope {
public:
    OutsideHeap() : HeapScope(0) {}
};

constexpr HeapOwner heap_owner(std::uint16_t host) {
    return host + 1 < kHeapOwners ? static_cast<HeapOwner>(host + 1) : HeapOwner(0);
}
inline std::int64_t heap_bytes(std::uint16_t host) {
    return g_heap.bytes[heap_owner(host)];
}

// All machines hold nothing; blocks of former runs are nobody's from now on.
void begin_heap_run();

}  // namespace weir::sim
