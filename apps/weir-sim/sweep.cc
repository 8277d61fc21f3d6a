#include "apps/weir-sim/sweep.h"

#include "apps/weir-sim/bundle.h"
#include "apps/weir-sim/failure.h"
#include "apps/weir-sim/job_pool.h"
#include "apps/weir-sim/last_words.h"
#include "apps/weir-sim/report_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace weir::app {

namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kRunsPerProcess = 16;

std::int64_t since(SteadyClock::time_point start) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - start).count();
}

// Job n of a sweep: all scenarios with the first seed, then with the second, and so on.
class Plan {
public:
    Plan(std::size_t scenario_count, const SweepOptions& options)
        : scenario_count_(scenario_count), options_(options) {}

    std::size_t scenario(JobPool::Job job) const { return job % scenario_count_; }
    std::uint64_t seed(JobPool::Job job) const {
        return options_.first_seed + job / scenario_count_;
    }
    // Adds to `chunk` what is left over from a process that died.
    std::deque<JobPool::Job> fill(std::deque<JobPool::Job> chunk) {
        while (chunk.size() < kRunsPerProcess && more()) {
            chunk.push_back(next_++);
        }
        return chunk;
    }
    // 0 when the number is open.
    std::uint64_t total() const { return options_.seed_count.value_or(0) * scenario_count_; }

private:
    bool more() const { return !options_.seed_count.has_value() || next_ < total(); }

    std::uint64_t scenario_count_;
    const SweepOptions& options_;
    JobPool::Job next_ = 0;
};

// Failures that are shown while the sweep goes on.
constexpr std::size_t kShownAtOnce = 20;

class Sweep {
public:
    Sweep(const std::vector<sim::Scenario>& scenarios, const SweepOptions& options)
        : scenarios_(scenarios),
          options_(options),
          plan_(scenarios.size(), options),
          pool_(
              options.job_count, [this](JobPool::Job job) { return work(job); },
              [this](JobPool::Job, const std::string& line) { note(decode_line(line)); },
              [this](JobPool::Job job, int status) { note_death(job, status); }) {}

    SweepReport run() {
        fill();
        while (!pool_.idle()) {
            pool_.wait();
            // After the end of the time the runs under way are not waited for.
            if (closed()) {
                pool_.kill_all();
            }
            fill();
            show_progress();
        }
        if (is_terminal_) {
            std::fprintf(stderr, "\r\033[K");
        }
        report_.wall_ns = since(start_);
        std::sort(report_.hashes.begin(), report_.hashes.end());
        for (TimedReport& failure : report_.failures) {
            leave_replay(failure);
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
        while (!pool_.full() && !closed()) {
            std::deque<JobPool::Job> chunk = plan_.fill(pool_.take_left());
            if (chunk.empty()) {
                return;
            }
            pool_.start(std::move(chunk));
        }
    }

    std::string work(JobPool::Job job) const {
        sim::Case one;
        one.scenario = scenarios_[plan_.scenario(job)];
        one.seed = plan_.seed(job);
        sim::RunOptions how;
        how.log = options_.log;
        how.log_level = options_.log_level;
        TimedReport run = timed_run(one, how);
        if (!options_.keep_hashes) {
            run.report.checkpoints.clear();
        }
        return encode_line(run);
    }

    void note(TimedReport run) {
        const sim::RunReport& report = run.report;
        ++report_.runs;
        report_.events += report.events;
        report_.simulated_ns += report.simulated_ns;
        report_.acked_records += report.records.acked;
        report_.lost_records += report.records.lost;
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
            report_.hashes.push_back(RunHash{report.scenario, report.seed, report.trace_hash,
                                             std::move(run.report.checkpoints)});
        }
        if (report.verdict != sim::Verdict::passed) {
            show_failure(report);
            report_.failures.push_back(std::move(run));
        }
    }

    void note_death(JobPool::Job job, int status) {
        TimedReport run;
        run.report.scenario = scenarios_[plan_.scenario(job)].name;
        run.report.seed = plan_.seed(job);
        run.report.verdict = sim::Verdict::assertion;
        sim::Violation violation;
        violation.invariant = sim::Invariant::assertion;
        violation.text =
            WIFSIGNALED(status)
                ? fmt::format("the process was ended by {}", signal_text(WTERMSIG(status)))
                : fmt::format("the process ended with status {}", WEXITSTATUS(status));
        run.report.violations.push_back(std::move(violation));
        note(std::move(run));
    }

    // Says how to run a failure once more, and does so with its decisions written down.
    void leave_replay(TimedReport& failure) {
        const auto scenario = std::find_if(
            scenarios_.begin(), scenarios_.end(),
            [&](const sim::Scenario& one) { return one.name == failure.report.scenario; });
        if (scenario == scenarios_.end()) {
            return;
        }
        failure.replay = replay_command(*scenario, failure.report.seed);
        if (options_.bundle_dir.empty()) {
            return;
        }
        Bundle bundle;
        bundle.one.scenario = *scenario;
        bundle.one.seed = failure.report.seed;
        bundle.mutant = options_.mutant;
        const std::string name = std::filesystem::path(scenario->name).stem().string();
        failure.bundle_path = leave_bundle_of(std::move(bundle), options_.bundle_dir,
                                              fmt::format("{}-{}.json", name, failure.report.seed));
    }

    // At once, since a sweep may go on for hours; its report tells the same, with the bundle.
    void show_failure(const sim::RunReport& report) const {
        if (report_.failures.size() >= kShownAtOnce) {
            return;
        }
        std::fprintf(stderr, "%s%s seed %llu: %s\n%s", is_terminal_ ? "\r\033[K" : "",
                     report.scenario.c_str(), static_cast<unsigned long long>(report.seed),
                     std::string(sim::to_string(report.verdict)).c_str(),
                     violations_text(report).c_str());
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
    JobPool pool_;
    SweepReport report_;
    SteadyClock::time_point start_ = SteadyClock::now();
    std::int64_t shown_ns_ = 0;
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
