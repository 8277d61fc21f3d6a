#include "apps/weir-sim/run_batch.h"

#include "apps/weir-sim/child_process.h"
#include "apps/weir-sim/last_words.h"
#include "apps/weir-sim/sweep.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <utility>

namespace weir::app {

namespace {

struct Child {
    std::size_t index = 0;
    ChildProcess process;
    std::string text;
};

// A bundle is also how a child tells what it did.
void work(const sim::Case& one, const sim::RunOptions& options, bool record, int out) {
    say_last_words(out);
    sim::Tape tape;
    sim::RunOptions how = options;
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
}

Child start(const sim::Case& one, std::size_t index, bool record) {
    Child child;
    child.index = index;
    child.process = start_child([&one, record](int out) {
        // What a dying candidate says is not what the user asked for.
        static_cast<void>(std::freopen("/dev/null", "w", stderr));
        work(one, sim::RunOptions(), record, out);
    });
    return child;
}

std::string read_to_end(int pipe) {
    std::string text;
    std::array<char, 65'536> buffer;
    while (true) {
        const ssize_t size = ::read(pipe, buffer.data(), buffer.size());
        if (size > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(size));
        } else if (size == 0 || errno != EINTR) {
            return text;
        }
    }
}

std::optional<RunOutcome> survived(const std::string& text) {
    Result<Bundle> told = read_bundle(text, "child");
    if (!told.has_value()) {
        return std::nullopt;
    }
    RunOutcome outcome;
    outcome.seen = std::move(told->expected);
    outcome.faults = std::move(*told->one.faults);
    outcome.operations = std::move(*told->one.kept);
    outcome.tape = std::move(told->one.tape);
    return outcome;
}

// What a run that died had done until then: told by one that is broken off soon before. There is no
// tape, because it would end where the last decisions are to be made; the seed decides.
RunOutcome relived(const sim::Case& one, const std::optional<LastWords>& words) {
    RunOutcome outcome;
    for (std::uint64_t back = 1; words.has_value() && back < words->events; back *= 2) {
        sim::RunOptions how;
        how.events_max = words->events - back;
        const ChildProcess child = start_child([&](int out) {
            static_cast<void>(std::freopen("/dev/null", "w", stderr));
            work(one, how, false, out);
        });
        std::optional<RunOutcome> before = survived(read_to_end(child.pipe));
        end_child(child);
        if (before.has_value()) {
            outcome = *std::move(before);
            break;
        }
    }
    outcome.seen.verdict = sim::Verdict::assertion;
    outcome.seen.invariant = sim::info(sim::Invariant::assertion).id;
    if (words.has_value()) {
        outcome.seen.text = death_text(*words);
        outcome.seen.event = words->events;
        outcome.seen.events = words->events;
        outcome.seen.trace_hash = words->trace_hash;
    }
    return outcome;
}

RunOutcome outcome_of(const sim::Case& one, const std::string& text) {
    std::optional<RunOutcome> outcome = survived(text);
    return outcome.has_value() ? *std::move(outcome) : relived(one, last_words_in(text));
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
    static void end(Child& child) {
        end_child(child.process);
        child.process.pid = -1;
    }

    void drop_from(std::size_t limit) {
        for (Child& child : children_) {
            if (child.index >= limit) {
                ::kill(child.process.pid, SIGKILL);
                end(child);
            }
        }
        std::erase_if(children_, [](const Child& child) { return child.process.pid < 0; });
    }

    void read_some() {
        std::vector<pollfd> waiting;
        waiting.reserve(children_.size());
        for (const Child& child : children_) {
            waiting.push_back(pollfd{child.process.pipe, POLLIN, 0});
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
            const ssize_t size = ::read(child.process.pipe, buffer.data(), buffer.size());
            if (size > 0) {
                child.text.append(buffer.data(), static_cast<std::size_t>(size));
                continue;
            }
            end(child);
            RunOutcome outcome = outcome_of(cases_[child.index], child.text);
            if ((!found_.has_value() || child.index < found_->first) && wanted_(outcome)) {
                found_.emplace(child.index, std::move(outcome));
            }
        }
        std::erase_if(children_, [](const Child& child) { return child.process.pid < 0; });
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

RunOutcome run_apart(const sim::Case& one, const sim::RunOptions& options) {
    const ChildProcess child =
        start_child([&one, &options](int out) { work(one, options, false, out); });
    const std::string text = read_to_end(child.pipe);
    end_child(child);
    return outcome_of(one, text);
}

}  // namespace weir::app
