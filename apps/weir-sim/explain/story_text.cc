#include "apps/weir-sim/explain/explain.h"
#include "apps/weir-sim/report_text.h"

#include <fmt/core.h>

#include <algorithm>

namespace weir::app {

namespace {

constexpr std::size_t kPastShown = 40;
constexpr std::size_t kFaultsShown = 20;
constexpr std::size_t kLastShown = 6;

double seconds(std::int64_t ns) {
    return static_cast<double>(ns) / 1e9;
}

std::string event_line(const Story& story, const StoryEvent& event) {
    return fmt::format("{:>12.6f} s  {:<10} {}", seconds(event.time_ns),
                       story.lanes[event.lane].name, event.text);
}

std::string verdict_text(const Story& story) {
    std::string text = fmt::format("{} seed {}: {}\n", story.scenario, story.seed, story.verdict);
    for (const sim::Violation& violation : story.violations) {
        const sim::InvariantInfo& info = sim::info(violation.invariant);
        if (&violation == &story.violations.front()) {
            text += fmt::format("\nViolated: {} {}\n  {}\n", info.id, info.name, info.statement);
        }
        text += fmt::format("  {} at {:.6f} s, event {}: {}\n", info.id, seconds(violation.time_ns),
                            violation.event, violation.text);
    }
    if (story.violations.empty()) {
        text += "\nNothing was violated.\n";
    }
    return text;
}

std::string past_text(const Story& story) {
    std::vector<const StoryEvent*> past;
    for (const StoryEvent& event : story.events) {
        if (event.is_causal) {
            past.push_back(&event);
        }
    }
    if (past.empty()) {
        return "";
    }
    std::string text = "\nHow it came about, oldest first\n";
    std::size_t skipped = past.size() > kPastShown ? past.size() - kPastShown : 0;
    if (skipped > 0) {
        text += fmt::format("  ({} earlier ones left out)\n", skipped);
    }
    for (std::size_t i = skipped; i < past.size(); ++i) {
        text += fmt::format("{:>4}. {}\n", i - skipped + 1, event_line(story, *past[i]));
    }
    return text;
}

std::string faults_text(const Story& story) {
    if (story.faults.empty()) {
        return "";
    }
    std::string text = "\nFaults\n";
    const std::size_t skipped =
        story.faults.size() > kFaultsShown ? story.faults.size() - kFaultsShown : 0;
    if (skipped > 0) {
        text += fmt::format("  ({} earlier ones left out)\n", skipped);
    }
    for (std::size_t i = skipped; i < story.faults.size(); ++i) {
        const StoryFault& fault = story.faults[i];
        text += fmt::format("{:>12.6f} s  {}", seconds(fault.from_ns), fault.text);
        if (fault.to_ns > fault.from_ns) {
            text += fmt::format(", for {:.3f} s", seconds(fault.to_ns - fault.from_ns));
        }
        text += "\n";
    }
    return text;
}

std::string waiting_text(const Story& story) {
    if (story.waiting.empty()) {
        return "";
    }
    std::string text = "\nWaiting at the end\n";
    for (const StoryWait& wait : story.waiting) {
        text += fmt::format("  since {:.6f} s: {}\n", seconds(wait.time_ns), wait.text);
    }
    return text;
}

std::string strips_text(const Story& story) {
    std::string text;
    for (const StoryStrip& strip : story.strips) {
        const StoryStrip::Point& last = strip.points.back();
        text += fmt::format("  {:<10} {}: starts at {}, committed to {}, ends at {}",
                            story.lanes[strip.lane].name, strip.log, last.log_start, last.committed,
                            last.leo);
        if (last.epoch >= 0) {
            text += fmt::format(", epoch {}{}", last.epoch, last.leads ? ", leads" : "");
        }
        text += "\n";
    }
    return text.empty() ? text : "\nLogs at the end\n" + text;
}

std::string last_text(const Story& story) {
    std::string text = "\nLast events\n";
    for (std::size_t lane = 0; lane < story.lanes.size(); ++lane) {
        std::vector<const StoryEvent*> last;
        for (auto event = story.events.rbegin();
             event != story.events.rend() && last.size() < kLastShown; ++event) {
            if (event->lane == lane) {
                last.push_back(&*event);
            }
        }
        std::reverse(last.begin(), last.end());
        for (const StoryEvent* event : last) {
            text += fmt::format("      {}\n", event_line(story, *event));
        }
    }
    return text;
}

}  // namespace

std::string to_text(const Story& story) {
    std::string text = verdict_text(story);
    text += past_text(story);
    text += faults_text(story);
    text += waiting_text(story);
    text += strips_text(story);
    text += last_text(story);
    text += fmt::format("\nTrace {} of {} events. Again: {}\n", hex(story.trace_hash),
                        story.event_count, story.command);
    return text;
}

}  // namespace weir::app
