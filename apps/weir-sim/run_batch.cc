#include "apps/weir-sim/run_batch.h"

#include "apps/weir-sim/sweep.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace weir::app {

namespace {

struct Child {
    std::size_t index = 0;
    pid_t pid = -1;
    int pipe = -1;
    std::string text;
};

void write_all(int fd, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno != EINTR) {
            std::_Exit(1);
        }
        text.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : 0);
    }
}

// A bundle is also how a child tells what it did.
[[noreturn]] void work(const sim::Case& one, bool record, int out) {
    sim::Tape tape;
    sim::RunOptions how;
    how.record = record ? &tape : nullptr;
    const TimedReport run = timed_run(one, how);
    Bundle done;
    done.one.scenario = one.scenario;
    done.one.seed = one.seed;
    done.one.faults = run.report.fault_plan;
    done.one.kept = run.report.operations;
    if (record) {
        done.one.tape = std::move(tape);
    }
    done.expected = expected_of(run.report);
    write_all(out, write_bundle(done));
    std::_Exit(0);
}

Child start(const sim::Case& one, std::size_t index, bool record) {
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
        // What a dying candidate says is not what the user asked for.
        static_cast<void>(std::freopen("/dev/null", "w", stderr));
        ::close(ends[0]);
        work(one, record, ends[1]);
    }
    ::close(ends[1]);
    return Child{index, pid, ends[0], {}};
}

RunOutcome outcome_of(const Child& child) {
    RunOutcome outcome;
    Result<Bundle> told = read_bundle(child.text, "child");
    if (!told.has_value()) {
        outcome.seen.verdict = sim::Verdict::assertion;
        outcome.seen.invariant = sim::info(sim::Invariant::assertion).id;
        return outcome;
    }
    outcome.seen = std::move(told->expected);
    outcome.faults = std::move(*told->one.faults);
    outcome.operations = std::move(*told->one.kept);
    outcome.tape = std::move(told->one.tape);
    return outcome;
}

class Batch {
public:
    Batch(const std::vector<sim::Case>& cases, const BatchOptions& options,
          const std::function<bool(const RunOutcome&)>& wanted)
        : cases_(cases), options_(options), wanted_(wanted) {}

    std::optional<std::pair<std::size_t, RunOutcome>> run() {
        // Once a case is found, only those before it are of interest.
        std::size_t next = 0;
        while (true) {
            const std::size_t limit = found_.has_value() ? found_->first : cases_.size();
            while (children_.size() < options_.job_count && next < limit) {
                children_.push_back(start(cases_[next], next, options_.record));
                ++next;
            }
            drop_from(limit);
            if (children_.empty()) {
                return std::move(found_);
            }
            read_some();
        }
    }

private:
    void end(Child& child, bool kill) {
        if (kill) {
            ::kill(child.pid, SIGKILL);
        }
        ::close(child.pipe);
        int status = 0;
        ::waitpid(child.pid, &status, 0);
    }

    void drop_from(std::size_t limit) {
        for (Child& child : children_) {
            if (child.index >= limit) {
                end(child, true);
                child.pid = -1;
            }
        }
        std::erase_if(children_, [](const Child& child) { return child.pid < 0; });
    }

    void read_some() {
        std::vector<pollfd> waiting;
        waiting.reserve(children_.size());
        for (const Child& child : children_) {
            waiting.push_back(pollfd{child.pipe, POLLIN, 0});
        }
        if (::poll(waiting.data(), waiting.size(), -1) < 0) {
            return;
        }
        for (std::size_t i = 0; i < waiting.size(); ++i) {
            if (waiting[i].revents == 0) {
                continue;
            }
            Child& child = children_[i];
            std::array<char, 65'536> buffer;
            const ssize_t size = ::read(child.pipe, buffer.data(), buffer.size());
            if (size > 0) {
                child.text.append(buffer.data(), static_cast<std::size_t>(size));
                continue;
            }
            end(child, false);
            RunOutcome outcome = outcome_of(child);
            if ((!found_.has_value() || child.index < found_->first) && wanted_(outcome)) {
                found_.emplace(child.index, std::move(outcome));
            }
            child.pid = -1;
        }
        std::erase_if(children_, [](const Child& child) { return child.pid < 0; });
    }

    const std::vector<sim::Case>& cases_;
    const BatchOptions& options_;
    const std::function<bool(const RunOutcome&)>& wanted_;
    std::vector<Child> children_;
    std::optional<std::pair<std::size_t, RunOutcome>> found_;
};

}  // namespace

std::optional<std::pair<std::size_t, RunOutcome>> first_of(
    const std::vector<sim::Case>& cases, const BatchOptions& options,
    const std::function<bool(const RunOutcome&)>& wanted) {
    Batch batch(cases, options, wanted);
    return batch.run();
}

}  // namespace weir::app
