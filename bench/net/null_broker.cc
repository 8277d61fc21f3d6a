#include "bench/net/null_broker.h"

#include "bench/net/requests.h"
#include "core/base/crc32c.h"
#include "core/model/batch.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <thread>
#include <time.h>
#include <unistd.h>
#include <vector>

namespace weir::bench {

namespace {

constexpr std::size_t kReceiveSize = 1U << 20;
// The file starts again from its beginning there, so that a run does not fill the disk.
constexpr std::uint64_t kFileSizeMax = 2ULL << 30;

struct Peer {
    int fd = -1;
    Bytes buffer;
    std::size_t filled = 0;
};

class EpollBroker final : public NullBroker {
public:
    EpollBroker(int listen_fd, int stop_fd, int file_fd, std::size_t batch_size,
                std::size_t topic_size)
        : listen_fd_(listen_fd), stop_fd_(stop_fd), file_fd_(file_fd), batch_size_(batch_size) {
        // An answer of the same size as the real one: topic, partition, code, offsets, throttle.
        answer_.assign(4 + 4 + 4 + 2 + topic_size + 4 + 4 + 2 + 24 + 4, 0);
        const auto size = static_cast<std::uint32_t>(answer_.size() - 4);
        for (std::size_t i = 0; i < 4; ++i) {
            answer_[i] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
        }
        answer_[11] = 1;
        answer_[13] = static_cast<std::uint8_t>(topic_size);
        thread_ = std::thread([this] { serve(); });
    }
    ~EpollBroker() override {
        const std::uint64_t one = 1;
        WEIR_MAYBE(::write(stop_fd_, &one, sizeof(one)) < 0);
        thread_.join();
        for (const auto& [fd, peer] : peers_) {
            ::close(fd);
        }
        for (const int fd : {listen_fd_, stop_fd_, file_fd_}) {
            ::close(fd);
        }
    }
    EpollBroker(const EpollBroker&) = delete;
    EpollBroker& operator=(const EpollBroker&) = delete;

    std::uint16_t port() const override {
        sockaddr_in address{};
        socklen_t size = sizeof(address);
        WEIR_ASSERT(::getsockname(listen_fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
        return ntohs(address.sin_port);
    }

    double cpu_s() const override {
        clockid_t clock{};
        timespec time{};
        // The handle is only read.
        const pthread_t thread = const_cast<std::thread&>(thread_).native_handle();
        WEIR_ASSERT(::pthread_getcpuclockid(thread, &clock) == 0);
        WEIR_ASSERT(::clock_gettime(clock, &time) == 0);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
    }

private:
    void serve() {
        const int epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
        watch(epoll_fd, listen_fd_);
        watch(epoll_fd, stop_fd_);
        std::array<epoll_event, 128> events;
        while (true) {
            const int count = ::epoll_wait(epoll_fd, events.data(), 128, -1);
            for (int i = 0; i < count; ++i) {
                const int fd = events[static_cast<std::size_t>(i)].data.fd;
                if (fd == stop_fd_) {
                    ::close(epoll_fd);
                    return;
                }
                if (fd == listen_fd_) {
                    accept_one(epoll_fd);
                } else if (!receive(peers_.at(fd))) {
                    ::close(fd);
                    peers_.erase(fd);
                }
            }
        }
    }

    static void watch(int epoll_fd, int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        WEIR_ASSERT(::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0);
    }

    void accept_one(int epoll_fd) {
        const int fd = ::accept4(listen_fd_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) {
            return;
        }
        const int on = 1;
        WEIR_MAYBE(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0);
        Peer& peer = peers_[fd];
        peer.fd = fd;
        peer.buffer.resize(kReceiveSize + 4);
        watch(epoll_fd, fd);
    }

    bool receive(Peer& peer) {
        const ssize_t got =
            ::recv(peer.fd, peer.buffer.data() + peer.filled, peer.buffer.size() - peer.filled, 0);
        if (got <= 0) {
            return false;
        }
        peer.filled += static_cast<std::size_t>(got);
        std::size_t at = 0;
        answers_.clear();
        while (peer.filled - at >= 4) {
            const std::uint8_t* p = peer.buffer.data() + at;
            const std::size_t size = static_cast<std::size_t>(p[0]) << 24 |
                                     static_cast<std::size_t>(p[1]) << 16 |
                                     static_cast<std::size_t>(p[2]) << 8 | p[3];
            if (peer.filled - at < 4 + size) {
                break;
            }
            if (!append(ByteSpan(p, 4 + size))) {
                return false;
            }
            at += 4 + size;
        }
        std::memmove(peer.buffer.data(), peer.buffer.data() + at, peer.filled - at);
        peer.filled -= at;
        return answers_.empty() || ::send(peer.fd, answers_.data(), answers_.size(),
                                          MSG_NOSIGNAL) == static_cast<ssize_t>(answers_.size());
    }

    bool append(ByteSpan frame) {
        // The batch sits before the SmartModule list, a count of four zero bytes.
        const ByteSpan batch = frame.subspan(frame.size() - 4 - batch_size_, batch_size_);
        if (!batch_crc_matches(batch)) {
            return false;
        }
        if (position_ + batch.size() > kFileSizeMax) {
            position_ = 0;
        }
        if (::pwrite(file_fd_, batch.data(), batch.size(), static_cast<off_t>(position_)) !=
            static_cast<ssize_t>(batch.size())) {
            return false;
        }
        position_ += batch.size();
        answers_.insert(answers_.end(), answer_.begin(), answer_.end());
        std::memcpy(answers_.data() + answers_.size() - answer_.size() + 4, frame.data() + 8, 4);
        return true;
    }

    int listen_fd_;
    int stop_fd_;
    int file_fd_;
    std::size_t batch_size_;
    std::uint64_t position_ = 0;
    Bytes answer_;
    Bytes answers_;
    std::map<int, Peer> peers_;
    std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<NullBroker>> NullBroker::start(const std::string& path, const Bytes& frame,
                                                      std::size_t batch_size) {
    if (frame.size() < batch_size + kFramePrefixSize + 4) {
        return fail(ErrorCode::invalid_argument, "the frame is smaller than its batch");
    }
    const int listen_fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int file_fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const int stop_fd = ::eventfd(0, EFD_CLOEXEC);
    if (listen_fd < 0 || file_fd < 0 || stop_fd < 0 ||
        ::bind(listen_fd, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0 ||
        ::listen(listen_fd, 128) != 0) {
        return fail(ErrorCode::io_error,
                    std::string("cannot start the null broker: ") + std::strerror(errno));
    }
    constexpr std::size_t kTopicSize = 8;
    return std::unique_ptr<NullBroker>(
        std::make_unique<EpollBroker>(listen_fd, stop_fd, file_fd, batch_size, kTopicSize));
}

}  // namespace weir::bench
