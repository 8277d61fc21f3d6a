#include "apps/weir-sim/job_pool.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace weir::app {

namespace {

constexpr int kPollMs = 200;

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            std::_Exit(1);
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
}

}  // namespace

void JobPool::work_through(const std::deque<Job>& jobs, int out) {
    for (const Job job : jobs) {
        write_all(out, work_(job) + "\n");
    }
    std::_Exit(0);
}

void JobPool::start(std::deque<Job> jobs) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        std::perror("weir-sim: pipe");
        std::exit(1);
    }
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    if (pid < 0) {
        std::perror("weir-sim: fork");
        std::exit(1);
    }
    if (pid == 0) {
        ::close(ends[0]);
        work_through(jobs, ends[1]);
    }
    ::close(ends[1]);
    children_.push_back(Child{pid, ends[0], std::move(jobs), {}});
}

void JobPool::wait() {
    std::vector<pollfd> fds;
    for (const Child& child : children_) {
        fds.push_back(pollfd{child.pipe, POLLIN, 0});
    }
    ::poll(fds.data(), fds.size(), kPollMs);
    std::size_t index = 0;
    for (auto child = children_.begin(); child != children_.end(); ++index) {
        const bool ready = (fds[index].revents & (POLLIN | POLLHUP)) != 0;
        if (ready && !read_some(*child)) {
            finish(*child);
            child = children_.erase(child);
        } else {
            ++child;
        }
    }
}

bool JobPool::read_some(Child& child) {
    std::array<char, 65536> bytes{};
    const ssize_t size = ::read(child.pipe, bytes.data(), bytes.size());
    if (size <= 0) {
        return size < 0 && errno == EINTR;
    }
    child.buffer.append(bytes.data(), static_cast<std::size_t>(size));
    std::size_t end = 0;
    while ((end = child.buffer.find('\n')) != std::string::npos) {
        const std::string line = child.buffer.substr(0, end);
        child.buffer.erase(0, end + 1);
        const Job job = child.jobs.front();
        child.jobs.pop_front();
        if (!killed_) {
            done_(job, line);
        }
    }
    return true;
}

void JobPool::finish(Child& child) {
    ::close(child.pipe);
    int status = 0;
    ::waitpid(child.pid, &status, 0);
    if (child.jobs.empty() || killed_) {
        return;
    }
    // It died inside the first job that it has not reported.
    const Job job = child.jobs.front();
    child.jobs.pop_front();
    left_.insert(left_.end(), child.jobs.begin(), child.jobs.end());
    died_(job, status);
}

void JobPool::kill_all() {
    killed_ = true;
    for (const Child& child : children_) {
        ::kill(child.pid, SIGKILL);
    }
}

}  // namespace weir::app
