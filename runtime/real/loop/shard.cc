#include "runtime/real/loop/shard.h"

#include "core/base/assert.h"
#include "runtime/real/loop/errno_text.h"

#include <array>
#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace weir::real {

namespace {

constexpr int kEventsPerPollMax = 256;
// A task that is always ready must not keep the shard from its sockets for longer than this.
constexpr std::uint32_t kResumesPerTurnMax = 8192;
constexpr std::int64_t kForever = -1;

}  // namespace

Result<std::unique_ptr<Shard>> Shard::create(ShardOptions options) {
    const int epoll_fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (epoll_fd < 0) {
        return fail(ErrorCode::io_error, errno_text("create an epoll set", errno));
    }
    const int wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (wake_fd < 0) {
        const int error = errno;
        ::close(epoll_fd);
        return fail(ErrorCode::io_error, errno_text("create an eventfd", error));
    }
    std::unique_ptr<Shard> shard(new Shard(options, epoll_fd, wake_fd));
    epoll_event event{};
    event.events = EPOLLIN | EPOLLET;
    event.data.ptr = nullptr;
    if (::epoll_ctl(epoll_fd, EPOLL_CTL_ADD, wake_fd, &event) != 0) {
        return fail(ErrorCode::io_error, errno_text("watch an eventfd", errno));
    }
    return shard;
}

Shard::Shard(ShardOptions options, int epoll_fd, int wake_fd)
    : options_(options), epoll_fd_(epoll_fd), wake_fd_(wake_fd) {}

Shard::~Shard() {
    ::close(wake_fd_);
    ::close(epoll_fd_);
}

Result<void> Shard::watch(int fd, PollTarget& target) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &target;
    if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) != 0) {
        const ErrorCode code = errno == EPERM ? ErrorCode::permission_denied : ErrorCode::io_error;
        return fail(code, errno_text("watch a descriptor", errno));
    }
    return {};
}

void Shard::unwatch(int fd) {
    epoll_event unused{};
    const int result = ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, &unused);
    WEIR_ASSERT(result == 0);
}

void Shard::run() {
    stopping_ = false;
    last_work_ = clock_.now();
    while (!stopping_) {
        poll();
        drain();
    }
}

void Shard::drain() {
    for (std::uint32_t resumed = 0; resumed < kResumesPerTurnMax && !stopping_; ++resumed) {
        if (ready_.empty()) {
            if (turn_end_.empty()) {
                return;
            }
            ready_.take_all(turn_end_);
        }
        ready_.pop_front().resume();
    }
}

std::int64_t Shard::poll_timeout_ns() const {
    if (!ready_.empty() || !turn_end_.empty() || !next_turn_.empty() ||
        completions_pending_.load(std::memory_order_acquire)) {
        return 0;
    }
    const bool spinning = options_.spin > Duration();
    if (!clock_.has_timers() && !spinning) {
        return kForever;
    }
    const Instant now = clock_.now();
    if (spinning && now - last_work_ < options_.spin) {
        return 0;
    }
    if (!clock_.has_timers()) {
        return kForever;
    }
    const std::int64_t left = (clock_.next_deadline() - now).ns();
    return left > 0 ? left : 0;
}

int Shard::wait_for_events(std::int64_t timeout_ns) {
    std::array<epoll_event, kEventsPerPollMax> events;
    int count = 0;
    if (timeout_ns <= 0) {
        count = ::epoll_wait(epoll_fd_, events.data(), kEventsPerPollMax,
                             timeout_ns == kForever ? -1 : 0);
    } else {
        timespec timeout{};
        timeout.tv_sec = timeout_ns / 1'000'000'000;
        timeout.tv_nsec = timeout_ns % 1'000'000'000;
        count = ::epoll_pwait2(epoll_fd_, events.data(), kEventsPerPollMax, &timeout, nullptr);
        if (count < 0 && errno == ENOSYS) {
            // Kernels before 5.11: milliseconds, rounded up, so that no timer fires early.
            const std::int64_t timeout_ms = (timeout_ns + 999'999) / 1'000'000;
            count = ::epoll_wait(epoll_fd_, events.data(), kEventsPerPollMax,
                                 timeout_ms > 60'000 ? 60'000 : static_cast<int>(timeout_ms));
        }
    }
    if (count < 0) {
        WEIR_ASSERT(errno == EINTR);
        return 0;
    }
    for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<std::size_t>(i)];
        if (event.data.ptr == nullptr) {
            clear_wake_fd();
        } else {
            static_cast<PollTarget*>(event.data.ptr)->on_events(event.events);
        }
    }
    return count;
}

void Shard::poll() {
    ++turn_;
    const int count = wait_for_events(poll_timeout_ns());
    if (completions_pending_.load(std::memory_order_acquire)) {
        take_completions();
    }
    ready_.take_all(next_turn_);
    if (clock_.has_timers()) {
        clock_.fire_due();
    }
    if (options_.spin > Duration() && (count > 0 || !ready_.empty())) {
        last_work_ = clock_.now();
    }
}

void Shard::clear_wake_fd() {
    std::uint64_t count = 0;
    // EAGAIN: cleared before. Nothing else can happen to an eventfd.
    WEIR_MAYBE(::read(wake_fd_, &count, sizeof(count)) < 0);
}

void Shard::complete(HelperJob& job) {
    bool first = false;
    {
        MutexLock lock(mutex_);
        job.next_ = nullptr;
        first = completed_first_ == nullptr;
        if (first) {
            completed_first_ = &job;
        } else {
            completed_last_->next_ = &job;
        }
        completed_last_ = &job;
        completions_pending_.store(true, std::memory_order_release);
    }
    if (first) {
        const std::uint64_t one = 1;
        // EAGAIN: the counter is full, so the shard is awake anyway.
        WEIR_MAYBE(::write(wake_fd_, &one, sizeof(one)) < 0);
    }
}

void Shard::take_completions() {
    HelperJob* job = nullptr;
    {
        MutexLock lock(mutex_);
        job = completed_first_;
        completed_first_ = completed_last_ = nullptr;
        completions_pending_.store(false, std::memory_order_relaxed);
    }
    while (job != nullptr) {
        HelperJob* next = job->next_;
        job->complete();
        job = next;
    }
}

}  // namespace weir::real
