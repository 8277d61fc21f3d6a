#include "runtime/real/net/async_fd.h"

#include "core/base/assert.h"

#include <sys/epoll.h>
#include <unistd.h>
#include <utility>

namespace weir::real {

AsyncFd::~AsyncFd() {
    close();
    WEIR_ASSERT(read_side_.waiter == nullptr);
    WEIR_ASSERT(write_side_.waiter == nullptr);
}

Result<void> AsyncFd::open(int fd) {
    WEIR_ASSERT(fd_ < 0);
    WEIR_ASSERT(fd >= 0);
    Result<void> watched = shard_.watch(fd, *this);
    if (!watched.has_value()) {
        ::close(fd);
        return watched;
    }
    fd_ = fd;
    return {};
}

void AsyncFd::close() {
    if (fd_ < 0) {
        return;
    }
    shard_.unwatch(fd_);
    ::close(fd_);
    fd_ = -1;
    wake(read_side_);
    wake(write_side_);
}

int AsyncFd::release() {
    WEIR_ASSERT(fd_ >= 0);
    WEIR_ASSERT(read_side_.waiter == nullptr && write_side_.waiter == nullptr);
    shard_.unwatch(fd_);
    return std::exchange(fd_, -1);
}

void AsyncFd::on_events(std::uint32_t events) {
    if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        peer_ended_ = true;
    }
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
        wake(read_side_);
    }
    if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) {
        wake(write_side_);
    }
}

void AsyncFd::wake(Side& side) {
    side.ready = true;
    if (side.waiter != nullptr) {
        ReadyWait* waiter = side.waiter;
        side.waiter = nullptr;
        waiter->wake();
    }
}

void ReadyWait::wake() {
    cancel_.unlink();
    woken_ = true;
    shard_.post(handle_);
}

void ReadyWait::on_cancel(void* self) {
    auto* wait = static_cast<ReadyWait*>(self);
    // Linked from construction on, but only a suspended wait has something to resume.
    if (wait->side_.waiter == wait) {
        wait->side_.waiter = nullptr;
        wait->shard_.post(wait->handle_);
    }
}

}  // namespace weir::real
