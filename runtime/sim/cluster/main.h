// The main coroutine of a machine, with its arguments: a value that can be started many times.
//
//     Task<Result<void>> serve(Env& env, Config config, CancelToken stop);
//     machine.boot(Main(serve, config));
//
// The function is a plain one or a lambda that captures nothing; the arguments are copied into each
// start.
#pragma once

#include "core/env/env.h"

#include <cstddef>
#include <memory>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::sim {

class Main {
public:
    using TaskType = Task<Result<void>>;

    Main() = default;
    template <typename Function, typename... Arguments>
        requires(std::is_pointer_v<Function> || std::is_empty_v<Function>)
    explicit Main(Function function, Arguments... arguments)
        : starter_(std::make_shared<Starter<Function, Arguments...>>(function,
                                                                     std::move(arguments)...)) {}

    bool valid() const { return starter_ != nullptr; }
    WEIR_CORO_WRAPPER TaskType start(Env& env, CancelToken stop) const {
        return starter_->start(env, stop);
    }

private:
    struct Base {
        virtual ~Base() = default;
        WEIR_CORO_WRAPPER virtual TaskType start(Env& env, CancelToken stop) const = 0;
    };
    template <typename Function, typename... Arguments>
    struct Starter final : Base {
        explicit Starter(Function function_in, Arguments... arguments_in)
            : function(function_in), arguments(std::move(arguments_in)...) {}
        WEIR_CORO_WRAPPER TaskType start(Env& env, CancelToken stop) const override {
            return call(env, stop, std::index_sequence_for<Arguments...>());
        }
        template <std::size_t... I>
        WEIR_CORO_WRAPPER TaskType call(Env& env, CancelToken stop,
                                        std::index_sequence<I...>) const {
            return function(env, std::get<I>(arguments)..., stop);
        }
        Function function;
        std::tuple<Arguments...> arguments;
    };
    std::shared_ptr<const Base> starter_;
};

}  // namespace weir::sim
