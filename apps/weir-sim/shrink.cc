#include "apps/weir-sim/shrink.h"

#include "apps/commit.h"
#include "apps/weir-sim/minimize.h"
#include "apps/weir-sim/run_batch.h"
#include "apps/weir-sim/simpler.h"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <numeric>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace weir::app {

namespace {

using SteadyClock = std::chrono::steady_clock;

// Taking something away shifts the decisions that are drawn from the seed, and a violation that
// needs luck is gone. So a small case is tried with some other seeds, too.
constexpr std::uint64_t kSeedsTried = 6;
constexpr std::size_t kFewItems = 24;

template <typename T>
std::vector<T> sorted(std::vector<T> items) {
    std::sort(items.begin(), items.end());
    return items;
}

std::size_t decided_streams(const sim::Tape& tape) {
    return static_cast<std::size_t>(std::count_if(tape.begin(), tape.end(), [](const auto& track) {
        return std::any_of(track.second.begin(), track.second.end(),
                           [](std::uint64_t value) { return value != 0; });
    }));
}

class Shrinker {
public:
    Shrinker(const Bundle& bundle, const ShrinkOptions& options)
        : bundle_(bundle), options_(options), best_(bundle.one) {}

    Result<Shrunk> run();

private:
    bool late() const { return elapsed_ns() >= options_.time_limit_ns; }
    std::int64_t elapsed_ns() const {
        return std::chrono::duration_cast<std::chrono::nanoseconds>(SteadyClock::now() - start_)
            .count();
    }
    CaseSize size_of(const sim::Case& one, const RunOutcome& outcome) const;
    bool same_failure(const RunOutcome& outcome) const {
        const bool same_invariant = outcome.seen.invariant == bundle_.expected.invariant;
        const bool died = outcome.seen.verdict == sim::Verdict::assertion;
        // Two deaths are one failure when the same assertion or the same signal ended them.
        return same_invariant && (!died || outcome.seen.text == bundle_.expected.text);
    }
    // The first of the candidates that fails in the same way becomes the best case.
    std::optional<std::size_t> first_failing(const std::vector<sim::Case>& candidates,
                                             bool other_seeds);
    std::optional<std::size_t> try_all(const std::vector<sim::Case>& candidates);
    Result<void> begin();
    void simplify_scenario();
    void fewer_faults();
    void milder_faults();
    void fewer_operations();
    void fewer_decisions();
    void show(const char* step);

    const Bundle& bundle_;
    ShrinkOptions options_;
    sim::Case best_;
    RunOutcome outcome_;
    std::uint64_t runs_ = 0;
    SteadyClock::time_point start_ = SteadyClock::now();
    bool is_terminal_ = ::isatty(STDERR_FILENO) != 0;
};

CaseSize Shrinker::size_of(const sim::Case& one, const RunOutcome& outcome) const {
    CaseSize size;
    size.machines = 1U + one.scenario.spu_count + one.scenario.client_count;
    size.faults = outcome.faults.size();
    size.operations = outcome.operations.size();
    size.decided_streams = outcome.tape.has_value() ? decided_streams(*outcome.tape) : 0;
    return size;
}

void Shrinker::show(const char* step) {
    std::fprintf(stderr, "%s%-12s %2zu machines, %3zu faults, %4zu operations; %llu runs, %.0f s%s",
                 is_terminal_ ? "\r\033[K" : "", step,
                 std::size_t{1} + best_.scenario.spu_count + best_.scenario.client_count,
                 outcome_.faults.size(), outcome_.operations.size(),
                 static_cast<unsigned long long>(runs_), static_cast<double>(elapsed_ns()) / 1e9,
                 is_terminal_ ? "" : "\n");
    std::fflush(stderr);
}

std::optional<std::size_t> Shrinker::try_all(const std::vector<sim::Case>& candidates) {
    if (late() || candidates.empty()) {
        return std::nullopt;
    }
    BatchOptions how;
    how.job_count = options_.job_count;
    auto found = first_of(candidates, how,
                          [this](const RunOutcome& outcome) { return same_failure(outcome); });
    runs_ += found.has_value() ? found->first + 1 : candidates.size();
    if (!found.has_value()) {
        return std::nullopt;
    }
    best_ = candidates[found->first];
    outcome_ = std::move(found->second);
    return found->first;
}

std::optional<std::size_t> Shrinker::first_failing(const std::vector<sim::Case>& candidates,
                                                   bool other_seeds) {
    const std::optional<std::size_t> found = try_all(candidates);
    if (found.has_value() || !other_seeds) {
        return found;
    }
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        std::vector<sim::Case> reseeded(kSeedsTried, candidates[i]);
        for (std::size_t k = 0; k < reseeded.size(); ++k) {
            reseeded[k].seed = bundle_.one.seed + k + 1;
        }
        if (try_all(reseeded).has_value()) {
            return i;
        }
    }
    return std::nullopt;
}

// The first run: what was planned and done, written out so that parts can be taken away.
Result<void> Shrinker::begin() {
    BatchOptions how;
    how.record = !best_.tape.has_value();
    auto found =
        first_of({best_}, how, [this](const RunOutcome& outcome) { return same_failure(outcome); });
    ++runs_;
    if (!found.has_value()) {
        return fail(ErrorCode::invalid_argument,
                    fmt::format("seed {} of {} does not violate {} in this build; was it found by "
                                "another one (commit {})?",
                                best_.seed, best_.scenario.name, bundle_.expected.invariant,
                                bundle_.commit));
    }
    outcome_ = std::move(found->second);
    return {};
}

void Shrinker::simplify_scenario() {
    while (!late()) {
        const auto now = best_.scenario;
        std::vector<sim::Case> candidates;
        const std::int64_t needed_ns = outcome_.faults.empty() ? 0 : outcome_.faults.back().at.ns();
        for (const std::string& text : simpler_scenarios(now.text, needed_ns)) {
            sim::Case one = best_;
            one.scenario = *sim::parse_scenario(text, now.name);
            one.scenario.name = now.name;
            one.scenario.always_tiny = now.always_tiny;
            candidates.push_back(std::move(one));
        }
        if (!first_failing(candidates, true).has_value()) {
            return;
        }
        show("scenario");
    }
}

void Shrinker::fewer_faults() {
    const auto with = [this](const std::vector<sim::Fault>& faults) {
        sim::Case one = best_;
        one.faults = faults;
        return one;
    };
    const auto first_good = [&](const std::vector<std::vector<sim::Fault>>& lists) {
        std::vector<sim::Case> candidates;
        candidates.reserve(lists.size());
        for (const std::vector<sim::Fault>& list : lists) {
            candidates.push_back(with(list));
        }
        return first_failing(candidates, true);
    };
    best_.faults = minimize(outcome_.faults, first_good);
    show("faults");
}

// Nothing but the mildest form: shorter, and all that is unsynced is lost.
void Shrinker::milder_faults() {
    for (std::size_t i = 0; i < best_.faults->size(); ++i) {
        std::vector<sim::Case> candidates;
        sim::Case one = best_;
        sim::Fault& fault = (*one.faults)[i];
        if (fault.kind == sim::FaultKind::power_loss && fault.loss != sim::LossMode::all) {
            fault.loss = sim::LossMode::all;
            candidates.push_back(one);
        }
        if (fault.lasts > Duration::from_ms(100)) {
            fault.lasts = Duration::from_ms(100);
            candidates.push_back(one);
        }
        static_cast<void>(first_failing(candidates, true));
    }
    show("faults");
}

void Shrinker::fewer_operations() {
    if (outcome_.seen.verdict == sim::Verdict::assertion) {
        // What a run that died did in its last moment is not known: it may be what matters.
        sim::Case known = best_;
        known.kept = sorted(outcome_.operations);
        if (!try_all({known}).has_value()) {
            return;
        }
    }
    const auto first_good = [&](const std::vector<std::vector<sim::OperationId>>& lists) {
        std::vector<sim::Case> candidates;
        candidates.reserve(lists.size());
        for (const std::vector<sim::OperationId>& list : lists) {
            sim::Case one = best_;
            one.kept = sorted(list);
            candidates.push_back(std::move(one));
        }
        return first_failing(candidates, lists.front().size() <= kFewItems);
    };
    best_.kept = sorted(minimize(outcome_.operations, first_good));
    show("operations");
}

// Streams whose decisions may all be the mildest.
void Shrinker::fewer_decisions() {
    BatchOptions how;
    how.record = true;
    auto recorded = first_of({best_}, how, [](const RunOutcome&) { return true; });
    ++runs_;
    if (!recorded.has_value() || !recorded->second.tape.has_value()) {
        return;
    }
    const sim::Tape tape = *recorded->second.tape;
    std::vector<std::string> labels;
    for (const auto& [label, values] : tape) {
        labels.push_back(label);
    }
    const auto first_good = [&](const std::vector<std::vector<std::string>>& lists) {
        std::vector<sim::Case> candidates;
        candidates.reserve(lists.size());
        for (const std::vector<std::string>& list : lists) {
            sim::Case one = best_;
            one.tape.emplace();
            for (const std::string& label : list) {
                one.tape->emplace(label, tape.find(label)->second);
            }
            candidates.push_back(std::move(one));
        }
        return try_all(candidates);
    };
    sim::Case whole = best_;
    whole.tape = tape;
    if (try_all({whole}).has_value()) {
        static_cast<void>(minimize(labels, first_good));
    }
    show("decisions");
}

Result<Shrunk> Shrinker::run() {
    WEIR_CHECK(begin());
    Shrunk shrunk;
    shrunk.before = size_of(best_, outcome_);
    if (bundle_.one.tape.has_value()) {
        shrunk.before.decided_streams = decided_streams(*bundle_.one.tape);
    }
    show("found");
    // From here on the seed decides, until there is little left to decide.
    best_.tape.reset();
    std::size_t faults = SIZE_MAX;
    std::size_t operations = SIZE_MAX;
    while (!late() &&
           (outcome_.faults.size() < faults || outcome_.operations.size() < operations)) {
        faults = outcome_.faults.size();
        operations = outcome_.operations.size();
        simplify_scenario();
        fewer_faults();
        milder_faults();
        fewer_operations();
    }
    fewer_decisions();
    if (is_terminal_) {
        std::fprintf(stderr, "\r\033[K");
    }
    // Twice, with one trace: what is handed out can be relied on.
    BatchOptions how;
    how.record = true;
    std::vector<RunOutcome> again;
    for (int i = 0; i < 2; ++i) {
        auto ran = first_of({best_}, how, [](const RunOutcome&) { return true; });
        again.push_back(std::move(ran->second));
        ++runs_;
    }
    if (!same_failure(again[0]) || again[0].seen.trace_hash != again[1].seen.trace_hash) {
        return fail(ErrorCode::corrupt,
                    "the smallest case does not repeat; the simulator is not "
                    "deterministic here");
    }
    shrunk.after = size_of(best_, again[0]);
    if (best_.tape.has_value()) {
        shrunk.after.decided_streams = decided_streams(*best_.tape);
    }
    shrunk.bundle = bundle_;
    shrunk.bundle.one = best_;
    shrunk.bundle.expected = again[0].seen;
    if (!best_.tape.has_value()) {
        shrunk.bundle.one.tape = again[0].tape;
    }
    shrunk.bundle.commit = program_commit();
    shrunk.runs = runs_;
    shrunk.wall_ns = elapsed_ns();
    shrunk.out_of_time = late();
    return shrunk;
}

nlohmann::json size_json(const CaseSize& size) {
    return {{"machines", size.machines},
            {"faults", size.faults},
            {"operations", size.operations},
            {"decided_streams", size.decided_streams}};
}

}  // namespace

std::string shrunk_text(const Shrunk& shrunk, const std::string& path) {
    const auto line = [](const char* what, std::size_t before, std::size_t after) {
        return fmt::format("  {:<11}{} of {}\n", what, after, before);
    };
    const Expected& seen = shrunk.bundle.expected;
    std::string text = fmt::format("{} seed {}: {} {}\n", shrunk.bundle.one.scenario.name,
                                   shrunk.bundle.one.seed, seen.invariant, seen.text);
    text += line("machines", shrunk.before.machines, shrunk.after.machines);
    text += line("faults", shrunk.before.faults, shrunk.after.faults);
    text += line("operations", shrunk.before.operations, shrunk.after.operations);
    text += line("decisions", shrunk.before.decided_streams, shrunk.after.decided_streams);
    text += fmt::format("  {} runs in {:.1f} s{}\n", shrunk.runs,
                        static_cast<double>(shrunk.wall_ns) / 1e9,
                        shrunk.out_of_time ? "; the time was over, more may go (--time)" : "");
    text += fmt::format("  {0}; again: weir-sim replay {0}\n", path);
    return text;
}

nlohmann::json shrunk_json(const Shrunk& shrunk, const std::string& path) {
    return {{"bundle", path},
            {"invariant", shrunk.bundle.expected.invariant},
            {"before", size_json(shrunk.before)},
            {"after", size_json(shrunk.after)},
            {"runs", shrunk.runs},
            {"wall_ns", shrunk.wall_ns},
            {"out_of_time", shrunk.out_of_time}};
}

Result<Shrunk> shrink(const Bundle& bundle, const ShrinkOptions& options) {
    Shrinker shrinker(bundle, options);
    return shrinker.run();
}

}  // namespace weir::app
