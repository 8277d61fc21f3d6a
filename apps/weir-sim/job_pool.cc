#include "apps/weir-sim/job_pool.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <poll.h>
#include <unistd.h>
#include <vector>

namespace weir::app {

namespace {

constexpr int kPollMs = 200;

}  // namespace

void JobPool::start(std::deque<Job> jobs) {
    Child child;
    child.process = start_child([this, &jobs](int out) {
        for (const Job job : jobs) {
            write_all(out, work_(job) + "\n");
        }
    });
    child.jobs = std::move(jobs);
    children_.push_back(std::move(child));
}

void JobPool::wait() {
    std::vector<pollfd> fds;
    for (const Child& child : children_) {
        fds.push_back(pollfd{child.process.pipe, POLLIN, 0});
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
    const ssize_t size = ::read(child.process.pipe, bytes.data(), bytes.size());
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
    const int status = end_child(child.process);
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
        ::kill(child.process.pid, SIGKILL);
    }
}

}  // namespace weir::app
