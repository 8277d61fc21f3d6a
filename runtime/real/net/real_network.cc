#include "runtime/real/net/real_network.h"

#include "runtime/real/loop/errno_text.h"
#include "runtime/real/net/async_fd.h"
#include "runtime/real/net/real_connection.h"
#include "runtime/real/net/real_listener.h"
#include "runtime/real/net/resolve.h"
#include "runtime/real/net/socket_address.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace weir::real {

namespace {

constexpr int kBacklog = 1024;

ErrorCode connect_error_code(int error) {
    switch (error) {
        case ECONNREFUSED: return ErrorCode::connection_refused;
        case ECONNRESET:
        case EPIPE: return ErrorCode::connection_closed;
        case ETIMEDOUT:
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ENETDOWN: return ErrorCode::timed_out;
        default: return ErrorCode::io_error;
    }
}

Result<int> open_listening(const SocketAddress& address, const std::string& text) {
    const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return fail(ErrorCode::io_error, errno_text("create a socket for", text, errno));
    }
    const int on = 1;
    WEIR_MAYBE(::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0);
    if (::bind(fd, address.get(), address.size) != 0 || ::listen(fd, kBacklog) != 0) {
        const int error = errno;
        ::close(fd);
        const ErrorCode code =
            error == EADDRINUSE ? ErrorCode::already_exists : ErrorCode::io_error;
        return fail(code, errno_text("listen on", text, error));
    }
    return fd;
}

// A connect to a free port of the ephemeral range of this machine may meet itself.
bool connected_to_itself(int fd) {
    SocketAddress local;
    SocketAddress remote;
    local.size = remote.size = sizeof(sockaddr_storage);
    return ::getsockname(fd, local.get(), &local.size) == 0 &&
           ::getpeername(fd, remote.get(), &remote.size) == 0 &&
           to_host_port(local) == to_host_port(remote);
}

}  // namespace

Result<std::unique_ptr<Listener>> RealNetwork::listen(const HostPort& address) {
    WEIR_TRY(const std::vector<SocketAddress> candidates, resolve_blocking(address));
    // A name like "localhost" has an IPv6 address too; clients of these ports expect IPv4.
    const auto v4 = std::find_if(candidates.begin(), candidates.end(), [](const auto& candidate) {
        return candidate.family() == AF_INET;
    });
    const SocketAddress& chosen = v4 != candidates.end() ? *v4 : candidates.front();
    WEIR_TRY(const int fd, open_listening(chosen, to_string(address)));
    return RealListener::adopt(helpers_, log_, fd);
}

Task<Result<std::unique_ptr<Connection>>> RealNetwork::connect(HostPort address,
                                                               CancelToken token) {
    WEIR_CO_TRY(const std::vector<SocketAddress> candidates,
                co_await resolve(helpers_, address, token));
    Error last(ErrorCode::not_found, "no address");
    for (const SocketAddress& candidate : candidates) {
        Result<std::unique_ptr<Connection>> connection = co_await connect_to(candidate, token);
        if (connection.has_value()) {
            co_return connection;
        }
        last = connection.error();
        if (last.code == ErrorCode::cancelled) {
            break;
        }
    }
    co_return fail(std::move(last));
}

Task<Result<std::unique_ptr<Connection>>> RealNetwork::connect_to(SocketAddress address,
                                                                  CancelToken token) {
    const std::string text = to_string(to_host_port(address));
    if (token.cancelled()) {
        co_return fail(ErrorCode::cancelled, fmt::format("connect to {} cancelled", text));
    }
    const int raw = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (raw < 0) {
        co_return fail(ErrorCode::io_error, errno_text("create a socket for", text, errno));
    }
    const bool in_progress = ::connect(raw, address.get(), address.size) != 0;
    if (in_progress && errno != EINPROGRESS && errno != EINTR) {
        const int error = errno;
        ::close(raw);
        co_return fail(connect_error_code(error), errno_text("connect to", text, error));
    }
    AsyncFd fd(helpers_.shard());
    WEIR_CO_CHECK(fd.open(raw));
    if (in_progress) {
        // Writable, or failed, when the handshake is over; until then there is no edge.
        fd.write_side().ready = false;
        ReadyWait wait(fd, fd.write_side(), token);
        const bool go_on = co_await wait;
        if (!go_on) {
            co_return fail(ErrorCode::cancelled, fmt::format("connect to {} cancelled", text));
        }
    }
    int error = 0;
    socklen_t error_size = sizeof(error);
    if (::getsockopt(raw, SOL_SOCKET, SO_ERROR, &error, &error_size) != 0) {
        error = errno;
    }
    if (error == 0 && connected_to_itself(raw)) {
        error = ECONNREFUSED;
    }
    if (error != 0) {
        co_return fail(connect_error_code(error), errno_text("connect to", text, error));
    }
    const int own = fd.release();
    co_return RealConnection::adopt(helpers_, own, text);
}

}  // namespace weir::real
