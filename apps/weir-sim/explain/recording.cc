#include "apps/weir-sim/explain/recording.h"

#include <fmt/core.h>

#include <cstddef>
#include <utility>

namespace weir::app {

namespace {

constexpr std::size_t kEventsMax = 2'000'000;
constexpr std::size_t kOthersMax = 400'000;
constexpr std::size_t kLinesMax = 4'000;

template <typename T>
void halve(std::vector<T>& values, std::size_t size_max) {
    if (values.size() > size_max) {
        values.erase(values.begin(),
                     values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
    }
}

}  // namespace

void Recorder::begins(sim::World& world) {
    world_ = &world;
    for (std::size_t i = 0; i < world.machine_count(); ++i) {
        recording_.machines.push_back(world.machine(i).name());
    }
}

void Recorder::forget_oldest() {
    halve(recording_.events, kEventsMax);
    halve(recording_.sent, kOthersMax);
    halve(recording_.moves, kOthersMax);
    halve(recording_.operations, kOthersMax);
    halve(recording_.lines, kLinesMax);
}

void Recorder::line(std::int64_t time_ns, std::string_view machine, LogLevel level,
                    std::string_view component, std::string_view text) {
    const std::uint64_t at = world_ == nullptr ? 0 : event();
    recording_.lines.push_back(LoggedLine{at, time_ns, std::string(machine),
                                          std::string(to_string(level)),
                                          fmt::format("{}: {}", component, text)});
}

void Recorder::opened(std::uint64_t stream, sim::HostId from, sim::HostId to, std::uint16_t port) {
    recording_.streams[stream] = OpenedStream{event(), now_ns(), from, to, port};
    Conversation& conversation = conversations_[stream];
    const bool answers_name_api = port_of(port) == PortKind::between_servers;
    conversation.directions[0] = FrameHeads(true);
    conversation.directions[1] = FrameHeads(answers_name_api);
}

void Recorder::note_waiting(Conversation& conversation, std::uint64_t stream, std::uint16_t port,
                            const FrameHead& frame, int side) {
    if (port_of(port) == PortKind::between_servers) {
        return;
    }
    if (side == 1) {
        conversation.waiting.erase(frame.correlation_id);
    } else if (!is_streaming(port, frame.key)) {
        conversation.waiting[frame.correlation_id] =
            WaitingRequest{event(), stream, frame_label(port, frame, true)};
    }
}

void Recorder::sent(std::uint64_t stream, int side, ByteSpan bytes) {
    const auto found = conversations_.find(stream);
    if (found == conversations_.end()) {
        return;
    }
    const std::uint16_t port = recording_.streams[stream].port;
    Conversation& conversation = found->second;
    SentBytes sent;
    sent.event = event();
    sent.stream = stream;
    sent.side = static_cast<std::uint8_t>(side);
    sent.size_bytes = static_cast<std::uint32_t>(bytes.size());
    FrameHeads& heads = conversation.directions[static_cast<std::size_t>(side)];
    for (FrameHead& frame : heads.feed(bytes)) {
        if (side == 1 && port_of(port) != PortKind::between_servers) {
            frame.key = conversation.directions[0].key_of(frame.correlation_id);
        }
        note_waiting(conversation, stream, port, frame, side);
        std::string& name = conversation.latest[static_cast<std::size_t>(side)];
        name = frame_label(port, frame, side == 0);
        sent.label += (sent.label.empty() ? "" : ", ") + name;
    }
    if (sent.label.empty()) {
        sent.label = "more of " + conversation.latest[static_cast<std::size_t>(side)];
    }
    recording_.sent.push_back(std::move(sent));
    forget_oldest();
}

void Recorder::forgotten(std::uint64_t stream) {
    conversations_.erase(stream);
}

LogMove Recorder::move_of(sim::HostId machine, std::string_view dir) {
    const auto [entry, is_new] = log_numbers_.try_emplace(
        {machine, std::string(dir)}, static_cast<std::uint32_t>(recording_.logs.size()));
    if (is_new) {
        recording_.logs.push_back(LogName{machine, std::string(dir)});
        latest_.push_back(LogMove{0, 0, entry->second});
    }
    return latest_[entry->second];
}

void Recorder::note_move(const LogMove& move) {
    LogMove& last = latest_[move.log];
    if (last == move) {
        return;
    }
    last = move;
    recording_.moves.push_back(move);
    recording_.moves.back().event = event();
    recording_.moves.back().time_ns = now_ns();
    forget_oldest();
}

void Recorder::log_moved(sim::HostId machine, const LogPosition& position) {
    LogMove move = move_of(machine, position.dir);
    move.log_start = position.log_start.value();
    move.committed = position.committed.value();
    move.leo = position.leo.value();
    note_move(move);
}

// What it says of its log is told by the log itself.
void Recorder::replica_moved(sim::HostId machine, const ReplicaMoved& fact) {
    LogMove move = move_of(machine, fact.dir);
    move.epoch = fact.epoch.value();
    move.leads = fact.role == ReplicaRole::leader;
    note_move(move);
}

void Recorder::operation(sim::OperationId id) {
    recording_.operations.push_back(ClientOperation{event(), now_ns(), id});
}

Recording Recorder::finish() {
    for (const auto& [stream, conversation] : conversations_) {
        for (const auto& [id, request] : conversation.waiting) {
            recording_.waiting.push_back(request);
        }
    }
    world_ = nullptr;
    return std::move(recording_);
}

}  // namespace weir::app
