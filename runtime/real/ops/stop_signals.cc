#include "runtime/real/ops/stop_signals.h"

#include "core/base/assert.h"
#include "runtime/real/loop/errno_text.h"

#include <atomic>
#include <cerrno>
#include <sys/eventfd.h>
#include <unistd.h>

namespace weir::real {

namespace {

// What the handler may touch. A signal handler has no context, so this is per process.
std::atomic<int> g_wake_fd{-1};
std::atomic<int> g_signal_count{0};
static_assert(std::atomic<int>::is_always_lock_free);

constexpr int kExitOfSignal = 128;

extern "C" void weir_on_stop_signal(int signal) {
    const int saved = errno;
    if (g_signal_count.fetch_add(1) > 0) {
        ::_exit(kExitOfSignal + signal);
    }
    const std::uint64_t one = 1;
    WEIR_MAYBE(::write(g_wake_fd.load(), &one, sizeof(one)) < 0);
    errno = saved;
}

}  // namespace

Result<std::unique_ptr<StopSignals>> StopSignals::install(Shard& shard, CancelSource& source) {
    WEIR_ASSERT(g_wake_fd.load() < 0);
    std::unique_ptr<StopSignals> self(new StopSignals(shard, source));
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        return fail(ErrorCode::io_error, errno_text("create an eventfd", errno));
    }
    Result<void> watched = shard.watch(fd, *self);
    if (!watched.has_value()) {
        ::close(fd);
        return fail(std::move(watched).error());
    }
    self->fd_ = fd;
    g_signal_count.store(0);
    g_wake_fd.store(fd);
    struct sigaction action{};
    action.sa_handler = &weir_on_stop_signal;
    action.sa_flags = SA_RESTART;
    ::sigemptyset(&action.sa_mask);
    ::sigaction(SIGINT, &action, &self->before_int_);
    ::sigaction(SIGTERM, &action, &self->before_term_);
    return self;
}

StopSignals::~StopSignals() {
    if (fd_ < 0) {
        return;
    }
    ::sigaction(SIGINT, &before_int_, nullptr);
    ::sigaction(SIGTERM, &before_term_, nullptr);
    g_wake_fd.store(-1);
    shard_.unwatch(fd_);
    ::close(fd_);
}

void StopSignals::on_events(std::uint32_t) {
    std::uint64_t count = 0;
    // The first report of a fresh descriptor says "writable"; only a count means a signal.
    if (::read(fd_, &count, sizeof(count)) == static_cast<ssize_t>(sizeof(count))) {
        source_.cancel();
    }
}

}  // namespace weir::real
