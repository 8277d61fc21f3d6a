#include "apps/weir-sim/explain/story.h"

#include "apps/weir-sim/explain/causes.h"
#include "apps/weir-sim/explain/event_text.h"
#include "apps/weir-sim/report_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace weir::app {

using sim::EventKind;
using sim::TraceEvent;

namespace {

constexpr std::size_t kAlwaysShownMax = 400;
constexpr std::size_t kWaitingMax = 20;
// Events this close before a violation are what was inspected.
constexpr std::uint64_t kJustBefore = 4;
constexpr std::size_t kWaitingRootsMax = 3;

// The numbers that follow `word` in a text.
std::vector<std::uint64_t> numbers_after(std::string_view text, std::string_view word) {
    std::vector<std::uint64_t> numbers;
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + 1)) {
        std::uint64_t value = 0;
        const char* begin = text.data() + at + word.size();
        if (std::from_chars(begin, text.data() + text.size(), value).ec == std::errc()) {
            numbers.push_back(value);
        }
    }
    return numbers;
}

class Teller {
public:
    Teller(const sim::Case& one, const sim::RunReport& report, const Recording& recording,
           const StoryLimits& limits)
        : case_(one),
          report_(report),
          recording_(recording),
          limits_(limits),
          causes_(recording),
          texts_(one, report, recording, causes_) {}

    Story tell();

private:
    std::uint64_t end() const;
    std::vector<std::uint64_t> roots() const;
    void find_past();
    void choose_events();
    void add_lines_and_operations(std::uint64_t first);
    void add_lives();
    void add_strips();
    void add_waiting();

    const sim::Case& case_;
    const sim::RunReport& report_;
    const Recording& recording_;
    const StoryLimits& limits_;
    Causes causes_;
    EventTexts texts_;
    // The causal past, and of each event the one before it.
    std::map<std::uint64_t, std::uint64_t> past_;
    Story story_;
};

// The last event that matters: the first violation, or the last one of the run.
std::uint64_t Teller::end() const {
    return report_.violations.empty() ? report_.events : report_.violations.front().event + 1;
}

// Where to look back from: the violation; what clients were told of the records it names; the last
// step of the machines it names, or of all; of a run that got stuck, what waits for an answer.
std::vector<std::uint64_t> Teller::roots() const {
    std::vector<std::uint64_t> roots;
    if (report_.violations.empty()) {
        return roots;
    }
    const sim::Violation& first = report_.violations.front();
    roots.push_back(end());
    const std::vector<std::uint64_t> records = numbers_after(first.text, "record ");
    std::map<std::uint64_t, std::uint64_t> latest_of_record;
    // Its latest step, and the latest fault.
    std::map<std::pair<std::uint16_t, EventKind>, std::uint64_t> latest_of_machine;
    for (const TraceEvent& event : recording_.events) {
        if (event.sequence >= end()) {
            break;
        }
        if (event.kind == EventKind::oracle &&
            std::find(records.begin(), records.end(), event.a) != records.end()) {
            // The first time, which is the promise.
            latest_of_record.try_emplace(event.a, event.sequence);
        }
        const bool is_change = event.kind == EventKind::fault ||
                               (event.kind == EventKind::machine && !is_alarm(event));
        if (is_change && event.node < recording_.machines.size()) {
            latest_of_machine[{event.node, event.kind}] = event.sequence;
        }
    }
    for (const auto& [record, sequence] : latest_of_record) {
        roots.push_back(sequence);
    }
    for (const auto& [key, sequence] : latest_of_machine) {
        if (first.text.find(recording_.machines[key.first]) != std::string::npos ||
            sequence + kJustBefore >= end()) {
            roots.push_back(sequence);
        }
    }
    if (sim::info(first.invariant).kind == sim::InvariantKind::liveness) {
        for (std::size_t i = 0; i < std::min(kWaitingRootsMax, recording_.waiting.size()); ++i) {
            roots.push_back(recording_.waiting[i].event);
        }
    }
    return roots;
}

void Teller::find_past() {
    for (const std::uint64_t root : roots()) {
        const std::vector<std::uint64_t> chain = causes_.chain(root, limits_.chain_max);
        for (std::size_t i = 0; i < chain.size(); ++i) {
            std::uint64_t& cause = past_[chain[i]];
            if (i + 1 < chain.size()) {
                cause = chain[i + 1];
            }
        }
    }
}

void Teller::choose_events() {
    std::set<std::uint64_t> chosen;
    for (const auto& [sequence, cause] : past_) {
        chosen.insert(sequence);
    }
    // Work on disks is plenty and says little: it must not crowd out the messages.
    std::size_t disk_count = 0;
    std::size_t recent_count = 0;
    std::size_t always_count = 0;
    std::uint64_t first_recent = end();
    for (std::size_t i = recording_.events.size(); i-- > 0;) {
        const TraceEvent& event = recording_.events[i];
        if (event.sequence > report_.events || is_alarm(event)) {
            continue;
        }
        const bool is_change = event.kind == EventKind::fault || event.kind == EventKind::machine;
        const bool is_disk = event.kind == EventKind::disk_done;
        if (is_disk ? disk_count < limits_.disk_events_max && recent_count < limits_.events_max
                    : recent_count < limits_.events_max) {
            (is_disk ? disk_count : recent_count) += chosen.insert(event.sequence).second ? 1U : 0U;
            first_recent = event.sequence;
        } else if (is_change && always_count < kAlwaysShownMax) {
            always_count += chosen.insert(event.sequence).second ? 1U : 0U;
        } else {
            story_.events_left_out += chosen.contains(event.sequence) ? 0U : 1U;
        }
    }
    for (const std::uint64_t sequence : chosen) {
        const TraceEvent* event = causes_.find(sequence);
        std::optional<StoryEvent> told = event == nullptr ? std::nullopt : texts_.describe(*event);
        if (!told.has_value()) {
            continue;
        }
        const std::uint64_t partner = causes_.partner(sequence);
        told->partner = chosen.contains(partner) ? partner : 0;
        const auto in_past = past_.find(sequence);
        told->is_causal = in_past != past_.end();
        told->cause = told->is_causal ? in_past->second : 0;
        story_.events.push_back(*std::move(told));
    }
    add_lines_and_operations(first_recent);
    std::sort(
        story_.events.begin(), story_.events.end(), [](const StoryEvent& a, const StoryEvent& b) {
            return std::tie(a.sequence, a.kind, a.text) < std::tie(b.sequence, b.kind, b.text);
        });
}

void Teller::add_lines_and_operations(std::uint64_t first) {
    const std::size_t skipped =
        recording_.lines.size() > kAlwaysShownMax ? recording_.lines.size() - kAlwaysShownMax : 0;
    for (std::size_t i = skipped; i < recording_.lines.size(); ++i) {
        const LoggedLine& line = recording_.lines[i];
        const auto machine =
            std::find(recording_.machines.begin(), recording_.machines.end(), line.machine);
        StoryEvent event;
        event.sequence = line.event;
        event.time_ns = line.time_ns;
        event.kind = StoryKind::log;
        event.lane = static_cast<std::uint32_t>(machine - recording_.machines.begin());
        event.text = fmt::format("{}: {}", line.level, line.text);
        story_.events.push_back(std::move(event));
    }
    for (const ClientOperation& operation : recording_.operations) {
        const TraceEvent* step = causes_.find(operation.event);
        if (operation.event < first || step == nullptr) {
            continue;
        }
        StoryEvent event;
        event.sequence = operation.event;
        event.time_ns = operation.time_ns;
        event.kind = StoryKind::operation;
        event.lane = std::min<std::uint32_t>(step->node, texts_.last_lane());
        event.text = fmt::format("worker {} begins operation {}", operation.id >> 32U,
                                 operation.id & 0xffff'ffffU);
        story_.events.push_back(std::move(event));
    }
}

void Teller::add_lives() {
    std::vector<std::int64_t> since(recording_.machines.size(), -1);
    for (const TraceEvent& event : recording_.events) {
        if (event.kind != EventKind::machine || is_alarm(event) ||
            event.sequence > report_.events || event.node >= since.size()) {
            continue;
        }
        std::int64_t& begin = since[event.node];
        if (static_cast<sim::MachineStep>(event.a) == sim::MachineStep::boot) {
            begin = event.time_ns;
        } else if (begin >= 0) {
            story_.lanes[event.node].lives.emplace_back(begin, event.time_ns);
            begin = -1;
        }
    }
    for (std::size_t i = 0; i < since.size(); ++i) {
        if (since[i] >= 0) {
            story_.lanes[i].lives.emplace_back(since[i], story_.end_ns);
        }
    }
}

void Teller::add_strips() {
    const std::int64_t first_ns = story_.events.empty() ? 0 : story_.events.front().time_ns;
    const std::string_view violation =
        report_.violations.empty() ? std::string_view() : report_.violations.front().text;
    for (const LogName& log : recording_.logs) {
        StoryStrip strip;
        strip.lane = log.machine;
        strip.log = log.dir;
        std::string_view name = log.dir;
        name.remove_prefix(name.rfind('/') == std::string_view::npos ? 0 : name.rfind('/') + 1);
        // Folders are named after the partition and a unique number, "events-0.1f": "events-0".
        const std::string_view partition = name.substr(0, name.rfind('.'));
        strip.is_named_in_violation =
            !partition.empty() && violation.find(partition) != std::string_view::npos;
        story_.strips.push_back(std::move(strip));
    }
    const std::size_t skipped = recording_.moves.size() > limits_.points_max
                                    ? recording_.moves.size() - limits_.points_max
                                    : 0;
    for (std::size_t i = skipped; i < recording_.moves.size(); ++i) {
        const LogMove& move = recording_.moves[i];
        std::vector<StoryStrip::Point>& points = story_.strips[move.log].points;
        // Of what lies before the first event shown, the last is enough.
        if (points.size() == 1 && move.time_ns <= first_ns) {
            points.pop_back();
        }
        points.push_back(
            {move.time_ns, move.log_start, move.committed, move.leo, move.epoch, move.leads});
    }
    std::erase_if(story_.strips, [](const StoryStrip& strip) { return strip.points.empty(); });
}

void Teller::add_waiting() {
    for (const WaitingRequest& request : recording_.waiting) {
        const auto stream = recording_.streams.find(request.stream);
        const TraceEvent* event = causes_.find(request.event);
        if (stream == recording_.streams.end() || event == nullptr ||
            story_.waiting.size() >= kWaitingMax) {
            continue;
        }
        story_.waiting.push_back(
            {event->time_ns,
             fmt::format("{} waits for {}'s answer to {}", recording_.machines[stream->second.from],
                         recording_.machines[stream->second.to], request.label)});
    }
}

Story Teller::tell() {
    story_.scenario = report_.scenario;
    story_.seed = report_.seed;
    story_.command = replay_command(case_.scenario, report_.seed);
    story_.verdict = std::string(to_string(report_.verdict));
    story_.trace_hash = report_.trace_hash;
    story_.event_count = report_.events;
    story_.end_ns = report_.simulated_ns;
    story_.violations = report_.violations;
    for (const std::string& machine : recording_.machines) {
        story_.lanes.push_back(StoryLane{machine, {}});
    }
    story_.lanes.push_back(StoryLane{"checks", {}});
    find_past();
    choose_events();
    story_.faults = texts_.faults();
    add_lives();
    add_strips();
    add_waiting();
    return std::move(story_);
}

}  // namespace

std::string_view to_string(StoryKind kind) {
    switch (kind) {
        case StoryKind::send: return "send";
        case StoryKind::arrive: return "arrive";
        case StoryKind::reset: return "reset";
        case StoryKind::disk: return "disk";
        case StoryKind::machine: return "machine";
        case StoryKind::fault: return "fault";
        case StoryKind::timer: return "timer";
        case StoryKind::told: return "told";
        case StoryKind::operation: return "operation";
        case StoryKind::log: return "log";
        case StoryKind::violation: return "violation";
    }
    return "unknown";
}

Story tell_story(const sim::Case& one, const sim::RunReport& report, const Recording& recording,
                 const StoryLimits& limits) {
    Teller teller(one, report, recording, limits);
    return teller.tell();
}

}  // namespace weir::app
