// What is written down while a run is looked at, and who writes it.
//
// A Recording is a value. A Recorder fills one during run_case() and is used on one thread; both
// stay within a few hundred megabytes however long the run is, by forgetting the oldest half.
#pragma once

#include "apps/weir-sim/explain/frame_names.h"
#include "sim-scenarios/run_watch.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace weir::app {

// Bytes given to a connection at once. `event` is its net_send.
struct SentBytes {
    std::uint64_t event = 0;
    std::uint64_t stream = 0;
    std::uint32_t size_bytes = 0;
    std::uint8_t side = 0;
    // The frames that begin or go on in it, for people.
    std::string label;
};

struct OpenedStream {
    std::uint64_t event = 0;
    std::int64_t time_ns = 0;
    sim::HostId from = 0;
    sim::HostId to = 0;
    std::uint16_t port = 0;
};

// `log` is an index into the names of the logs.
struct LogMove {
    std::uint64_t event = 0;
    std::int64_t time_ns = 0;
    std::uint32_t log = 0;
    std::int64_t log_start = 0;
    std::int64_t committed = 0;
    std::int64_t leo = 0;
    // Of the record that the replica obeys; -1: none yet, or it is no replica.
    std::int32_t epoch = -1;
    bool leads = false;
    friend bool operator==(const LogMove&, const LogMove&) = default;
};

struct LoggedLine {
    std::uint64_t event = 0;
    std::int64_t time_ns = 0;
    std::string machine;
    std::string level;
    std::string text;
};

struct ClientOperation {
    std::uint64_t event = 0;
    std::int64_t time_ns = 0;
    sim::OperationId id = 0;
};

// A request that still waits for its answer.
struct WaitingRequest {
    std::uint64_t event = 0;
    std::uint64_t stream = 0;
    std::string label;
};

struct LogName {
    sim::HostId machine = 0;
    std::string dir;
};

struct Recording {
    // By HostId.
    std::vector<std::string> machines;
    // Without holes: number n is at n - events.front().sequence.
    std::vector<sim::TraceEvent> events;
    std::vector<SentBytes> sent;
    std::map<std::uint64_t, OpenedStream> streams;
    std::vector<LogName> logs;
    std::vector<LogMove> moves;
    std::vector<LoggedLine> lines;
    std::vector<ClientOperation> operations;
    std::vector<WaitingRequest> waiting;
};

class Recorder final : public sim::RunWatch {
public:
    Recorder() = default;
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    // For RunOptions::events.
    std::vector<sim::TraceEvent>* events() { return &recording_.events; }
    void line(std::int64_t time_ns, std::string_view machine, LogLevel level,
              std::string_view component, std::string_view text);
    // Where the run is; null before it begins. Not after run_case().
    sim::World* world() { return world_; }
    Recording finish();

    void begins(sim::World& world) override;
    void opened(std::uint64_t stream, sim::HostId from, sim::HostId to,
                std::uint16_t port) override;
    void sent(std::uint64_t stream, int side, ByteSpan bytes) override;
    void forgotten(std::uint64_t stream) override;
    void log_moved(sim::HostId machine, const LogPosition& position) override;
    void replica_moved(sim::HostId machine, const ReplicaMoved& fact) override;
    void operation(sim::OperationId id) override;

private:
    struct Conversation {
        std::array<FrameHeads, 2> directions;
        // The frame that each side sent last.
        std::array<std::string, 2> latest{"a frame", "a frame"};
        std::map<std::uint32_t, WaitingRequest> waiting;
    };

    std::uint64_t event() const { return world_->trace().events(); }
    std::int64_t now_ns() const { return world_->scheduler().now_ns(); }
    void note_waiting(Conversation& conversation, std::uint64_t stream, std::uint16_t port,
                      const FrameHead& frame, int side);
    // The latest of that log, without event and time; to be changed and given to note_move().
    LogMove move_of(sim::HostId machine, std::string_view dir);
    void note_move(const LogMove& move);
    void forget_oldest();

    sim::World* world_ = nullptr;
    Recording recording_;
    std::map<std::uint64_t, Conversation> conversations_;
    std::map<std::pair<sim::HostId, std::string>, std::uint32_t> log_numbers_;
    std::vector<LogMove> latest_;  // of each log
};

}  // namespace weir::app
