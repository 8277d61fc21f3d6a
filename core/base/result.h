// `Result<T>`: a value or an `Error`.
//
// A new `ErrorCode` exists only if some caller can react to it differently; everything else is
// told apart by the text. Wire codes are mapped from these in `core/wire` and the services only.
// Use only the subset that tl::expected shares with std::expected: has_value, operator*, ->,
// error, value_or.
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

enum class ErrorCode : std::uint8_t {
    // The caller asked for something that makes no sense; the text says what to change.
    invalid_argument,
    not_found,
    already_exists,
    // Bytes that must be intact are not: a checksum, a magic, a chain. Never retried as is.
    corrupt,
    // Bytes from a peer do not follow the protocol; the connection is of no further use.
    malformed,
    // No space left on the device. A designed state: writes resume when space returns.
    disk_full,
    // Any other failure of the disk.
    io_error,
    // The peer closed or reset the connection, or it was closed here.
    connection_closed,
    connection_refused,
    // No answer within the deadline of the operation.
    timed_out,
    // The CancelToken of the operation was cancelled.
    cancelled,
    // This node does not lead the partition.
    not_leader,
    // The offset is below the log start: evicted by retention or deletion.
    offset_evicted,
    // The offset is above the log end.
    offset_out_of_range,
    message_too_large,
    // Understood, and not built yet or switched off.
    not_supported,
    // The component is stopping or has failed before, and takes no more work.
    unavailable,
    permission_denied,
};

// Stable lower-case name, for logs, traces and tests.
std::string_view to_string(ErrorCode code);

struct Error {
    ErrorCode code;
    // What was attempted on what, for a person. Never parsed.
    std::string context;

    Error(ErrorCode code_in, std::string context_in)
        : code(code_in), context(std::move(context_in)) {}
};

// "corrupt: segment 17: ..." for logs.
std::string to_string(const Error& error);

template <typename T>
using Result = tl::expected<T, Error>;

// The failure side of a Result: `return fail(ErrorCode::corrupt, "...")`.
inline tl::unexpected<Error> fail(ErrorCode code, std::string context) {
    return tl::unexpected<Error>(Error(code, std::move(context)));
}
inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace weir

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

// WEIR_TRY(auto x, f()): declares x from the value of f(), or returns its error.
// `expr` is evaluated once. Plain statements, so it must not be the body of a brace-less `if`.
#define WEIR_TRY(decl, expr) WEIR_TRY_IMPL(WEIR_CONCAT(weir_try_, __COUNTER__), decl, expr, return)
#define WEIR_TRY_IMPL(tmp, decl, expr, ret)       \
    auto tmp = (expr);                            \
    if (!tmp.has_value()) [[unlikely]] {          \
        ret ::weir::fail(std::move(tmp).error()); \
    }                                             \
    decl = *std::move(tmp)

// WEIR_CHECK(f()): for Result<void>, or when the value is not needed.
#define WEIR_CHECK(expr) WEIR_CHECK_IMPL(WEIR_CONCAT(weir_try_, __COUNTER__), expr, return)
#define WEIR_CHECK_IMPL(tmp, expr, ret)           \
    auto tmp = (expr);                            \
    if (!tmp.has_value()) [[unlikely]] {          \
        ret ::weir::fail(std::move(tmp).error()); \
    }                                             \
    static_cast<void>(0)

// The same inside a coroutine: WEIR_CO_TRY(auto n, co_await file.size()).
#define WEIR_CO_TRY(decl, expr) \
    WEIR_TRY_IMPL(WEIR_CONCAT(weir_try_, __COUNTER__), decl, expr, co_return)
#define WEIR_CO_CHECK(expr) WEIR_CHECK_IMPL(WEIR_CONCAT(weir_try_, __COUNTER__), expr, co_return)
