#define TOML_EXCEPTIONS 0

#include "apps/weir-sim/explore.h"

#include "apps/weir-sim/failure.h"
#include "apps/weir-sim/job_pool.h"
#include "apps/weir-sim/run_batch.h"
#include "apps/weir-sim/schedule.h"
#include "apps/weir-sim/sweep.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <sstream>
#include <string_view>
#include <toml++/toml.h>
#include <unistd.h>
#include <utility>

namespace weir::app {

namespace {

using nlohmann::json;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kRunsPerProcess = 64;
// After a power loss the machine is back soon.
constexpr Duration kPowerOff = Duration::from_ms(10);

// Those of fault points, which do not fire here.
constexpr std::string_view kFaultPointStreams = "point ";

// As the scenario says, but with the choices counted out.
Result<sim::Scenario> with_machine_chooser(const sim::Scenario& scenario) {
    toml::table root = toml::parse(scenario.text).table();
    if (!root.contains("run")) {
        root.insert("run", toml::table());
    }
    root["run"].as_table()->insert_or_assign("chooser", "machine");
    std::ostringstream text;
    text << root << '\n';
    WEIR_TRY(sim::Scenario changed, sim::parse_scenario(text.str(), scenario.name));
    changed.name = scenario.name;
    return changed;
}

// What the run of a schedule tells, as one line.
json line_of(const sim::RunReport& report, const Branches& branches) {
    json choices = json::array();
    for (const Branches::Point& point : branches.choices) {
        choices.push_back({point.choice, point.event, point.options});
    }
    json losses = json::array();
    for (const Branches::PowerLoss& loss : branches.power_losses) {
        losses.push_back({loss.event, loss.at.ns()});
    }
    return {{"passed", report.verdict == sim::Verdict::passed},
            {"choices", std::move(choices)},
            {"power_losses", std::move(losses)}};
}

Branches branches_of(const json& line) {
    Branches branches;
    for (const json& point : line["choices"]) {
        branches.choices.push_back({point[0], point[1], point[2]});
    }
    for (const json& loss : line["power_losses"]) {
        branches.power_losses.push_back({loss[0], Duration::from_ns(loss[1].get<std::int64_t>())});
    }
    return branches;
}

class Explorer {
public:
    Explorer(sim::Scenario scenario, const ExploreOptions& options)
        : options_(options),
          pool_(
              options.job_count, [this](JobPool::Job job) { return work(job); },
              [this](JobPool::Job job, const std::string& line) { note(job, json::parse(line)); },
              [this](JobPool::Job job, int) { note_failure(job); }) {
        base_.scenario = std::move(scenario);
        base_.seed = options.seed;
        base_.faults.emplace();
    }

    Result<ExploreReport> run() {
        WEIR_CHECK(find_target());
        begin();
        Children level;
        bool done = false;
        for (depth_ = 0; depth_ <= options_.bound && !done; ++depth_) {
            done = run_level(level);
            level = Children();
            for (auto& [job, parent] : parents_) {
                level.add(std::move(parent.first), std::move(parent.second));
            }
            parents_.clear();
            done = done || level.count() == 0;
        }
        if (is_terminal_) {
            std::fprintf(stderr, "\r\033[K");
        }
        if (failed_.has_value()) {
            report_failure();
        }
        report_.wall_ns = elapsed_ns();
        return std::move(report_);
    }

private:
    std::int64_t elapsed_ns() const {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - start_)
            .count();
    }
    bool late() const {
        return options_.time_limit_ns.has_value() && elapsed_ns() >= *options_.time_limit_ns;
    }

    // Machines are numbered as the runner adds them: SC, SPUs, clients.
    Result<void> find_target() {
        const std::string& name = options_.power_loss;
        if (name.empty()) {
            return {};
        }
        power_loss_.kind = sim::FaultKind::power_loss;
        power_loss_.loss = sim::LossMode::all;
        power_loss_.lasts = kPowerOff;
        if (name == "sc") {
            power_loss_.target = sim::Role::sc;
            return {};
        }
        for (std::uint32_t i = 0; i < base_.scenario.spu_count; ++i) {
            if (name == fmt::format("spu-{}", i)) {
                power_loss_.target = sim::Role::spu;
                power_loss_.target_index = i;
                return {};
            }
        }
        return fail(ErrorCode::invalid_argument,
                    fmt::format("--power-loss {}: one of sc, spu-0 and so on", name));
    }

    // One run with all operations, first in, first out: how long each message and each disk takes
    // is from then on what it was there, and which operations there are is known.
    void begin() {
        sim::Case fifo = base_;
        fifo.scenario.chooser.chooser = sim::Chooser::fifo;
        BatchOptions how;
        how.record = true;
        auto ran = first_of({fifo}, how, [](const RunOutcome&) { return true; });
        base_.tape = ran->second.tape.value_or(sim::Tape());
        std::erase_if(*base_.tape, [](const auto& track) {
            return track.first.starts_with(kFaultPointStreams);
        });
        std::vector<sim::OperationId> kept = std::move(ran->second.operations);
        report_.operations_before = kept.size();
        kept.resize(std::min(kept.size(), kExploredOperationsMax));
        report_.operation_count = kept.size();
        std::sort(kept.begin(), kept.end());
        base_.kept = std::move(kept);
        report_.scenario = base_.scenario.name;
        report_.seed = base_.seed;
        report_.machine_count = 1 + base_.scenario.spu_count + base_.scenario.client_count;
        report_.power_loss = options_.power_loss;
        report_.load_only = options_.load_only;
    }

    sim::Case case_of(const Schedule& schedule) const {
        sim::Case one = base_;
        one.tape->insert_or_assign("sched.choose", choices_of(schedule));
        for (const Deviation& deviation : schedule.deviations) {
            if (deviation.power_loss_at.has_value()) {
                sim::Fault fault = power_loss_;
                fault.at = *deviation.power_loss_at;
                one.faults->push_back(fault);
            }
        }
        return one;
    }

    // In the child.
    std::string work(JobPool::Job job) const {
        const Schedule& schedule = running_.find(job)->second;
        const bool has_children = depth_ < options_.bound;
        const bool may_lose_power =
            has_children && !options_.power_loss.empty() && !schedule.loses_power();
        std::vector<sim::Choice> choices;
        std::vector<sim::TraceEvent> events;
        sim::RunOptions how;
        how.choices = has_children ? &choices : nullptr;
        how.events = may_lose_power ? &events : nullptr;
        const sim::RunReport report = sim::run_case(case_of(schedule), how);
        Branches branches;
        for (std::size_t i = 0; i < choices.size(); ++i) {
            const bool counts = !options_.load_only || under_load(report, choices[i].time_ns);
            if (counts && choices[i].event > schedule.last_event()) {
                branches.choices.push_back({i, choices[i].event, choices[i].options});
            }
        }
        branches.power_losses = power_losses(events, report, schedule.last_event());
        return line_of(report, branches).dump();
    }

    bool under_load(const sim::RunReport& report, std::int64_t time_ns) const {
        return report.load_begin_ns > 0 && time_ns >= report.load_begin_ns &&
               time_ns < report.load_begin_ns + base_.scenario.duration.ns();
    }

    // One for each time under load at which the machine did something.
    std::vector<Branches::PowerLoss> power_losses(const std::vector<sim::TraceEvent>& events,
                                                  const sim::RunReport& report,
                                                  std::uint64_t last_event) const {
        std::vector<Branches::PowerLoss> losses;
        const std::uint32_t node =
            power_loss_.target == sim::Role::sc ? 0 : 1 + power_loss_.target_index;
        for (const sim::TraceEvent& event : events) {
            const Duration at = Duration::from_ns(event.time_ns - report.load_begin_ns);
            const bool is_new = losses.empty() || losses.back().at != at;
            if (event.node == node && event.sequence > last_event && is_new &&
                under_load(report, event.time_ns)) {
                losses.push_back({event.sequence, at});
            }
        }
        return losses;
    }

    // Answers whether the search is over.
    bool run_level(Children& level) {
        const bool is_first = depth_ == 0;
        report_.levels.push_back({is_first ? 1 : level.count(), 0});
        bool root_given = false;
        const auto next_schedule = [&]() -> std::optional<Schedule> {
            if (!is_first) {
                return level.next();
            }
            return std::exchange(root_given, true) ? std::nullopt
                                                   : std::optional<Schedule>(Schedule());
        };
        while (true) {
            while (!pool_.full() && !late() && !failed_.has_value()) {
                std::deque<JobPool::Job> jobs = pool_.take_left();
                while (jobs.size() < kRunsPerProcess) {
                    std::optional<Schedule> schedule = next_schedule();
                    if (!schedule.has_value()) {
                        break;
                    }
                    running_.emplace(next_job_, *std::move(schedule));
                    jobs.push_back(next_job_++);
                }
                if (jobs.empty()) {
                    break;
                }
                pool_.start(std::move(jobs));
            }
            if (pool_.idle()) {
                break;
            }
            pool_.wait();
            if (late()) {
                pool_.kill_all();
            }
            show_progress();
        }
        const ExploreReport::Level& done = report_.levels.back();
        return failed_.has_value() || done.run_count < done.schedule_count;
    }

    void note(JobPool::Job job, const json& line) {
        if (!line["passed"].get<bool>()) {
            note_failure(job);
            return;
        }
        ++report_.levels.back().run_count;
        const auto ran = running_.extract(job);
        if (depth_ < options_.bound) {
            Branches branches = branches_of(line);
            if (depth_ == 0) {
                count_orders(branches);
            }
            parents_.emplace(job, std::make_pair(std::move(ran.mapped()), std::move(branches)));
        }
    }

    void count_orders(const Branches& branches) {
        report_.orders_log10 = 0;
        for (const Branches::Point& point : branches.choices) {
            *report_.orders_log10 += std::log10(static_cast<double>(point.options));
        }
    }

    void note_failure(JobPool::Job job) {
        ++report_.levels.back().run_count;
        if (!failed_.has_value() || job < failed_->first) {
            failed_.emplace(job, running_.find(job)->second);
        }
    }

    void report_failure() {
        Bundle bundle;
        bundle.one = case_of(failed_->second);
        bundle.mutant = options_.mutant;
        TimedReport failure;
        failure.report.scenario = report_.scenario;
        failure.report.seed = report_.seed;
        const std::string name = std::filesystem::path(report_.scenario).stem().string();
        failure.bundle_path = leave_bundle_of(
            bundle, options_.bundle_dir, fmt::format("{}-{}-explored.json", name, report_.seed));
        auto again = first_of({bundle.one}, BatchOptions(), [](const RunOutcome&) { return true; });
        const Expected& seen = again->second.seen;
        failure.report.verdict = seen.verdict;
        for (const sim::InvariantInfo& info : sim::invariant_catalogue()) {
            if (info.id == seen.invariant) {
                failure.report.violations.push_back(
                    {info.invariant, seen.text, seen.time_ns, seen.event});
            }
        }
        report_.deviation_count = failed_->second.deviations.size();
        report_.failure = std::move(failure);
    }

    void show_progress() {
        const std::int64_t now = elapsed_ns();
        if (now - shown_ns_ < (is_terminal_ ? 100'000'000 : 10'000'000'000)) {
            return;
        }
        shown_ns_ = now;
        const ExploreReport::Level& level = report_.levels.back();
        std::fprintf(
            stderr, "%s%zu deviations: %llu of %llu schedules%s", is_terminal_ ? "\r\033[K" : "",
            static_cast<std::size_t>(depth_), static_cast<unsigned long long>(level.run_count),
            static_cast<unsigned long long>(level.schedule_count), is_terminal_ ? "" : "\n");
    }

    ExploreOptions options_;
    sim::Case base_;
    sim::Fault power_loss_;
    JobPool pool_;
    ExploreReport report_;
    std::uint64_t depth_ = 0;
    JobPool::Job next_job_ = 0;
    std::map<JobPool::Job, Schedule> running_;
    // Of this level, by their jobs.
    std::map<JobPool::Job, std::pair<Schedule, Branches>> parents_;
    std::optional<std::pair<JobPool::Job, Schedule>> failed_;
    SteadyClock::time_point start_ = SteadyClock::now();
    std::int64_t shown_ns_ = 0;
    bool is_terminal_ = ::isatty(STDERR_FILENO) != 0;
};

}  // namespace

Result<ExploreReport> explore_schedules(const sim::Scenario& scenario,
                                        const ExploreOptions& options) {
    const std::uint64_t machines = std::uint64_t{1} + scenario.spu_count + scenario.client_count;
    if (machines > kExploredMachinesMax) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("{} has {} machines with its SC; more than {} have too many "
                                "schedules to try all of them",
                                scenario.name, machines, kExploredMachinesMax));
    }
    WEIR_TRY(sim::Scenario changed, with_machine_chooser(scenario));
    Explorer explorer(std::move(changed), options);
    return explorer.run();
}

}  // namespace weir::app
