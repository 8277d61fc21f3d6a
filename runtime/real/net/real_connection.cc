#include "runtime/real/net/real_connection.h"

#include "core/base/assert.h"
#include "runtime/real/disk/real_file.h"
#include "runtime/real/loop/errno_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <system_error>
#include <vector>

namespace weir::real {

namespace {

// Reads and writes per connection and turn that complete without waiting.
constexpr std::uint32_t kInlinePerTurn = 16;
constexpr std::size_t kSlicesPerSend = 256;
constexpr std::size_t kFileSliceSize = 256U << 10;
constexpr std::size_t kCopySliceSize = 64U << 10;
constexpr int kKeepAliveIdleS = 30;
constexpr int kKeepAliveIntervalS = 10;
constexpr int kKeepAliveProbeCount = 3;

void set_option(int fd, int level, int option, int value) {
    // Tuning only; a socket without it works, and a dead one reports itself on the next operation.
    WEIR_MAYBE(::setsockopt(fd, level, option, &value, sizeof(value)) != 0);
}

Error cancelled_error(std::string_view what, const std::string& peer) {
    return Error(ErrorCode::cancelled, fmt::format("{} {} cancelled", what, peer));
}

}  // namespace

Result<std::unique_ptr<Connection>> RealConnection::adopt(HelperPool& helpers, int fd,
                                                          std::string peer) {
    auto connection = std::make_unique<RealConnection>(helpers, std::move(peer));
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleS);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalS);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbeCount);
    WEIR_CHECK(connection->fd_.open(fd));
    return std::unique_ptr<Connection>(std::move(connection));
}

RealConnection::RealConnection(HelperPool& helpers, std::string peer)
    : helpers_(helpers),
      fd_(helpers.shard()),
      read_budget_(kInlinePerTurn),
      write_budget_(kInlinePerTurn),
      peer_(std::move(peer)) {}

Error RealConnection::socket_error(std::string_view what, int error) const {
    ErrorCode code = ErrorCode::io_error;
    if (error == ECONNRESET || error == EPIPE || error == ENOTCONN || error == ECONNABORTED) {
        code = ErrorCode::connection_closed;
    } else if (error == ETIMEDOUT || error == EHOSTUNREACH || error == ENETUNREACH ||
               error == ENETDOWN) {
        code = ErrorCode::timed_out;
    }
    return Error(code, errno_text(what, peer_, error));
}

Result<RealConnection::Progress> RealConnection::receive_now(MutByteSpan into) {
    Progress progress;
    if (!fd_.is_open()) {
        return fail(socket_error("read from", ENOTCONN));
    }
    while (true) {
        const ssize_t received = ::recv(fd_.fd(), into.data(), into.size(), 0);
        if (received >= 0) {
            progress.size = static_cast<std::size_t>(received);
            // A short read has drained the socket; only the end of the stream may be left, and it
            // comes with an edge of its own unless that was seen before.
            if (progress.size < into.size() && !fd_.peer_ended()) {
                fd_.read_side().ready = false;
            }
            return progress;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            fd_.read_side().ready = false;
            progress.blocked = true;
            return progress;
        }
        if (errno != EINTR) {
            return fail(socket_error("read from", errno));
        }
    }
}

Task<Result<std::size_t>> RealConnection::read_some(MutByteSpan into, CancelToken token) {
    WEIR_ASSERT(!into.empty());
    while (true) {
        const bool in_budget = read_budget_.take(fd_.shard());
        if (!in_budget) {
            co_await next_turn(fd_.shard());
            continue;
        }
        ReadyWait wait(fd_, fd_.read_side(), token);
        const bool go_on = co_await wait;
        if (!go_on) {
            co_return fail(cancelled_error("read from", peer_));
        }
        WEIR_CO_TRY(const Progress progress, receive_now(into));
        if (!progress.blocked) {
            co_return progress.size;
        }
    }
}

Task<Result<void>> RealConnection::wait_writable(CancelToken token) {
    bool in_budget = write_budget_.take(fd_.shard());
    while (!in_budget) {
        co_await next_turn(fd_.shard());
        in_budget = write_budget_.take(fd_.shard());
    }
    ReadyWait wait(fd_, fd_.write_side(), token);
    const bool go_on = co_await wait;
    if (!go_on) {
        co_return fail(cancelled_error("write to", peer_));
    }
    if (!fd_.is_open()) {
        co_return fail(socket_error("write to", ENOTCONN));
    }
    co_return Result<void>();
}

Result<RealConnection::Progress> RealConnection::send_now(std::span<const ByteSpan> slices,
                                                          std::size_t first, std::size_t skip) {
    Progress progress;
    if (!fd_.is_open()) {
        return fail(socket_error("write to", ENOTCONN));
    }
    std::array<iovec, kSlicesPerSend> vectors;
    std::size_t count = 0;
    for (std::size_t i = first; i < slices.size() && count < vectors.size(); ++i) {
        const ByteSpan slice = i == first ? slices[i].subspan(skip) : slices[i];
        if (!slice.empty()) {
            vectors[count].iov_base = const_cast<std::uint8_t*>(slice.data());
            vectors[count].iov_len = slice.size();
            ++count;
        }
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    while (count > 0) {
        const ssize_t sent = ::sendmsg(fd_.fd(), &message, MSG_NOSIGNAL);
        if (sent >= 0) {
            progress.size = static_cast<std::size_t>(sent);
            break;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            fd_.write_side().ready = false;
            progress.blocked = true;
            break;
        }
        if (errno != EINTR) {
            return fail(socket_error("write to", errno));
        }
    }
    return progress;
}

Task<Result<void>> RealConnection::write(std::span<const ByteSpan> slices, CancelToken token) {
    std::size_t first = 0;
    std::size_t skip = 0;
    while (true) {
        // Passes what is done, and empty slices.
        while (first < slices.size() && skip == slices[first].size()) {
            ++first;
            skip = 0;
        }
        if (first == slices.size()) {
            co_return Result<void>();
        }
        WEIR_CO_CHECK(co_await wait_writable(token));
        WEIR_CO_TRY(const Progress progress, send_now(slices, first, skip));
        std::size_t left = progress.size;
        while (left > 0) {
            const std::size_t step = std::min(left, slices[first].size() - skip);
            left -= step;
            skip += step;
            if (skip == slices[first].size()) {
                ++first;
                skip = 0;
            }
        }
    }
}

Result<RealConnection::Progress> RealConnection::send_file_now(const RealFile& file,
                                                               std::uint64_t position,
                                                               std::size_t size) {
    Progress progress;
    if (!fd_.is_open()) {
        return fail(socket_error("write to", ENOTCONN));
    }
    while (true) {
        off_t offset = static_cast<off_t>(position);
        const ssize_t sent = ::sendfile(fd_.fd(), file.fd(), &offset, size);
        if (sent > 0) {
            progress.size = static_cast<std::size_t>(sent);
            return progress;
        }
        if (sent == 0) {
            return fail(ErrorCode::io_error,
                        fmt::format("'{}' ends before position {}, which was to be sent",
                                    file.path(), position + size));
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) {
            fd_.write_side().ready = false;
            progress.blocked = true;
            return progress;
        }
        if (errno != EINTR) {
            return fail(socket_error("send a file to", errno));
        }
    }
}

Task<Result<void>> RealConnection::send_file(File& file, FilePosition position,
                                             std::uint64_t size_bytes, CancelToken token) {
    auto* real = dynamic_cast<RealFile*>(&file);
    if (real == nullptr) {
        co_return co_await copy_file(file, position, size_bytes, token);
    }
    std::uint64_t at = position.value();
    const std::uint64_t end = at + size_bytes;
    std::uint64_t warm_end = at;
    while (at < end) {
        if (at >= warm_end) {
            // sendfile would read cold pages on this thread.
            const std::size_t slice =
                static_cast<std::size_t>(std::min<std::uint64_t>(end - at, kFileSliceSize));
            if (!real->is_warm(at, slice)) {
                WEIR_CO_CHECK(co_await real->warm_up(at, slice));
            }
            warm_end = at + slice;
        }
        WEIR_CO_CHECK(co_await wait_writable(token));
        WEIR_CO_TRY(const Progress progress,
                    send_file_now(*real, at, static_cast<std::size_t>(warm_end - at)));
        at += progress.size;
    }
    co_return Result<void>();
}

Task<Result<void>> RealConnection::copy_file(File& file, FilePosition position,
                                             std::uint64_t size_bytes, CancelToken token) {
    std::vector<std::uint8_t> buffer(
        static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, kCopySliceSize)));
    std::uint64_t at = position.value();
    const std::uint64_t end = at + size_bytes;
    while (at < end) {
        const std::size_t wanted =
            static_cast<std::size_t>(std::min<std::uint64_t>(end - at, buffer.size()));
        WEIR_CO_TRY(const std::size_t got,
                    co_await file.read_at(FilePosition(at), MutByteSpan(buffer.data(), wanted)));
        if (got < wanted) {
            co_return fail(ErrorCode::io_error, "a file ends before the range to be sent");
        }
        const std::array<ByteSpan, 1> slices{ByteSpan(buffer.data(), got)};
        WEIR_CO_CHECK(co_await write(slices, token));
        at += got;
    }
    co_return Result<void>();
}

void RealConnection::shutdown_send() {
    if (fd_.is_open()) {
        // ENOTCONN: the peer was faster.
        WEIR_MAYBE(::shutdown(fd_.fd(), SHUT_WR) != 0);
    }
}

void RealConnection::reset() {
    if (fd_.is_open()) {
        linger now{};
        now.l_onoff = 1;
        now.l_linger = 0;
        WEIR_MAYBE(::setsockopt(fd_.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now)) != 0);
        fd_.close();
    }
}

}  // namespace weir::real
