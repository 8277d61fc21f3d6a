#include "apps/weir-sim/explain/event_text.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

namespace weir::app {

using sim::EventKind;
using sim::TraceEvent;

namespace {

constexpr std::array<std::string_view, 16> kDiskOps = {
    "",           "open", "read",         "write",  "sync",        "truncate",      "allocate",
    "size",       "list", "make folders", "rename", "remove file", "remove folder", "sync folder",
    "free space", "lock"};
constexpr std::uint64_t kRead = 2;

std::string disk_text(const TraceEvent& event) {
    const std::string_view name = event.a < kDiskOps.size() ? kDiskOps[event.a] : "operation";
    return event.a == kRead ? fmt::format("disk: {} done, {} bytes", name, event.b)
                            : fmt::format("disk: {} done", name);
}

std::string machine_text(const TraceEvent& event) {
    switch (static_cast<sim::MachineStep>(event.a)) {
        case sim::MachineStep::boot: return fmt::format("process {} boots", event.b);
        case sim::MachineStep::exit: return fmt::format("process {} ends by itself", event.b);
        case sim::MachineStep::crash: return fmt::format("process {} is killed", event.b);
        case sim::MachineStep::power_loss:
            return fmt::format("loses power, with it process {} and what the disk had not synced",
                               event.b);
        case sim::MachineStep::power_on: return "has power again";
        case sim::MachineStep::halt: return fmt::format("process {} halts itself", event.b);
    }
    return fmt::format("machine step {}", event.a);
}

void add_name(std::string& names, const std::string& name) {
    names += names.empty() ? name : ", " + name;
}

}  // namespace

EventTexts::EventTexts(const sim::Case& one, const sim::RunReport& report,
                       const Recording& recording, const Causes& causes)
    : case_(one), report_(report), recording_(recording), causes_(causes) {}

std::uint32_t EventTexts::last_lane() const {
    return static_cast<std::uint32_t>(recording_.machines.size());
}

std::uint32_t EventTexts::lane_of(const TraceEvent& event) const {
    if (event.node < recording_.machines.size()) {
        return event.node;
    }
    const TraceEvent* step = causes_.find(event.cause);
    return step != nullptr && step->node < recording_.machines.size() ? step->node : last_lane();
}

std::string EventTexts::sent(const TraceEvent& event) const {
    const SentBytes* bytes = causes_.bytes_of(event.sequence);
    if (bytes == nullptr) {
        return "sends bytes";
    }
    const auto stream = recording_.streams.find(bytes->stream);
    std::string to;
    if (stream != recording_.streams.end()) {
        to = recording_.machines[bytes->side == 0 ? stream->second.to : stream->second.from];
    }
    return fmt::format("sends {} to {}, {} bytes{}", bytes->label, to, bytes->size_bytes,
                       causes_.partner(event.sequence) == 0 ? ", which never arrive" : "");
}

std::string EventTexts::arrived(const TraceEvent& event) const {
    const SentBytes* bytes = causes_.bytes_of(causes_.partner(event.sequence));
    const auto stream = recording_.streams.find(event.a / 2);
    std::string from = "the other side";
    if (stream != recording_.streams.end()) {
        from = recording_.machines[event.a % 2 == 0 ? stream->second.from : stream->second.to];
    }
    if (bytes == nullptr) {
        return event.b == 0 ? fmt::format("sees {} close the connection", from)
                            : fmt::format("gets {} bytes from {}", event.b, from);
    }
    return fmt::format("gets {} from {}", bytes->label, from);
}

const sim::Violation* EventTexts::violated(const TraceEvent& event) const {
    for (const sim::Violation& violation : report_.violations) {
        if (violation.event + 1 == event.sequence) {
            return &violation;
        }
    }
    return nullptr;
}

// Both acknowledgements and reads are noted as record and offset: what arrived last tells which.
std::string EventTexts::told(const TraceEvent& event) const {
    std::string_view how = "told of";
    for (const std::uint64_t sequence : causes_.chain(event.sequence, 8)) {
        const SentBytes* bytes = causes_.bytes_of(causes_.partner(sequence));
        if (bytes == nullptr || bytes->side == 0) {
            continue;
        }
        how = bytes->label.find("Produce") != std::string::npos ? "acknowledged" : "reads";
        break;
    }
    return fmt::format("{}: record {} at offset {}", how, event.a, event.b);
}

const sim::Fault* EventTexts::planned(const TraceEvent& event) const {
    for (const sim::Fault& fault : report_.fault_plan) {
        if (static_cast<std::uint64_t>(fault.kind) == event.a && fault.argument == event.b) {
            return &fault;
        }
    }
    return nullptr;
}

std::optional<StoryEvent> EventTexts::describe(const TraceEvent& event) const {
    if (!is_telling(event)) {
        return std::nullopt;
    }
    StoryEvent told_event;
    told_event.sequence = event.sequence;
    told_event.time_ns = event.time_ns;
    told_event.lane = lane_of(event);
    const auto as = [&told_event](StoryKind kind, std::string text) {
        told_event.kind = kind;
        told_event.text = std::move(text);
    };
    switch (event.kind) {
        case EventKind::net_send: as(StoryKind::send, sent(event)); break;
        case EventKind::net_deliver: as(StoryKind::arrive, arrived(event)); break;
        case EventKind::net_reset: as(StoryKind::reset, "finds a connection reset"); break;
        case EventKind::disk_done: as(StoryKind::disk, disk_text(event)); break;
        case EventKind::machine: as(StoryKind::machine, machine_text(event)); break;
        case EventKind::timer: as(StoryKind::timer, "a timer is due"); break;
        case EventKind::fault: {
            const sim::Fault* fault = planned(event);
            as(StoryKind::fault,
               fmt::format(
                   "fault: {}{}", to_string(static_cast<sim::FaultKind>(event.a)),
                   fault != nullptr && fault->lasts.ns() > 0
                       ? fmt::format(" for {:.3f} s", static_cast<double>(fault->lasts.ns()) / 1e9)
                       : ""));
            break;
        }
        case EventKind::oracle:
            if (const sim::Violation* violation = violated(event)) {
                told_event.lane = last_lane();
                as(StoryKind::violation,
                   fmt::format("{} {} is violated: {}", sim::info(violation->invariant).id,
                               sim::info(violation->invariant).name, violation->text));
            } else {
                as(StoryKind::told, told(event));
            }
            break;
        case EventKind::resume:
        case EventKind::net_connect:
        case EventKind::harness: return std::nullopt;
    }
    return told_event;
}

void EventTexts::name_machines(const TraceEvent& event, StoryFault& shown) const {
    std::set<sim::HostId> targets;
    std::set<sim::HostId> peers;
    for (const sim::FaultHit& hit : report_.fault_hits) {
        if (hit.event == event.sequence) {
            targets.insert(hit.target);
            peers.insert(hit.peer);
        }
    }
    std::string names;
    for (const sim::HostId target : targets) {
        add_name(names, recording_.machines[target]);
    }
    shown.text = fmt::format("{} of {}", shown.kind,
                             names.empty() ? recording_.machines[shown.lane] : names);
    if (!of_link(static_cast<sim::FaultKind>(event.a)) || peers.empty()) {
        return;
    }
    if (peers == targets) {
        shown.text += " towards itself, so nothing happens";
        return;
    }
    if (peers.size() == 1) {
        shown.peer_lane = *peers.begin();
    }
    names.clear();
    for (const sim::HostId peer : peers) {
        add_name(names, recording_.machines[peer]);
    }
    shown.text += " towards " + names;
}

std::vector<StoryFault> EventTexts::faults() const {
    std::vector<StoryFault> faults;
    for (const TraceEvent& event : recording_.events) {
        if (event.kind != EventKind::fault) {
            continue;
        }
        StoryFault shown;
        shown.kind = std::string(to_string(static_cast<sim::FaultKind>(event.a)));
        shown.lane = lane_of(event);
        shown.from_ns = event.time_ns;
        shown.to_ns = event.time_ns;
        if (const sim::Fault* fault = planned(event)) {
            // Everything heals when the load ends.
            const std::int64_t healed_ns =
                event.time_ns - fault->at.ns() + case_.scenario.duration.ns();
            shown.to_ns = std::min(event.time_ns + fault->lasts.ns(), healed_ns);
        }
        name_machines(event, shown);
        faults.push_back(std::move(shown));
    }
    return faults;
}

}  // namespace weir::app
