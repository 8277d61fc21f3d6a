// The fingerprint of a run: a rolling 64-bit hash over every event, with checkpoints.
//
// Owned by the World. Only fixed-width integers enter the hash, in a fixed order, so that it is
// equal on every compiler, optimisation level and machine. Logging and assertions never touch it.
// A checkpoint is kept every `kCheckpointEvents`, so that two runs that differ can be compared
// window by window.
#pragma once

#include "core/base/bytes.h"

#include <cstdint>
#include <vector>

namespace weir::sim {

enum class EventKind : std::uint8_t {
    resume = 1,  // a = place in the ready set
    timer = 2,
    net_send = 3,     // a = connection and direction, b = content hash
    net_deliver = 4,  // a = connection and direction, b = size
    net_connect = 5,
    net_reset = 6,
    disk_done = 7,  // a = operation, b = size or content hash
    machine = 8,    // a = MachineStep, b = incarnation
    fault = 9,      // a = fault kind, b = argument
    oracle = 10,    // a = what the checker saw, b = offset
    harness = 11,
};

// One event of a run that is written down. `cause` is the event in which this one was asked for:
// the send of a delivery, the step that woke a coroutine; 0: none.
struct TraceEvent {
    std::uint64_t sequence = 0;
    std::uint64_t cause = 0;
    std::int64_t time_ns = 0;
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    EventKind kind = EventKind::harness;
    std::uint16_t node = 0;
};

class Trace {
public:
    static constexpr std::uint64_t kCheckpointEvents = 1'000;

    explicit Trace(std::uint64_t seed);

    void event(EventKind kind, std::uint16_t node, std::int64_t time_ns, std::uint64_t a,
               std::uint64_t b) {
        std::uint64_t hash = hash_;
        hash = step(hash, (static_cast<std::uint64_t>(kind) << 16) | node);
        hash = step(hash, static_cast<std::uint64_t>(time_ns));
        hash = step(hash, a);
        hash_ = step(hash, b);
        if (++events_ % kCheckpointEvents == 0) {
            note_checkpoint();
        }
        if (recording_ != nullptr) {
            record(TraceEvent{events_, cause_, time_ns, a, b, kind, node});
        }
    }
    // The event that begins a step of the scheduler; what follows in the step is caused by it.
    void begin_step(std::uint64_t cause, EventKind kind, std::uint16_t node, std::int64_t time_ns,
                    std::uint64_t a) {
        cause_ = cause;
        event(kind, node, time_ns, a, 0);
        cause_ = events_;
    }
    // Writes all events down from now on, too; null: no more. Changes nothing in the run.
    void record_to(std::vector<TraceEvent>* recording) { recording_ = recording; }

    std::uint64_t hash() const { return hash_; }
    std::uint64_t events() const { return events_; }
    const std::vector<std::uint64_t>& checkpoints() const { return checkpoints_; }

private:
    static std::uint64_t step(std::uint64_t hash, std::uint64_t word) {
        hash = (hash ^ word) * 0x9fb21c651e98df25ULL;
        return hash ^ (hash >> 29);
    }
    void note_checkpoint();
    void record(const TraceEvent& event);

    std::uint64_t hash_;
    std::uint64_t events_ = 0;
    std::uint64_t cause_ = 0;
    std::vector<TraceEvent>* recording_ = nullptr;
    std::vector<std::uint64_t> checkpoints_;
};

// Hash of a byte sequence with a fixed definition (8 bytes at a time, little endian).
std::uint64_t content_hash(ByteSpan bytes);

}  // namespace weir::sim
