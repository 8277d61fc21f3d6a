#include "runtime/real/net/real_listener.h"

#include "runtime/real/loop/errno_text.h"
#include "runtime/real/net/real_connection.h"
#include "runtime/real/net/socket_address.h"

#include <fmt/core.h>

#include <cerrno>
#include <sys/socket.h>

namespace weir::real {

namespace {

constexpr std::uint32_t kAcceptsPerTurn = 64;
constexpr Duration kShortagePause = Duration::from_ms(50);

}  // namespace

Result<std::unique_ptr<Listener>> RealListener::adopt(HelperPool& helpers, LogSink& log, int fd) {
    auto listener = std::make_unique<RealListener>(helpers, log);
    WEIR_CHECK(listener->fd_.open(fd));
    SocketAddress local;
    local.size = sizeof(local.storage);
    if (::getsockname(fd, local.get(), &local.size) != 0) {
        return fail(ErrorCode::io_error, errno_text("read the address of a socket", errno));
    }
    listener->local_ = to_host_port(local);
    return std::unique_ptr<Listener>(std::move(listener));
}

RealListener::RealListener(HelperPool& helpers, LogSink& log)
    : helpers_(helpers), log_(log, "net"), fd_(helpers.shard()), budget_(kAcceptsPerTurn) {}

Result<RealListener::Outcome> RealListener::accept_now(std::unique_ptr<Connection>& connection) {
    SocketAddress peer;
    peer.size = sizeof(peer.storage);
    const int fd = ::accept4(fd_.fd(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        shortage_logged_ = false;
        Result<std::unique_ptr<Connection>> adopted =
            RealConnection::adopt(helpers_, fd, to_string(to_host_port(peer)));
        if (!adopted.has_value()) {
            return Outcome::shortage;
        }
        connection = *std::move(adopted);
        return Outcome::accepted;
    }
    switch (errno) {
        case EAGAIN: fd_.read_side().ready = false; return Outcome::wait;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            if (!shortage_logged_) {
                shortage_logged_ = true;
                WEIR_LOG(log_, error, "{}; waiting for some to be freed",
                         errno_text("accept a connection on", to_string(local_), errno));
            }
            return Outcome::shortage;
        case EBADF:
        case EINVAL:
        case ENOTSOCK:
        case EFAULT:
            return fail(ErrorCode::io_error,
                        errno_text("accept a connection on", to_string(local_), errno));
        default:
            // The connection died before it was accepted (accept(2) lists many codes for that).
            return Outcome::retry;
    }
}

Task<Result<std::unique_ptr<Connection>>> RealListener::accept(CancelToken token) {
    while (true) {
        const bool in_budget = budget_.take(fd_.shard());
        if (!in_budget) {
            co_await next_turn(fd_.shard());
            continue;
        }
        ReadyWait wait(fd_, fd_.read_side(), token);
        const bool go_on = co_await wait;
        if (!go_on) {
            co_return fail(ErrorCode::cancelled, "accept cancelled");
        }
        std::unique_ptr<Connection> connection;
        WEIR_CO_TRY(const Outcome outcome, accept_now(connection));
        if (outcome == Outcome::accepted) {
            co_return Result<std::unique_ptr<Connection>>(std::move(connection));
        }
        if (outcome == Outcome::shortage) {
            WEIR_CO_CHECK(
                co_await sleep_for(fd_.shard().clock(), fd_.shard(), kShortagePause, token));
        }
    }
}

}  // namespace weir::real
