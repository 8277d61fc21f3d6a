#include "core/task/frame_pool.h"

#include <array>
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
constexpr std::size_t kClasses = 64;  // frames up to 4 KiB are pooled

struct FreeFrame {
    FreeFrame* next;
};

struct Pool {
    std::array<FreeFrame*, kClasses> heads{};
    ~Pool() {
        for (FreeFrame* head : heads) {
            while (head != nullptr) {
                FreeFrame* next = head->next;
                ::operator delete(head);
                head = next;
            }
        }
    }
};

// Addresses only: the pool can change no order and no value.
thread_local Pool t_pool;

}  // namespace

void* allocate_frame(std::size_t size) {
    const std::size_t index = (size + kStep - 1) / kStep;
    if (index >= kClasses) {
        return ::operator new(size);
    }
    FreeFrame*& head = t_pool.heads[index];
    if (head == nullptr) {
        return ::operator new(index * kStep);
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
    free->next = t_pool.heads[index];
    t_pool.heads[index] = free;
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
