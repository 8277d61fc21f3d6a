#include "core/task/frame_pool.h"

#include <array>
#include <cstdlib>
#include <new>

namespace weir::detail {

#if defined(__SANITIZE_ADDRESS__)
#define WEIR_FRAME_POOL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WEIR_FRAME_POOL 0
#endif
#endif
#ifndef WEIR_FRAME_POOL
#define WEIR_FRAME_POOL 1
#endif

#if WEIR_FRAME_POOL

namespace {

constexpr std::size_t kStep = 64;
constexpr std::size_t kClasses = 128;  // frames below 8 KiB are pooled

struct FreeFrame {
    FreeFrame* next;
};

// Addresses only: the pool can change no order and no value. Without a destructor, so that no use
// of it has to look whether it is built.
constinit thread_local std::array<FreeFrame*, kClasses> t_heads{};

struct Emptier {
    Emptier() = default;
    Emptier(const Emptier&) = delete;
    Emptier& operator=(const Emptier&) = delete;
    ~Emptier() {
        for (FreeFrame*& head : t_heads) {
            while (head != nullptr) {
                FreeFrame* next = head->next;
                std::free(head);
                head = next;
            }
        }
    }
};

// Empties the pool at the end of a thread that has taken memory for it.
void* allocate_new(std::size_t size) {
    thread_local const Emptier t_emptier;
    static_cast<void>(t_emptier);
    // Not operator new: what the pool keeps belongs to nobody who counts what he allocates.
    void* memory = std::malloc(size);
    if (memory == nullptr) {
        throw std::bad_alloc();
    }
    return memory;
}

}  // namespace

void* allocate_frame(std::size_t size) {
    const std::size_t index = (size + kStep - 1) / kStep;
    if (index >= kClasses) {
        return ::operator new(size);
    }
    FreeFrame*& head = t_heads[index];
    if (head == nullptr) {
        return allocate_new(index * kStep);
    }
    FreeFrame* frame = head;
    head = frame->next;
    return frame;
}

void free_frame(void* frame, std::size_t size) noexcept {
    const std::size_t index = (size + kStep - 1) / kStep;
    if (index >= kClasses) {
        ::operator delete(frame);
        return;
    }
    auto* free = static_cast<FreeFrame*>(frame);
    free->next = t_heads[index];
    t_heads[index] = free;
}

#else

void* allocate_frame(std::size_t size) {
    return ::operator new(size);
}
void free_frame(void* frame, std::size_t) noexcept {
    ::operator delete(frame);
}

#endif

}  // namespace weir::detail
