// `Task<T>`: a lazy coroutine with one awaiter.
//
// Starts when awaited, resumes its awaiter by symmetric transfer, and its frame is freed by the
// Task object that owns it: there is no detach. Await it, or hand it to a `TaskScope`. Destroying
// a Task that is suspended destroys its frame and everything in it; only do so when no seam
// operation inside is in flight (cancel and await first), except on a simulated crash.
//
// The shape follows Baker's "C++ coroutines: understanding symmetric transfer" (2020).
#pragma once

#include "core/base/assert.h"
#include "core/task/frame_pool.h"

#include <coroutine>
#include <exception>
#include <new>
#include <optional>
#include <type_traits>
#include <utility>

// WEIR_CORO_WRAPPER marks a function that returns a Task without being a coroutine itself.
#if defined(__clang__)
#define WEIR_CORO_ATTRIBUTES [[clang::coro_return_type, clang::coro_lifetimebound]]
#define WEIR_CORO_WRAPPER [[clang::coro_wrapper]]
#else
#define WEIR_CORO_ATTRIBUTES
#define WEIR_CORO_WRAPPER
#endif

namespace weir {

template <typename T = void>
class Task;

namespace detail {

struct PromiseBase {
    std::coroutine_handle<> continuation;

    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

    struct FinalAwaiter {
        bool await_ready() const noexcept { return false; }
        template <typename P>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<P> handle) const noexcept {
            return handle.promise().continuation;
        }
        void await_resume() const noexcept {}
    };

    std::suspend_always initial_suspend() const noexcept { return {}; }
    FinalAwaiter final_suspend() const noexcept { return {}; }
    // Core throws nothing; what gets here (out of memory, a broken invariant of the standard
    // library) cannot be handled.
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
};

template <typename T>
struct Promise : PromiseBase {
    std::optional<T> value;
    WEIR_CORO_WRAPPER Task<T> get_return_object();
    template <typename U>
    void return_value(U&& result) {
        value.emplace(std::forward<U>(result));
    }
};

template <>
struct Promise<void> : PromiseBase {
    WEIR_CORO_WRAPPER Task<void> get_return_object();
    void return_void() const noexcept {}
};

}  // namespace detail

template <typename T>
class [[nodiscard]] WEIR_CORO_ATTRIBUTES Task {
public:
    using promise_type = detail::Promise<T>;
    using Handle = std::coroutine_handle<promise_type>;

    Task() = default;
    Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Task& operator=(Task&& other) noexcept {
        if (this != &other) {
            reset();
            handle_ = std::exchange(other.handle_, nullptr);
        }
        return *this;
    }
    ~Task() { reset(); }

    bool valid() const { return handle_ != nullptr; }

    struct Awaiter {
        Handle handle;
        explicit Awaiter(Handle h) : handle(h) {}
        bool await_ready() const noexcept { return false; }
        std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
            handle.promise().continuation = awaiting;
            return handle;
        }
        T await_resume() const {
            if constexpr (!std::is_void_v<T>) {
                return *std::move(handle.promise().value);
            }
        }
    };
    Awaiter operator co_await() const& noexcept = delete;
    Awaiter operator co_await() && noexcept {
        WEIR_ASSERT(handle_ != nullptr);
        return Awaiter(handle_);
    }

private:
    friend promise_type;
    explicit Task(Handle handle) : handle_(handle) {}
    void reset() {
        if (handle_ != nullptr) {
            std::exchange(handle_, nullptr).destroy();
        }
    }
    Handle handle_ = nullptr;
};

namespace detail {

template <typename T>
Task<T> Promise<T>::get_return_object() {
    return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}

inline Task<void> Promise<void>::get_return_object() {
    return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}

}  // namespace detail

}  // namespace weir
