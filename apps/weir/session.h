// A command's connection to its cluster: resolves the target, connects, runs one coroutine, turns
// its error into a line on standard error and an exit status.
#pragma once

#include "apps/weir/output.h"
#include "apps/weir/target.h"
#include "core/client/client.h"
#include "core/task/task.h"
#include "core/wire/control_plane.h"
#include "runtime/real/real_env.h"

#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::cli {

struct Session {
    real::RealEnv& real;
    Env& env;
    client::Client& client;
    // SIGINT and SIGTERM.
    CancelToken stop;
};

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;
// As a shell reports an end by SIGINT.
inline constexpr int kExitInterrupted = 130;

// The address, and what the profile says about it. Errors say what to do next.
Result<client::ClientConfig> resolve_target(const Target& target);

// A command's coroutine, not started yet.
class SessionBody {
public:
    virtual ~SessionBody() = default;
    WEIR_CORO_WRAPPER virtual Task<Result<void>> start(Session& session) const = 0;
};

int run_session(const Target& target, const SessionBody& body);
int run_session(const client::ClientConfig& config, const SessionBody& body);

template <typename... Parameters>
class SessionCall final : public SessionBody {
public:
    using Command = Task<Result<void>> (*)(Session&, Parameters...);
    explicit SessionCall(Command command, Parameters... arguments)
        : command_(command), arguments_(arguments...) {}
    WEIR_CORO_WRAPPER Task<Result<void>> start(Session& session) const override {
        return call(session, std::index_sequence_for<Parameters...>());
    }

private:
    template <std::size_t... I>
    WEIR_CORO_WRAPPER Task<Result<void>> call(Session& session, std::index_sequence<I...>) const {
        return command_(session, std::get<I>(arguments_)...);
    }
    Command command_;
    std::tuple<Parameters...> arguments_;
};

// Runs command(session, arguments...); what the command takes by reference is the caller's.
template <typename Where, typename... Parameters>
int run_session(const Where& where, Task<Result<void>> (*command)(Session&, Parameters...),
                std::type_identity_t<Parameters>... arguments) {
    const SessionCall<Parameters...> body(command, arguments...);
    return run_session(where, static_cast<const SessionBody&>(body));
}

// Prints the error; kExitFailed, or kExitInterrupted.
int report(const Error& error);

// What the SC refused, as an error with the sentence that a person reads.
Result<void> check(const wire::Status& status);

// Runs a listing in the format that its options name.
template <typename Options>
int run_listing(const Target& target,
                Task<Result<void>> (*command)(Session&, const Options&, OutputFormat),
                const Options& options) {
    const Result<OutputFormat> format = parse_output_format(options.output);
    return format.has_value() ? run_session(target, command, options, *format)
                              : report(format.error());
}

}  // namespace weir::cli
