// Child processes that work through numbered jobs and write a line for each.
//
// One that dies (an assertion, a crash) costs the job it was at; the jobs behind it come back. A
// child sees the memory of the program as it was when it was started. Owned by one loop, which
// starts, waits and looks at what came; every child has ended once idle() is true.
#pragma once

#include "apps/weir-sim/child_process.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <string>
#include <utility>

namespace weir::app {

class JobPool {
public:
    using Job = std::uint64_t;

    // `work` runs in the child and answers the line, which has no line break in it. `done` and
    // `died` are called by wait(); `died` with the status that waitpid() tells.
    JobPool(unsigned process_count, std::function<std::string(Job)> work,
            std::function<void(Job, const std::string& line)> done,
            std::function<void(Job, int status)> died)
        : process_count_(process_count),
          work_(std::move(work)),
          done_(std::move(done)),
          died_(std::move(died)) {}
    JobPool(const JobPool&) = delete;
    JobPool& operator=(const JobPool&) = delete;

    bool idle() const { return children_.empty(); }
    bool full() const { return children_.size() >= process_count_; }
    // One process more, for these jobs in this order.
    void start(std::deque<Job> jobs);
    // Until something was written or 200 ms are over.
    void wait();
    // Jobs that a process which died has not got to.
    std::deque<Job> take_left() { return std::exchange(left_, {}); }
    // What runs now is not waited for and not told of.
    void kill_all();

private:
    struct Child {
        ChildProcess process;
        std::deque<Job> jobs;  // not reported yet
        std::string buffer;
    };

    // False when the child has ended.
    bool read_some(Child& child);
    void finish(Child& child);

    unsigned process_count_;
    std::function<std::string(Job)> work_;
    std::function<void(Job, const std::string&)> done_;
    std::function<void(Job, int)> died_;
    std::list<Child> children_;
    std::deque<Job> left_;
    bool killed_ = false;
};

}  // namespace weir::app
