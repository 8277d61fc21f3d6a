#include "apps/weir/input.h"

#include "runtime/real/loop/helper_pool.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace weir::cli {
namespace {

constexpr std::size_t kReadSize = std::size_t{256} << 10U;

// Bytes read into `into`, 0 at the end, -1 with errno; ECANCELED when `wake` became readable first.
ssize_t read_or_wake(int fd, int wake, char* into, std::size_t size) {
    while (true) {
        pollfd watched[2] = {{fd, POLLIN, 0}, {wake, POLLIN, 0}};
        const int ready = ::poll(watched, 2, -1);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        if (ready < 0) {
            return -1;
        }
        if (watched[1].revents != 0) {
            errno = ECANCELED;
            return -1;
        }
        const ssize_t got = ::read(fd, into, size);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
            continue;
        }
        return got;
    }
}

struct Got {
    ssize_t size = 0;
    int error = 0;
};

}  // namespace

Result<std::unique_ptr<Input>> Input::open(real::RealEnv& real,
                                           const std::optional<std::string>& path) {
    int fd = STDIN_FILENO;
    if (path.has_value()) {
        fd = ::open(path->c_str(), O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            return fail(ErrorCode::not_found,
                        fmt::format("cannot read the file {}: {}", *path, std::strerror(errno)));
        }
    }
    int wake[2] = {-1, -1};
    if (::pipe2(wake, O_CLOEXEC | O_NONBLOCK) != 0) {
        return fail(ErrorCode::io_error, fmt::format("pipe: {}", std::strerror(errno)));
    }
    return std::make_unique<Input>(real, fd, wake[0], wake[1]);
}

Input::Input(real::RealEnv& real, int fd, int wake_read, int wake_write)
    : real_(real), fd_(fd), wake_read_(wake_read), wake_write_(wake_write) {}

Input::~Input() {
    ::close(wake_read_);
    ::close(wake_write_);
    if (fd_ != STDIN_FILENO) {
        ::close(fd_);
    }
}

bool Input::is_terminal() const {
    return ::isatty(fd_) != 0;
}

void Input::on_cancel(void* self) {
    const char byte = 1;
    const ssize_t written = ::write(static_cast<Input*>(self)->wake_write_, &byte, 1);
    WEIR_MAYBE(written == 1);
}

Task<Result<bool>> Input::fill(CancelToken token) {
    if (ended_) {
        co_return false;
    }
    if (token.cancelled()) {
        co_return fail(ErrorCode::cancelled, "reading the input");
    }
    buffer_.erase(0, at_);
    at_ = 0;
    const std::size_t kept = buffer_.size();
    buffer_.resize(kept + kReadSize);
    const CancelCallback wake(token, &Input::on_cancel, this);
    char* const into = buffer_.data() + kept;
    real::HelperCall call(real_.helpers(), [this, into] {
        Got got;
        got.size = read_or_wake(fd_, wake_read_, into, kReadSize);
        got.error = errno;
        return got;
    });
    const Got got = co_await call;
    buffer_.resize(kept + static_cast<std::size_t>(got.size > 0 ? got.size : 0));
    if (got.size < 0) {
        if (got.error == ECANCELED) {
            co_return fail(ErrorCode::cancelled, "reading the input");
        }
        co_return fail(ErrorCode::io_error,
                       fmt::format("reading the input: {}", std::strerror(got.error)));
    }
    ended_ = got.size == 0;
    co_return !ended_;
}

bool Input::has_line() const {
    return buffer_.find('\n', at_) != std::string::npos;
}

std::optional<std::string> Input::take_line() {
    const std::size_t end = buffer_.find('\n', at_);
    if (end == std::string::npos) {
        return std::nullopt;
    }
    std::size_t size = end - at_;
    if (size > 0 && buffer_[at_ + size - 1] == '\r') {
        --size;
    }
    std::string line = buffer_.substr(at_, size);
    at_ = end + 1;
    return line;
}

Task<Result<std::optional<std::string>>> Input::next_line(CancelToken token) {
    while (true) {
        std::optional<std::string> line = take_line();
        if (line.has_value()) {
            co_return line;
        }
        WEIR_CO_TRY(const bool more, co_await fill(token));
        if (!more) {
            break;
        }
    }
    if (at_ == buffer_.size()) {
        co_return std::optional<std::string>();
    }
    std::string last = buffer_.substr(at_);
    at_ = buffer_.size();
    co_return std::optional<std::string>(std::move(last));
}

Task<Result<std::string>> Input::rest(CancelToken token) {
    std::string all;
    while (true) {
        all.append(buffer_, at_, std::string::npos);
        at_ = buffer_.size();
        WEIR_CO_TRY(const bool more, co_await fill(token));
        if (!more) {
            break;
        }
    }
    co_return all;
}

}  // namespace weir::cli
