// A function as something that an executor can resume, again and again.
//
// Post `handle()` as often as the function is to be called. Not resumed after its destruction: it
// outlives the loop's run.
#pragma once

#include <coroutine>
#include <exception>

namespace weir::record {

class PostedCall {
public:
    using Function = void (*)(void* context);

    PostedCall(Function function, void* context) : frame_(run(function, context)) {}
    ~PostedCall() { frame_.handle.destroy(); }
    PostedCall(const PostedCall&) = delete;
    PostedCall& operator=(const PostedCall&) = delete;

    std::coroutine_handle<> handle() const { return frame_.handle; }

private:
    struct Frame {
        struct promise_type {
            Frame get_return_object() {
                return Frame{std::coroutine_handle<promise_type>::from_promise(*this)};
            }
            std::suspend_always initial_suspend() const noexcept { return {}; }
            std::suspend_always final_suspend() const noexcept { return {}; }
            void return_void() const noexcept {}
            [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
        };
        std::coroutine_handle<promise_type> handle;
    };
    static Frame run(Function function, void* context) {
        while (true) {
            function(context);
            co_await std::suspend_always();
        }
    }

    Frame frame_;
};

}  // namespace weir::record
