#include "bench/net/probes.h"

#include "core/base/bytes.h"
#include "core/env/network.h"
#include "core/task/task_scope.h"
#include "runtime/real/real_env.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <functional>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace weir::bench {

namespace {

Error system_error(const char* what) {
    return Error(ErrorCode::io_error, std::string(what) + ": " + std::strerror(errno));
}

std::int64_t now_ns(clockid_t clock) {
    timespec time{};
    WEIR_ASSERT(::clock_gettime(clock, &time) == 0);
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

// Accepts one connection on a thread of its own and lets `serve(fd)` have it.
class OneShotServer {
public:
    static Result<std::unique_ptr<OneShotServer>> start(std::function<void(int)> serve) {
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0 ||
            ::listen(fd, 1) != 0) {
            return fail(system_error("listen for a probe"));
        }
        return std::make_unique<OneShotServer>(fd, std::move(serve));
    }
    OneShotServer(int fd, std::function<void(int)> serve) : fd_(fd), serve_(std::move(serve)) {
        thread_ = std::thread([this] {
            const int peer = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
            if (peer >= 0) {
                const int on = 1;
                WEIR_MAYBE(::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0);
                serve_(peer);
                ::close(peer);
            }
        });
    }
    ~OneShotServer() {
        WEIR_MAYBE(::shutdown(fd_, SHUT_RDWR) != 0);
        thread_.join();
        ::close(fd_);
    }
    OneShotServer(const OneShotServer&) = delete;
    OneShotServer& operator=(const OneShotServer&) = delete;

    HostPort address() const {
        sockaddr_in address{};
        socklen_t size = sizeof(address);
        WEIR_ASSERT(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        HostPort result;
        result.host = "127.0.0.1";
        result.port = ntohs(address.sin_port);
        return result;
    }

private:
    int fd_;
    std::function<void(int)> serve_;
    std::thread thread_;
};

Result<std::unique_ptr<real::RealEnv>> make_env() {
    real::RealOptions options;
    options.handle_signals = false;
    return real::RealEnv::create(options);
}

constexpr std::size_t kEchoSize = 64;

void serve_echo(int fd) {
    std::array<std::uint8_t, kEchoSize> buffer;
    while (true) {
        const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (got <= 0 ||
            ::send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) != got) {
            return;
        }
    }
}

Task<Result<Histogram>> ask_echo(Env& env, HostPort address, Duration interval, Duration duration) {
    WEIR_CO_TRY(const std::unique_ptr<Connection> connection,
                co_await env.network.connect(std::move(address), CancelToken()));
    Histogram latency;
    Bytes buffer(kEchoSize);
    const Instant end = env.clock.now() + duration;
    for (Instant intended = env.clock.now() + interval; intended < end;
         intended = intended + interval) {
        const Result<void> slept = co_await sleep_until(env.clock, env.executor, intended);
        WEIR_MAYBE(slept.has_value());
        const std::array<ByteSpan, 1> slices{ByteSpan(buffer)};
        WEIR_CO_CHECK(co_await connection->write(slices, CancelToken()));
        std::size_t got = 0;
        while (got < buffer.size()) {
            const MutByteSpan rest = MutByteSpan(buffer).subspan(got);
            WEIR_CO_TRY(const std::size_t more,
                        co_await connection->read_some(rest, CancelToken()));
            if (more == 0) {
                co_return fail(ErrorCode::connection_closed, "the echo hung up");
            }
            got += more;
        }
        latency.add((env.clock.now() - intended).ns());
    }
    co_return latency;
}

Task<Result<std::uint64_t>> count_bytes(Env& env, HostPort address) {
    WEIR_CO_TRY(const std::unique_ptr<Connection> connection,
                co_await env.network.connect(std::move(address), CancelToken()));
    Bytes buffer(128U << 10);
    std::uint64_t count = 0;
    while (true) {
        WEIR_CO_TRY(const std::size_t got, co_await connection->read_some(buffer, CancelToken()));
        if (got == 0) {
            co_return count;
        }
        count += got;
    }
}

}  // namespace

Result<Histogram> probe_echo(Duration interval, Duration duration) {
    WEIR_TRY(const std::unique_ptr<OneShotServer> server, OneShotServer::start(&serve_echo));
    WEIR_TRY(const std::unique_ptr<real::RealEnv> real, make_env());
    return real->run(ask_echo(real->env(), server->address(), interval, duration));
}

Result<SyncProbe> probe_group_commit(const SyncProbeOptions& options) {
    const int fd = ::open(options.path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) {
        return fail(system_error("open the file of a probe"));
    }
    constexpr off_t kFileSize = 256 << 20;
    const std::size_t step = options.group_size * options.record_size;
    const Bytes bytes(step, 0x5a);
    SyncProbe probe;
    if (::fallocate(fd, 0, 0, kFileSize) != 0 || ::fdatasync(fd) != 0) {
        ::close(fd);
        return fail(system_error("allocate the file of a probe"));
    }
    const std::int64_t start = now_ns(CLOCK_MONOTONIC);
    std::int64_t now = start;
    off_t position = 0;
    while (now - start < options.duration.ns()) {
        if (position + static_cast<off_t>(step) > kFileSize) {
            position = 0;
        }
        if (::pwrite(fd, bytes.data(), step, position) != static_cast<ssize_t>(step) ||
            ::fdatasync(fd) != 0) {
            ::close(fd);
            return fail(system_error("write the file of a probe"));
        }
        position += static_cast<off_t>(step);
        const std::int64_t after = now_ns(CLOCK_MONOTONIC);
        probe.latency.add(after - now);
        now = after;
    }
    ::close(fd);
    ::unlink(options.path.c_str());
    probe.appends_per_s = static_cast<double>(probe.latency.count() * options.group_size) /
                          (static_cast<double>(now - start) / 1e9);
    return probe;
}

Result<SendfileProbe> probe_sendfile(const std::string& path, std::uint64_t size_bytes) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return fail(system_error("open the file of a probe"));
    }
    std::int64_t cpu_ns = 0;
    const auto send_all = [file, size_bytes, &cpu_ns](int fd) {
        const std::int64_t cpu_start = now_ns(CLOCK_THREAD_CPUTIME_ID);
        off_t position = 0;
        while (static_cast<std::uint64_t>(position) < size_bytes) {
            constexpr std::uint64_t kSlice = 256U << 10;
            const std::uint64_t left = size_bytes - static_cast<std::uint64_t>(position);
            if (::sendfile(fd, file, &position, std::min(left, kSlice)) <= 0) {
                break;
            }
        }
        cpu_ns = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_start;
    };
    SendfileProbe probe;
    {
        WEIR_TRY(const std::unique_ptr<OneShotServer> server, OneShotServer::start(send_all));
        WEIR_TRY(const std::unique_ptr<real::RealEnv> real, make_env());
        const std::int64_t start = now_ns(CLOCK_MONOTONIC);
        WEIR_TRY(const std::uint64_t count, real->run(count_bytes(real->env(), server->address())));
        const double elapsed = static_cast<double>(now_ns(CLOCK_MONOTONIC) - start) / 1e9;
        if (count != size_bytes) {
            ::close(file);
            return fail(ErrorCode::io_error, "the file of a probe is shorter than expected");
        }
        probe.bytes_per_s = static_cast<double>(count) / elapsed;
    }
    ::close(file);
    probe.cpu_s_per_gb = static_cast<double>(cpu_ns) / static_cast<double>(size_bytes);
    return probe;
}

void warm_memory(std::size_t size) {
    if (size == 0) {
        return;
    }
    void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory != MAP_FAILED) {
        ::munmap(memory, size);
    }
}

}  // namespace weir::bench
