#include "apps/weir-sim/sweep.h"

#include "apps/commit.h"
#include "apps/weir-sim/bundle.h"
#include "apps/weir-sim/run_batch.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <list>
#include <poll.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace weir::app {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kRunsPerProcess = 16;
constexpr int kPollMs = 200;

std::int64_t since(SteadyClock::time_point start) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - start).count();
}

struct Run {
    std::size_t scenario = 0;
    std::uint64_t seed = 0;
};

// Hands out the seeds: all scenarios with the first seed, then with the second, and so on.
class Plan {
public:
    Plan(std::size_t scenario_count, const SweepOptions& options)
        : scenario_count_(scenario_count), options_(options) {}

    std::deque<Run> next_chunk() {
        std::deque<Run> chunk = std::exchange(returned_, {});
        while (chunk.size() < kRunsPerProcess && more()) {
            chunk.push_back(
                Run{next_ % scenario_count_, options_.first_seed + next_ / scenario_count_});
            ++next_;
        }
        return chunk;
    }
    void give_back(std::deque<Run> runs) {
        returned_.insert(returned_.end(), runs.begin(), runs.end());
    }
    // 0 when the number is open.
    std::uint64_t total() const { return options_.seed_count.value_or(0) * scenario_count_; }

private:
    bool more() const { return !options_.seed_count.has_value() || next_ < total(); }

    std::uint64_t scenario_count_;
    const SweepOptions& options_;
    std::uint64_t next_ = 0;
    std::deque<Run> returned_;
};

struct Worker {
    pid_t pid = -1;
    int pipe = -1;
    std::deque<Run> runs;  // not reported yet
    std::string buffer;
};

void write_all(int fd, const std::string& text) {
    std::size_t at = 0;
    while (at < text.size()) {
        const ssize_t written = ::write(fd, text.data() + at, text.size() - at);
        if (written < 0 && errno != EINTR) {
            std::_Exit(1);
        }
        at += written > 0 ? static_cast<std::size_t>(written) : 0;
    }
}

[[noreturn]] void work(const std::vector<sim::Scenario>& scenarios, const std::deque<Run>& runs,
                       const sim::RunOptions& how, int out) {
    for (const Run& run : runs) {
        sim::Case one;
        one.scenario = scenarios[run.scenario];
        one.seed = run.seed;
        const TimedReport report = timed_run(one, how);
        write_all(out, encode_line(report) + "\n");
    }
    std::_Exit(0);
}

class Sweep {
public:
    Sweep(const std::vector<sim::Scenario>& scenarios, const SweepOptions& options)
        : scenarios_(scenarios), options_(options), plan_(scenarios.size(), options) {}

    SweepReport run() {
        fill();
        while (!workers_.empty()) {
            wait_for_output();
            fill();
            show_progress();
        }
        if (is_terminal_) {
            std::fprintf(stderr, "\r\033[K");
        }
        report_.wall_ns = since(start_);
        std::sort(report_.hashes.begin(), report_.hashes.end());
        for (TimedReport& failure : report_.failures) {
            leave_bundle(failure);
        }
        return std::move(report_);
    }

private:
    bool closed() const {
        const bool late =
            options_.time_limit_ns.has_value() && since(start_) >= *options_.time_limit_ns;
        return late || (options_.stop_at_first_failure && !report_.failures.empty());
    }

    void fill() {
        while (workers_.size() < options_.job_count && !closed()) {
            std::deque<Run> chunk = plan_.next_chunk();
            if (chunk.empty()) {
                return;
            }
            start_worker(std::move(chunk));
        }
    }

    void start_worker(std::deque<Run> runs) {
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
            sim::RunOptions how;
            how.log = options_.log;
            how.log_level = options_.log_level;
            work(scenarios_, runs, how, ends[1]);
        }
        ::close(ends[1]);
        workers_.push_back(Worker{pid, ends[0], std::move(runs), {}});
    }

    void wait_for_output() {
        std::vector<pollfd> fds;
        for (const Worker& worker : workers_) {
            fds.push_back(pollfd{worker.pipe, POLLIN, 0});
        }
        ::poll(fds.data(), fds.size(), kPollMs);
        std::size_t index = 0;
        for (auto worker = workers_.begin(); worker != workers_.end(); ++index) {
            const bool ready = (fds[index].revents & (POLLIN | POLLHUP)) != 0;
            if (ready && !read_some(*worker)) {
                finish(*worker);
                worker = workers_.erase(worker);
            } else {
                ++worker;
            }
        }
        if (closed()) {
            stop_late_workers();
        }
    }

    // False when the worker has ended.
    bool read_some(Worker& worker) {
        std::array<char, 65536> bytes{};
        const ssize_t size = ::read(worker.pipe, bytes.data(), bytes.size());
        if (size <= 0) {
            return size < 0 && errno == EINTR;
        }
        worker.buffer.append(bytes.data(), static_cast<std::size_t>(size));
        std::size_t end = 0;
        while ((end = worker.buffer.find('\n')) != std::string::npos) {
            note(decode_line(worker.buffer.substr(0, end)));
            worker.buffer.erase(0, end + 1);
            worker.runs.pop_front();
        }
        return true;
    }

    void note(TimedReport run) {
        const sim::RunReport& report = run.report;
        ++report_.runs;
        report_.events += report.events;
        report_.simulated_ns += report.simulated_ns;
        report_.acked_records += report.records.acked;
        report_.read_records += report.records.consumed;
        for (std::size_t i = 0; i < report.faults.size(); ++i) {
            report_.faults[i] += report.faults[i];
        }
        for (std::size_t i = 0; i < report.points.size(); ++i) {
            report_.points[i] += report.points[i];
        }
        for (std::size_t i = 0; i < report.situations.size(); ++i) {
            report_.situations[i] += report.situations[i];
        }
        if (options_.keep_hashes) {
            report_.hashes.push_back(RunHash{report.scenario, report.seed, report.trace_hash});
        }
        if (report.verdict != sim::Verdict::passed) {
            report_.failures.push_back(std::move(run));
        }
    }

    void finish(Worker& worker) {
        ::close(worker.pipe);
        int status = 0;
        ::waitpid(worker.pid, &status, 0);
        if (worker.runs.empty() || stopped_) {
            return;
        }
        // It died inside the first run that it has not reported.
        const Run died = worker.runs.front();
        worker.runs.pop_front();
        TimedReport run;
        run.report.scenario = scenarios_[died.scenario].name;
        run.report.seed = died.seed;
        run.report.verdict = sim::Verdict::assertion;
        sim::Violation violation;
        violation.invariant = sim::Invariant::assertion;
        violation.text = WIFSIGNALED(status)
                             ? fmt::format("the process was ended by signal {}", WTERMSIG(status))
                             : fmt::format("the process ended with status {}", WEXITSTATUS(status));
        run.report.violations.push_back(std::move(violation));
        note(std::move(run));
        plan_.give_back(std::move(worker.runs));
    }

    // Runs a failure once more, with its decisions written down.
    void leave_bundle(TimedReport& failure) {
        const auto scenario = std::find_if(
            scenarios_.begin(), scenarios_.end(),
            [&](const sim::Scenario& one) { return one.name == failure.report.scenario; });
        if (options_.bundle_dir.empty() || scenario == scenarios_.end()) {
            return;
        }
        Bundle bundle;
        bundle.one.scenario = *scenario;
        bundle.one.seed = failure.report.seed;
        bundle.mutant = options_.mutant;
        bundle.commit = program_commit();
        BatchOptions how;
        how.record = true;
        auto ran = first_of({bundle.one}, how, [](const RunOutcome&) { return true; });
        bundle.expected = std::move(ran->second.seen);
        bundle.one.tape = std::move(ran->second.tape);
        const std::string name = std::filesystem::path(scenario->name).stem().string();
        const std::filesystem::path path = std::filesystem::path(options_.bundle_dir) /
                                           fmt::format("{}-{}.json", name, failure.report.seed);
        std::error_code error;
        std::filesystem::create_directories(options_.bundle_dir, error);
        std::ofstream file(path, std::ios::binary);
        file << write_bundle(bundle);
        file.close();
        if (error || !file) {
            std::fprintf(stderr, "weir-sim: cannot write %s; --bundles names another folder\n",
                         path.c_str());
            return;
        }
        failure.bundle_path = path.string();
    }

    // After the end of the time the runs under way are not waited for.
    void stop_late_workers() {
        stopped_ = true;
        for (const Worker& worker : workers_) {
            ::kill(worker.pid, SIGKILL);
        }
    }

    void show_progress() {
        const std::int64_t now = since(start_);
        const std::int64_t interval = is_terminal_ ? 100'000'000 : 2'000'000'000;
        if (now - shown_ns_ < interval) {
            return;
        }
        shown_ns_ = now;
        const double done =
            options_.time_limit_ns.has_value()
                ? static_cast<double>(now) / static_cast<double>(*options_.time_limit_ns)
                : static_cast<double>(report_.runs) /
                      static_cast<double>(std::max<std::uint64_t>(plan_.total(), 1));
        const int percent = static_cast<int>(std::min(done, 1.0) * 100);
        std::string bar(static_cast<std::size_t>(percent / 4), '#');
        bar.resize(25, '.');
        std::fprintf(stderr, "%s[%s] %3d %%  %llu runs, %.1f simulated hours, %zu failed%s",
                     is_terminal_ ? "\r\033[K" : "", bar.c_str(), percent,
                     static_cast<unsigned long long>(report_.runs),
                     static_cast<double>(report_.simulated_ns) / 3.6e12, report_.failures.size(),
                     is_terminal_ ? "" : "\n");
    }

    const std::vector<sim::Scenario>& scenarios_;
    const SweepOptions& options_;
    Plan plan_;
    std::list<Worker> workers_;
    SweepReport report_;
    SteadyClock::time_point start_ = SteadyClock::now();
    std::int64_t shown_ns_ = 0;
    bool stopped_ = false;
    bool is_terminal_ = ::isatty(STDERR_FILENO) != 0;
};

}  // namespace

TimedReport timed_run(const sim::Case& one, const sim::RunOptions& options) {
    const SteadyClock::time_point start = SteadyClock::now();
    TimedReport run;
    run.report = sim::run_case(one, options);
    run.wall_ns = since(start);
    return run;
}

SweepReport sweep(const std::vector<sim::Scenario>& scenarios, const SweepOptions& options) {
    WEIR_ASSERT(!scenarios.empty());
    Sweep all(scenarios, options);
    return all.run();
}

}  // namespace weir::app
