// operator new of a program that counts for HeapAccounts. Part of programs, not of a library.
#include "runtime/sim/sched/heap_account.h"

#include <cstdlib>
#include <new>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WEIR_HEAP_HOOK 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define WEIR_HEAP_HOOK 0
#endif
#endif
#ifndef WEIR_HEAP_HOOK
#define WEIR_HEAP_HOOK 1
#endif

#if WEIR_HEAP_HOOK

namespace {

using weir::sim::g_heap;

// Before each block.
struct alignas(__STDCPP_DEFAULT_NEW_ALIGNMENT__) Head {
    std::uint64_t size;
    std::uint32_t run;
    weir::sim::HeapOwner owner;
};

[[maybe_unused]] const bool g_counts = g_heap.counts = true;

void give_back(void* memory) noexcept {
    if (memory == nullptr) {
        return;
    }
    auto* head = static_cast<Head*>(memory) - 1;
    if (head->owner != 0 && head->run == g_heap.run) {
        g_heap.bytes[head->owner] -= static_cast<std::int64_t>(head->size);
    }
    std::free(head);
}

}  // namespace

void* operator new(std::size_t size) {
    auto* head = static_cast<Head*>(std::malloc(sizeof(Head) + size));
    if (head == nullptr) {
        throw std::bad_alloc();
    }
    head->size = size;
    head->run = g_heap.run;
    head->owner = g_heap.current;
    if (head->owner != 0) {
        g_heap.bytes[head->owner] += static_cast<std::int64_t>(size);
    } else {
        ++g_heap.simulator_block_count;
    }
    return head + 1;
}
void operator delete(void* memory) noexcept {
    give_back(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    give_back(memory);
}

#endif
