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
            checkpoints_.push_back(hash_);
        }
    }

    std::uint64_t hash() const { return hash_; }
    std::uint64_t events() const { return events_; }
    const std::vector<std::uint64_t>& checkpoints() const { return checkpoints_; }

private:
    static std::uint64_t step(std::uint64_t hash, std::uint64_t word) {
        hash = (hash ^ word) * 0x9fb21c651e98df25ULL;
        return hash ^ (hash >> 29);
    }
    std::uint64_t hash_;
    std::uint64_t events_ = 0;
    std::vector<std::uint64_t> checkpoints_;
};

// Hash of a byte sequence with a fixed definition (8 bytes at a time, little endian).
std::uint64_t content_hash(ByteSpan bytes);

}  // namespace weir::sim
