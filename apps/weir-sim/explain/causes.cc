#include "apps/weir-sim/explain/causes.h"

#include <deque>

namespace weir::app {

using sim::EventKind;
using sim::TraceEvent;

namespace {

// So many waits on a clock may lie between an operation and what came of it.
constexpr int kTimersMax = 3;
constexpr std::size_t kStepsMax = 100'000;
// Of work on a disk, one operation after the other, so many are told.
constexpr std::size_t kDiskRunMax = 3;

}  // namespace

bool is_alarm(const TraceEvent& event) {
    switch (event.kind) {
        case EventKind::resume:
        case EventKind::timer:
        case EventKind::net_connect:
        case EventKind::harness: return true;
        case EventKind::net_deliver:
        case EventKind::net_reset:
        case EventKind::disk_done:
        case EventKind::machine: return event.a == 0;
        case EventKind::net_send:
        case EventKind::fault:
        case EventKind::oracle: return false;
    }
    return false;
}

bool is_telling(const TraceEvent& event) {
    return !is_alarm(event) || event.kind == EventKind::timer;
}

Causes::Causes(const Recording& recording) : recording_(recording) {
    for (std::size_t i = 0; i < recording_.sent.size(); ++i) {
        sent_[recording_.sent[i].event] = i;
    }
    pair_deliveries();
}

const TraceEvent* Causes::find(std::uint64_t sequence) const {
    const std::vector<TraceEvent>& events = recording_.events;
    if (events.empty() || sequence < events.front().sequence ||
        sequence - events.front().sequence >= events.size()) {
        return nullptr;
    }
    return &events[static_cast<std::size_t>(sequence - events.front().sequence)];
}

// Bytes arrive in the order in which they were sent; a connection that is cut loses the end of
// them, perhaps from the middle of what was sent at once.
void Causes::pair_deliveries() {
    std::map<std::uint64_t, std::deque<const SentBytes*>> under_way;
    for (const TraceEvent& event : recording_.events) {
        if (event.kind == EventKind::net_send) {
            if (const SentBytes* sent = bytes_of(event.sequence)) {
                under_way[event.a].push_back(sent);
            }
        } else if (event.kind == EventKind::net_deliver && !is_alarm(event) && event.b > 0) {
            std::deque<const SentBytes*>& waiting = under_way[event.a];
            while (!waiting.empty() && waiting.front()->size_bytes < event.b) {
                waiting.pop_front();
            }
            if (!waiting.empty()) {
                partners_[event.sequence] = waiting.front()->event;
                partners_[waiting.front()->event] = event.sequence;
                waiting.pop_front();
            }
        }
    }
}

std::uint64_t Causes::partner(std::uint64_t sequence) const {
    const auto found = partners_.find(sequence);
    return found == partners_.end() ? 0 : found->second;
}

const SentBytes* Causes::bytes_of(std::uint64_t sequence) const {
    const auto found = sent_.find(sequence);
    return found == sent_.end() ? nullptr : &recording_.sent[found->second];
}

std::uint64_t Causes::cause_of(const TraceEvent& event) const {
    if (event.kind == EventKind::net_deliver && !is_alarm(event)) {
        const std::uint64_t send = partner(event.sequence);
        if (send != 0) {
            return send;
        }
    }
    return event.cause < event.sequence ? event.cause : 0;
}

std::vector<std::uint64_t> Causes::chain(std::uint64_t from, std::size_t count_max) const {
    std::vector<std::uint64_t> found;
    int timer_count = 0;
    std::size_t disk_run = 0;
    const TraceEvent* event = find(from);
    for (std::size_t i = 0; event != nullptr && i < kStepsMax && found.size() < count_max; ++i) {
        if (is_telling(*event)) {
            disk_run = event->kind == EventKind::disk_done ? disk_run + 1 : 0;
            if (disk_run <= kDiskRunMax) {
                found.push_back(event->sequence);
            }
        }
        // What the run does to the machines was planned before it began.
        if (event->kind == EventKind::harness ||
            (event->kind == EventKind::timer && ++timer_count == kTimersMax)) {
            break;
        }
        event = find(cause_of(*event));
    }
    // Where it begins with waits only, the last of them is enough.
    const auto is_timer = [this](std::uint64_t sequence) {
        return find(sequence)->kind == EventKind::timer;
    };
    while (found.size() > 1 && is_timer(found.back()) && is_timer(found[found.size() - 2])) {
        found.pop_back();
    }
    return found;
}

}  // namespace weir::app
